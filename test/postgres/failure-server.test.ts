import type postgres from 'postgres';
import { expect, it } from 'vitest';
import { Session } from '../../src/store/postgres/session.ts';
import { eventually } from '../support/eventually.ts';
import {
  bookAt,
  databaseFaults,
  NOT_DURABLE,
  openOne,
  openTwo,
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
/** Bookings that have to be answered before and after what happens. */
const SOME = 40;
/** Sessions of one process, at most: two that look, and one for each transaction side by side. */
const SESSIONS = 10;

const begin = (load: Load, servers: readonly ServerProcess[]): Promise<void>[] =>
  servers.flatMap((server) => Array.from({ length: CLIENTS_EACH }, () => load.client(server)));

/** Waits until so many more bookings are answered with success. */
const more = (load: Load, count = SOME): Promise<void> => {
  const enough = load.booked + count;
  return eventually(() => load.booked >= enough);
};

const isReady = async (server: ServerProcess): Promise<boolean> =>
  (await server.get('/ready')).status === 200;

it('a database that restarts under load, in good order or by a crash, loses nothing and sells nothing twice', async () => {
  const database = await ownServer();
  const { url } = database;
  const servers = await openTwo(url);
  const load = new Load();
  const clients = begin(load, servers);
  await more(load);
  for (const mode of ['fast', 'immediate'] as const) {
    await database.stop(mode);
    const refused = load.refused;
    // While it is away everything is refused at once, and nothing is shown.
    await eventually(() => load.refused > refused + SOME);
    for (const server of servers) {
      expect(await isReady(server)).toBe(false);
      expect((await server.get('/schedule?doctor_id=doc1')).status).toBe(503);
    }
    await database.start();
    await more(load);
  }
  load.end();
  await Promise.all(clients);
  expect(await load.faults(url)).toEqual([]);
  await load.repeat(servers);
  expect(await load.faults(url)).toEqual([]);
  expect(await databaseFaults(url)).toEqual([]);
  expect(await Promise.all(servers.map(isReady))).toEqual([true, true]);
  await eventually(async () => (await sessionsOf(url)) <= 2 * SESSIONS);
  await stop(...servers);
});

it('a connection is lost for good when the server hangs up before it has said a word', async () => {
  const { url } = await createDatabase();
  const proxy = await startPgProxy(url);
  proxy.isOpen = false;
  const session = new Session(proxy.url);
  const answers = [session.run('ping'), session.run('ping')];
  for (const answer of await Promise.allSettled(answers)) expect(answer.status).toBe('rejected');
  expect(session.isDestroyed).toBe(true);
  proxy.isOpen = true;
  await expect(session.run('ping')).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
  expect(await sessionsOf(url)).toBe(0);
});

/** Connections that a server has for those who are no superusers; three more are for these. */
const CONNECTIONS = 5;

/** Takes all of them, as soon as those who had them before are gone. */
async function takeAll(url: string): Promise<postgres.Sql[]> {
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

it('a database all of whose connections are taken is not written to; it is again when there are some', async () => {
  const database = await ownServer({ max_connections: CONNECTIONS + 3 });
  const { url, superuserUrl } = database;
  const proxy = await startPgProxy(url);
  const server = await openOne(proxy.url);
  expect((await bookAt(server, 'doc1', 'before')).status).toBe(201);
  proxy.isOpen = false;
  proxy.cutAll();
  const others = await takeAll(url);
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

it('SIGTERM under load answers every request that was taken, and exits with 0', async () => {
  const { url } = await createDatabase();
  const servers = await openTwo(url);
  const [stopped, other] = servers;
  const load = new Load();
  const clients = begin(load, servers);
  await more(load);
  expect(await stopped.stop()).toEqual({ code: 0, signal: null });
  expect(stopped.errors).toBe('');
  await more(load);
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
