import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createDatabase } from '../support/postgres/postgres.ts';
import { runSql } from '../support/store/run-sql.ts';
import { startServer } from '../support/process/server-process.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { runTool } from '../support/process/tool.ts';

const DOCTOR = { id: 'rao', name: 'Dr Rao', time_zone: 'UTC', sessions: [] };
const CAMP = {
  id: 'camp',
  doctor_id: 'rao',
  start_time: '2096-01-02T04:00:00.000Z',
  end_time: '2096-01-02T06:00:00.000Z',
  capacity: 20,
};
const BOOKING = { doctor_id: 'rao', slot_id: 'camp', patient_name: 'J', patient_type: 'WALK_IN' };

const rosterFile = (content: object): string => {
  const path = join(tempDir(), 'roster.json');
  writeFileSync(path, JSON.stringify(content));
  return path;
};

const WITH_CAMP = { doctors: [DOCTOR], slots: [CAMP] };

let url = '';
/** The name of the database in the output, without user and password. */
let name = '';

beforeEach(async () => {
  ({ url } = await createDatabase());
  const { host, pathname } = new URL(url);
  name = `postgres://${host}${pathname}`;
});

describe('while processes use the PostgreSQL database', () => {
  const tool = (program: string, ...args: string[]) =>
    runTool(`src/cli/${program}.ts`, args, { DATABASE_URL: url });
  const start = (content?: object) =>
    startServer({
      DATABASE_URL: url,
      ...(content === undefined ? {} : { ROSTER: rosterFile(content) }),
    });

  it('npm run verify reports a clean database and a fault', async () => {
    const server = await start(WITH_CAMP);
    expect((await server.post('/book', BOOKING)).status).toBe(201);
    expect(await tool('verify')).toEqual({
      code: 0,
      output: `${name}: 1 doctors, 1 slots, 1 tokens, 3 change records\nclean\n`,
      errors: '',
    });
    await runSql(url, `UPDATE tokens SET arrival = 9`);
    const { code, output } = await tool('verify');
    expect(code).toBe(1);
    expect(output).toMatch(/ {2}token \S+: .*arrival is 9, by its change records 1\n1 faults\n$/);
    await server.stop();
  });

  it('npm run roster exports, does a dry run and imports, and the processes use the imported roster', async () => {
    const servers = [await start(WITH_CAMP), await start()];
    const { output } = await tool('roster', 'export', '-');
    expect(JSON.parse(output)).toEqual(WITH_CAMP);

    const more = rosterFile({ doctors: [{ ...DOCTOR, department: 'ENT' }] });
    const revised = { code: 0, output: 'doctor rao revised: department\n' };
    const { output: before } = await tool('verify');
    expect(await tool('roster', 'import', more)).toMatchObject(revised);
    expect((await tool('verify')).output).toBe(before);
    expect(await tool('roster', 'import', more, '--apply')).toEqual({ ...revised, errors: '' });
    for (const server of servers) {
      const doctor = await (await server.get('/doctors/rao')).json();
      expect(doctor).toMatchObject({ department: 'ENT' });
      await server.stop();
    }
    expect(await tool('roster', 'import', more)).toMatchObject({ output: 'nothing to change\n' });
    expect((await tool('verify')).output).toMatch(/\nclean\n$/);
  });

  it('npm run roster finds a slot that ended long ago', async () => {
    await (await start(WITH_CAMP)).stop();
    const hour = Date.parse('2026-01-02T04:00:00.000Z');
    await runSql(url, `UPDATE slots SET start_time = ${hour}, end_time = ${hour + 3_600_000}`);
    const { code, errors } = await tool('roster', 'import', rosterFile(WITH_CAMP));
    expect(code).toBe(1);
    expect(errors).toMatch(/: slot camp: exists already, of doctor rao from 2026-01-02T04:00/);
  });

  it('npm run roster finds nothing in an empty database and writes nothing to it', async () => {
    const errors = `There is no doctor in ${name}: nothing to export.\n`;
    expect(await tool('roster', 'export', '-')).toEqual({ code: 1, output: '', errors });
    const added = { code: 0, output: 'doctor rao added\n' };
    const one = rosterFile({ doctors: [DOCTOR] });
    expect(await tool('roster', 'import', one)).toMatchObject(added);
    const tables = `SELECT FROM pg_tables WHERE schemaname = 'public'`;
    expect(await runSql(url, tables)).toHaveLength(0);
  });

  it('npm run backup refers to the tools of PostgreSQL', async () => {
    const errors = `${name} is a PostgreSQL database: back it up with PostgreSQL's own tools, such as pg_dump.\n`;
    expect(await tool('backup', 'backup.db')).toEqual({ code: 1, output: '', errors });
  });
});

describe('npm run migrate-store', () => {
  const migrateStore = (args: string[], env = {}) => runTool('src/cli/migrate-store.ts', args, env);

  it('copies a stopped database to PostgreSQL and back, with the password of PGPASSWORD', async () => {
    const lite = `sqlite:${join(tempDir(), 'opd.db')}`;
    const server = await startServer({ DATABASE_URL: lite, ROSTER: rosterFile(WITH_CAMP) });
    await server.post('/book', BOOKING, { 'idempotency-key': 'k' });
    const { code, output, errors } = await migrateStore([lite, url]);
    expect([code, output]).toEqual([1, '']);
    expect(errors).toMatch(/^The database \S+ is in use by another process: stop it first/);
    await server.stop();

    const bare = new URL(url);
    bare.password = '';
    const PGPASSWORD = decodeURIComponent(new URL(url).password);
    const rows = `doctors: 1 rows
sessions: 0 rows
leaves: 0 rows
slots: 1 rows
days: 1 rows
tokens: 1 rows
changes: 3 rows
idempotency_keys: 1 rows
access_keys: 0 rows
secrets: 0 rows
key_changes: 0 rows
webhooks: 0 rows
webhook_lags: 0 rows
webhook_deliveries: 0 rows
`;
    const same = 'every row is the same, and both are clean.\n';
    expect(await migrateStore([lite, bare.href], { PGPASSWORD })).toEqual({
      code: 0,
      output: `${rows}${lite} is copied to ${name}: ${same}`,
      errors: '',
    });
    const next = await startServer({ DATABASE_URL: url });
    expect((await next.post('/book', BOOKING, { 'idempotency-key': 'k' })).status).toBe(201);
    await next.stop();
    const back = `sqlite:${join(tempDir(), 'back.db')}`;
    expect(await migrateStore([url, back])).toEqual({
      code: 0,
      // The numbers of rows are the same, because the repeated request got its stored response and booked nothing.
      output: `${rows}${name} is copied to ${back}: ${same}`,
      errors: '',
    });
  });

  const NAME = /^Name two databases: npm run migrate-store -- FROM TO; --help says how\.\n$/;
  it.each<[args: string[], env: object, sentence: RegExp]>([
    [[], {}, NAME],
    [['sqlite:a.db'], {}, NAME],
    [['sqlite:a.db', 'postgres://h/d', 'more'], {}, NAME],
    [
      ['sqlite:a.db', 'postgres://h/d', '--force'],
      {},
      /^Unknown option '--force'\. --help shows the usage\.\n$/,
    ],
    [['a.db', 'postgres://h/d'], {}, /^Name an SQLite file, as sqlite: and its path, and a Postgr/],
    [['sqlite:a.db', 'postgres://h/d'], { SLOT_GRACE_MINUTES: 'x' }, /^SLOT_GRACE_MINUTES=x is /],
  ])('%j is refused with a sentence', async (args, env, sentence) => {
    const { code, output, errors } = await migrateStore(args, env);
    expect([code, output]).toEqual([1, '']);
    expect(errors).toMatch(sentence);
  });

  it('prints its help', async () => {
    const { code, output } = await migrateStore(['--help']);
    expect([code, output]).toEqual([0, expect.stringMatching(/FROM TO[^]*PGPASSWORD/)]);
  });
});
