import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openDatabase } from '../../src/store/index.ts';
import { Servers } from '../../src/store/postgres/servers.ts';
import { Session } from '../../src/store/postgres/session.ts';
import { PGBOUNCER, startPgBouncer, type PgBouncer } from '../support/postgres/pg-bouncer.ts';
import { createDatabase, emptyTables, sharedServer } from '../support/postgres/postgres.ts';
import { skipNote, whyMissing } from '../support/process/installed.ts';
import { isThorough } from '../support/seed.ts';
import { POSTGRES } from '../support/store/database-under-test.ts';
import type { OpenDatabase } from '../support/store/desk.ts';
import { runSql } from '../support/store/run-sql.ts';
import { archiveContract } from './archive.contract.ts';
import { changeLogContract } from './change-log.contract.ts';
import { storeContract } from './store.contract.ts';

const missing = whyMissing(PGBOUNCER, '--version');

describe.skipIf(missing !== null)(`a pooler that pools by session${skipNote(missing)}`, () => {
  let pooler: PgBouncer;

  beforeAll(async () => {
    pooler = await startPgBouncer(await sharedServer());
  });
  afterAll(() => pooler.stop());

  const database = async (): Promise<OpenDatabase> => {
    const url = pooler.through(await emptyTables());
    return (engine) => openDatabase(url, engine);
  };
  const pooled = { ...POSTGRES, database };
  storeContract('pgbouncer', pooled);
  changeLogContract('pgbouncer', pooled);
  // The archive sends no kind of statement that the other two do not send.
  const briefly = isThorough ? null : 'TEST_EFFORT is less than 1';
  describe.skipIf(briefly !== null)(`with TEST_EFFORT=1${skipNote(briefly)}`, () =>
    archiveContract('pgbouncer', pooled),
  );

  it('a session has the same settings as without the pooler, and the next session on its connection has the defaults', async () => {
    const { url } = await createDatabase();
    await runSql(
      url,
      `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET synchronous_commit = off`,
    );
    const [direct, through] = await Promise.all([settingsAt(url), settingsAt(pooler.through(url))]);
    expect(through).toEqual(direct);
    expect(direct).toMatchObject({ lock_timeout: '2000', synchronous_commit: 'on' });
    const [next] = await runSql(pooler.through(url), 'SHOW lock_timeout');
    expect(next).toEqual({ lock_timeout: '0' });
  });
});

/** The settings of a session of the service that differ from those of the server. */
async function settingsAt(url: string): Promise<Readonly<Record<string, unknown>>> {
  const session = new Session(new Servers(url));
  onTestFinished(() => session.close());
  const rows = await session.send(`SELECT name, setting FROM pg_settings
    WHERE source = 'session' AND name NOT IN ('application_name')`);
  return Object.fromEntries(rows.map(({ name, setting }) => [String(name), setting]));
}
