import type postgres from 'postgres';
import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import {
  bookAt,
  databaseFaults,
  NOT_DURABLE,
  startOne,
  startTwo,
  otherSession,
  sessionsOf,
  stop,
  tokensOf,
} from '../support/postgres/pg-hospital.ts';
import { Load } from '../support/postgres/pg-load.ts';
import { startPgProxy } from '../support/postgres/pg-proxy.ts';
import { createDatabase, ownServer } from '../support/postgres/postgres.ts';
import { startServer, type ServerProcess } from '../support/process/server-process.ts';

const CLIENTS_EACH = 4;
/** Bookings that must be answered before and after each failure. */
const BOOKINGS_MIN = 40;
/** Sessions of one process, at most: two for reads, and one for each transaction in flight. */
const SESSIONS = 10;

const begin = (load: Load, servers: readonly ServerProcess[]): Promise<void>[] =>
  servers.flatMap((server) => Array.from({ length: CLIENTS_EACH }, () => load.client(server)));

/** Waits until `count` more bookings have succeeded. */
const untilBooked = (load: Load, count = BOOKINGS_MIN): Promise<void> => {
  const enough = load.booked + count;
  return eventually(() => load.booked >= enough);
};

const isReady = async (server: ServerProcess): Promise<boolean> =>
  (await server.get('/ready')).status === 200;

it('a database that restarts under load, by a shutdown or a crash, loses no booking and sells no seat twice', async () => {
  const database = await ownServer();
  const { url } = database;
  const servers = await startTwo(url);
  const load = new Load();
  const clients = begin(load, servers);
  await untilBooked(load);
  for (const mode of ['fast', 'immediate'] as const) {
    await database.stop(mode);
    const refused = load.refused;
    // While the database is down, every command and read is refused at once.
    await eventually(() => load.refused > refused + BOOKINGS_MIN);
    for (const server of servers) {
      await eventually(async () => !(await isReady(server)));
      expect((await server.get('/schedule?doctor_id=doc1')).status).toBe(503);
    }
    await database.start();
    await untilBooked(load);
  }
  load.end();
  await Promise.all(clients);
  expect(await load.faults(url)).toEqual([]);
  await load.repeat(servers);
  expect(await load.faults(url)).toEqual([]);
  expect(await databaseFaults(url)).toEqual([]);
  for (const server of servers) await eventually(() => isReady(server));
  await eventually(async () => (await sessionsOf(url)) <= 2 * SESSIONS);
  await stop(...servers);
  for (const { log } of servers) {
    const begun = log.match(/"cause":"\w+","msg":"The database takes no commands now/g) ?? [];
    const ended = log.match(/"stalled_ms":\d+,"msg":"The database takes commands again/g) ?? [];
    expect(begun.length).toBeGreaterThanOrEqual(2);
    expect(ended.length).toBe(begun.length);
  }
});

/** Connections that the server reserves for ordinary users. It has three more for superusers. */
const CONNECTIONS = 5;

/** Opens all these connections, as soon as their previous users have closed them. */
async function takeAllConnections(url: string): Promise<postgres.Sql[]> {
  const taken: postgres.Sql[] = [];
  await eventually(async () => {
    await otherSession(url).then(
      (session) => taken.push(session),
      (error: unknown) => expect(error).toMatchObject({ code: '53300' }),
    );
    return taken.length === CONNECTIONS;
  });
  return taken;
}

it('commands are refused while all connections of the database are in use, and accepted again when some are free', async () => {
  const database = await ownServer({ max_connections: CONNECTIONS + 3 });
  const { url, superuserUrl } = database;
  const proxy = await startPgProxy(url);
  const server = await startOne(proxy.url);
  expect((await bookAt(server, 'doc1', 'before')).status).toBe(201);
  proxy.isOpen = false;
  proxy.cutAll();
  const others = await takeAllConnections(url);
  proxy.isOpen = true;
  expect(await bookAt(server, 'doc1', 'refused')).toMatchObject(NOT_DURABLE);
  await eventually(() => proxy.errors.includes('53300'));
  expect(await bookAt(server, 'doc1', 'refused')).toMatchObject(NOT_DURABLE);
  expect(await isReady(server)).toBe(false);
  await Promise.all(others.map((session) => session.end()));
  await eventually(() => isReady(server));
  expect(await bookAt(server, 'doc1', 'after')).toMatchObject({ status: 201, body: { number: 2 } });
  expect(await tokensOf(superuserUrl, 'refused')).toEqual([]);
  expect(await databaseFaults(superuserUrl)).toEqual([]);
  await eventually(async () => (await sessionsOf(superuserUrl)) <= SESSIONS);
  await stop(server);
});

it('a process that gets SIGTERM under load answers every accepted request and exits with 0', async () => {
  const { url } = await createDatabase();
  const servers = await startTwo(url);
  const [stopped, other] = servers;
  const load = new Load();
  const clients = begin(load, servers);
  await untilBooked(load);
  expect(await stopped.stop()).toEqual({ code: 0, signal: null });
  expect(stopped.errors).toBe('');
  await untilBooked(load);
  load.end();
  await Promise.all(clients);
  expect(await load.unanswered(url)).toEqual([]);
  expect(await load.faults(url)).toEqual([]);
  const again = await startServer({ DATABASE_URL: url });
  await load.repeat([again, other]);
  expect(await load.faults(url)).toEqual([]);
  expect(await databaseFaults(url)).toEqual([]);
  await stop(again, other);
});
