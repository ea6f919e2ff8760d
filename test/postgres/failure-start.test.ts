import { expect, it } from 'vitest';
import { databaseFaults, sessionsOf, stop, untilWaiting } from '../support/postgres/pg-hospital.ts';
import { startPgProxy, type Link } from '../support/postgres/pg-proxy.ts';
import { createDatabase } from '../support/postgres/postgres.ts';
import { runSql } from '../support/store/run-sql.ts';
import { freePort } from '../../bench/lib/free-port.ts';
import { spawnServer, startServer } from '../support/process/server-process.ts';

/** Starts a process, checks that it exits with 1 and one sentence without the password, and returns the sentence. */
async function refusalOf(url: string): Promise<string> {
  const server = spawnServer({ DATABASE_URL: url });
  expect(await server.exited).toEqual({ code: 1, signal: null });
  const { password } = new URL(url);
  expect(password).not.toBe('');
  expect(server.errors + server.log).not.toContain(password);
  expect(server.errors).toMatch(/^The database postgres:\/\/127\.0\.0\.1:\d+\/\w+ .+[.]\n$/);
  return server.errors;
}

const changed = (url: string, change: Partial<URL>): string =>
  Object.assign(new URL(url), change).href;

it('a process that cannot use its database exits with 1 and one sentence without the password', async () => {
  const { url } = await createDatabase();
  const proxy = await startPgProxy(url);
  proxy.isOpen = false;
  const messages = await Promise.all([
    refusalOf(proxy.url),
    refusalOf(changed(url, { port: await freePort() })),
    refusalOf(changed(url, { pathname: '/nowhere' })),
    refusalOf(changed(url, { password: 'not-the-password' })),
  ]);
  expect(messages).toEqual([
    expect.stringMatching(/cannot be opened: (the connection is lost|(read|write) E\w+)\.$/m),
    expect.stringContaining('cannot be opened: connect ECONNREFUSED'),
    expect.stringContaining('cannot be opened: database "nowhere" does not exist.'),
    expect.stringContaining('cannot be opened: password authentication failed for user'),
  ]);
  // The failed starts have created no table in the database.
  expect(await runSql(url, `SELECT FROM pg_tables WHERE schemaname = 'public'`)).toEqual([]);
});

it('a process refuses the database of another program or of a newer version and does not change it', async () => {
  const [others, newer] = await Promise.all([createDatabase(), createDatabase()]);
  await runSql(others.url, 'CREATE TABLE patients (id INT)');
  expect(await refusalOf(others.url)).toContain('belongs to another program');
  expect(
    await runSql(others.url, `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`),
  ).toEqual([{ tablename: 'patients' }]);
  await stop(await startServer({ DATABASE_URL: newer.url }));
  await runSql(newer.url, `INSERT INTO migrations VALUES (1000, '1000-of-tomorrow.sql')`);
  // Only a breaking migration keeps an older program away.
  await stop(await startServer({ DATABASE_URL: newer.url }));
  await runSql(newer.url, `INSERT INTO migrations VALUES (1001, '1001-of-tomorrow.breaking.sql')`);
  expect(await refusalOf(newer.url)).toContain('was written by a newer version of this program');
});

it('an empty database is set up once when several processes start at once', async () => {
  const { url } = await createDatabase();
  const proxy = await startPgProxy(url);
  const links: Link[] = [];
  const hasBegun = proxy.whenAnswered(/^CREATE TABLE migrations/, (link) => {
    link.hold();
    links.push(link);
  });
  const start = (through: string) => startServer({ DATABASE_URL: through });
  const first = start(proxy.url);
  await hasBegun;
  const others = [start(url), start(url)];
  // Both processes wait for the first one, which has not finished the migration.
  await untilWaiting(url, 2);
  for (const link of links) link.release();
  const servers = await Promise.all([first, ...others]);
  const count = async (table: string): Promise<unknown> =>
    (await runSql(url, `SELECT count(*)::int AS count FROM ${table}`))[0]?.['count'];
  const opened = await count('slots');
  expect(await count('doctors')).toBe(3);
  expect(await count('sessions')).toBe(6);
  expect(await count(`changes WHERE kind = 'doctor_set'`)).toBe(3);
  expect(await count(`changes WHERE kind = 'slot_set'`)).toBe(opened);
  expect(await databaseFaults(url)).toEqual([]);
  await stop(...servers);
  expect(await sessionsOf(url)).toBe(0);
});
