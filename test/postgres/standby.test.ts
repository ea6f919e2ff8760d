import { describe, expect, it, onTestFinished } from 'vitest';
import { openDatabase, UnknownCursorError } from '../../src/store/index.ts';
import { migrate } from '../../src/store/postgres/open.ts';
import { randomFrom } from '../support/engine/line-pair.ts';
import { eventually } from '../support/eventually.ts';
import {
  bookAt,
  databaseFaults,
  startOne,
  stop,
  tokensByName,
} from '../support/postgres/pg-hospital.ts';
import { PGBOUNCER, startPgBouncer } from '../support/postgres/pg-bouncer.ts';
import { debianPrograms } from '../support/postgres/postgres-programs.ts';
import { PostgresServer } from '../support/postgres/postgres-server.ts';
import { DayLedger } from '../support/process/day-ledger.ts';
import { skipNote, whyMissing } from '../support/process/installed.ts';
import { startServer, type ServerProcess } from '../support/process/server-process.ts';
import { runTool } from '../support/process/tool.ts';
import { isThorough, rerun, seed } from '../support/seed.ts';
import { FrontDesk } from '../support/store/front-desk.ts';
import { runSql } from '../support/store/run-sql.ts';

const programs = debianPrograms();
const missing =
  programs === undefined ? "Debian's PostgreSQL is not installed on this machine" : null;

const SLOTS = 8;
const CLIENTS_EACH = 4;
/** Commands that must be acknowledged before and after the take-over. */
const COMMANDS_MIN = 60;

/** Starts a primary and a standby. */
async function startPair() {
  const primary = await PostgresServer.start({}, programs);
  onTestFinished(() => primary.remove());
  const standby = await primary.startStandby('opd_standby');
  onTestFinished(() => standby.remove());
  // The standby comes first, so that every first session of a process has to go on to the next server.
  const url = standby.url.replace(/@([^/]+)/, `@$1,${new URL(primary.url).host}`);
  return { primary, standby, url };
}

/** Makes each commit on the primary wait until the standby has it. */
async function waitForStandby({ superuserUrl }: PostgresServer): Promise<void> {
  await runSql(superuserUrl, `ALTER SYSTEM SET synchronous_standby_names = 'opd_standby'`);
  await runSql(superuserUrl, 'SELECT pg_reload_conf()');
  await eventually(async () => {
    const rows = await runSql(superuserUrl, 'SELECT sync_state FROM pg_stat_replication');
    return rows[0]?.['sync_state'] === 'sync';
  });
}

/** What deploy/README.md says to run on the standby when the primary is lost. */
async function takeOver(standby: PostgresServer): Promise<void> {
  await runSql(standby.superuserUrl, 'SELECT pg_promote()');
  await goOnAlone(standby);
}

/** Makes a server wait for no standby any more. */
async function goOnAlone({ superuserUrl }: PostgresServer): Promise<void> {
  await runSql(superuserUrl, 'ALTER SYSTEM RESET synchronous_standby_names');
  await runSql(superuserUrl, 'SELECT pg_reload_conf()');
}

const isReady = async (server: ServerProcess): Promise<boolean> => (await server.get('/ready')).ok;

/** Opens a desk whose change log reads on, whichever server is the primary. */
async function deskOn(url: string): Promise<FrontDesk> {
  const desk = new FrontDesk((engine) => openDatabase(url, engine));
  onTestFinished(() => desk.store.close());
  return desk.load();
}

const versionsOf = (rows: readonly { doctor: unknown; version: unknown }[]): string[] =>
  rows.map(({ doctor, version }) => `${String(doctor)} ${String(version)}`);

/** The changes of a database, in the order of the change log. */
async function changesIn(url: string): Promise<string[]> {
  const rows = await runSql(
    url,
    'SELECT doctor_id AS doctor, version FROM changes ORDER BY position',
  );
  return versionsOf(rows as { doctor: string; version: string }[]);
}

describe.skipIf(missing !== null)(`a standby takes over${skipNote(missing)}`, () => {
  it(`when the primary is killed under load, no acknowledged command is lost and no seat is sold twice ${rerun}`, async () => {
    const { primary, standby, url } = await startPair();
    await waitForStandby(primary);
    await expect(migrate(standby.url)).rejects.toThrow(
      'cannot be opened: the server is a standby.',
    );
    const day = new DayLedger(randomFrom(seed));
    const [lasting, killed] = await Promise.all([
      startServer({ DATABASE_URL: url }),
      startServer({ DATABASE_URL: url }),
    ]);
    await day.open(lasting, SLOTS);
    const { changeLog } = await deskOn(url);
    const begin = (server: ServerProcess): Promise<void>[] =>
      Array.from({ length: CLIENTS_EACH }, () => day.steadyClient(server));
    const clients = [...begin(lasting), ...begin(killed)];
    await eventually(() => day.acknowledged >= COMMANDS_MIN);
    const before = await changeLog.since(changeLog.beginning, 100_000);
    await Promise.all([primary.kill(), killed.stop('SIGKILL')]);
    await eventually(async () => !(await isReady(lasting)));
    await takeOver(standby);

    // One process has the URL of both servers and goes on by itself. The other one is started with the standby's URL.
    const restarted = await startServer({ DATABASE_URL: standby.url });
    clients.push(...begin(restarted));
    const enough = day.acknowledged + COMMANDS_MIN;
    await eventually(() => day.acknowledged >= enough);
    day.end();
    await Promise.all(clients);

    expect(await day.faults(lasting)).toEqual([]);
    expect(await databaseFaults(standby.url)).toEqual([]);
    const tokens = await tokensByName(standby.url);
    expect(day.refused.filter((name) => tokens.has(name))).toEqual([]);
    const after = await changeLog.since(before.cursor, 100_000);
    const read = [...before.entries, ...after.entries];
    expect(
      versionsOf(read.map(({ change: { doctorId: doctor, version } }) => ({ doctor, version }))),
    ).toEqual(await changesIn(standby.url));
    await stop(lasting, restarted);
    const verified = await runTool('src/cli/verify.ts', [], { DATABASE_URL: url });
    expect(verified).toMatchObject({
      code: 0,
      output: expect.stringMatching(/\nclean\n$/) as string,
    });
  });

  it('commits that a standby lacks, because the primary was told to go on alone, are lost, and their cursors are unknown', async () => {
    const { primary, standby, url } = await startPair();
    await waitForStandby(primary);
    const server = await startOne(url);
    const { changeLog } = await deskOn(url);
    expect((await bookAt(server, 'doc1', 'kept')).status).toBe(201);
    await standby.stop('fast');
    const booking = bookAt(server, 'doc1', 'lost');
    await eventually(async () => {
      const waiting = `SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'`;
      return (await runSql(primary.superuserUrl, waiting)).length === 1;
    });
    await goOnAlone(primary);
    const lost = await booking;
    expect(lost.status).toBe(201);
    const { cursor } = await changeLog.since(changeLog.beginning, 100_000);
    await primary.kill();
    await standby.start();
    await takeOver(standby);
    await eventually(() => isReady(server));
    expect((await server.get(`/tokens/${lost.body.id}`)).status).toBe(404);
    await expect(changeLog.since(cursor, 1)).rejects.toThrow(UnknownCursorError);
    // The process forgets what was lost: it gives the number again, and the database has no fault.
    expect((await bookAt(server, 'doc1', 'after')).body.number).toBe(lost.body.number);
    await expect(changeLog.since(cursor, 1)).rejects.toThrow(UnknownCursorError);
    expect(await databaseFaults(standby.url)).toEqual([]);
    await stop(server);
  });

  const unpooled =
    whyMissing(PGBOUNCER, '--version') ?? (isThorough ? null : 'TEST_EFFORT is less than 1');
  it.skipIf(unpooled !== null)(
    `through a pooler before each server, a process finds the new primary${skipNote(unpooled)}`,
    async () => {
      const { primary, standby } = await startPair();
      await waitForStandby(primary);
      const urls = await Promise.all(
        [standby, primary].map(async ({ url }) => {
          const pooler = await startPgBouncer(url);
          onTestFinished(() => pooler.stop());
          return new URL(pooler.through(url));
        }),
      );
      const [first, second] = urls.map((url) => url.host);
      const url = String(urls[0]).replace(`@${first}`, `@${first},${second}`);
      const server = await startOne(url);
      expect((await bookAt(server, 'doc1', 'before')).status).toBe(201);
      await primary.kill();
      await eventually(async () => !(await isReady(server)));
      await takeOver(standby);
      await eventually(() => isReady(server));
      expect((await bookAt(server, 'doc1', 'after')).body.number).toBe(2);
      expect(await databaseFaults(standby.url)).toEqual([]);
      await stop(server);
    },
  );
});
