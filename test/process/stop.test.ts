import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { BookingView } from '../../src/http/resources/index.ts';
import { eventually } from '../support/eventually.ts';
import { book, openHospital, SLOTS } from '../support/store/hospital.ts';
import { occupy, secondConnection } from '../support/store/second-connection.ts';
import { Ledger } from '../support/process/ledger.ts';
import { randomFrom } from '../support/engine/line-pair.ts';
import { rerun, seed } from '../support/seed.ts';
import { spawnServer, startServer } from '../support/process/server-process.ts';
import { tempDir } from '../support/process/temp-dir.ts';

const newFile = (): string => join(tempDir(), 'opd.db');

/** Makes each booking fail. The returned function mends that. */
function breakBookings(file: string): () => void {
  const database = secondConnection(file);
  database.exec(`CREATE TRIGGER fault BEFORE INSERT ON tokens
    BEGIN SELECT RAISE(ABORT, 'a fault of the test'); END`);
  return () => database.exec('DROP TRIGGER fault');
}

it.each(['SIGTERM', 'SIGINT'] as const)(
  `a process that gets %s under load answers the requests in flight, exits with 0 and loses nothing ${rerun}`,
  async (signal) => {
    const settings = { DATABASE_URL: `sqlite:${newFile()}` };
    const ledger = new Ledger(randomFrom(seed), SLOTS);
    const server = await openHospital(settings);
    const clients = Array.from({ length: 8 }, () => ledger.client(server));
    await eventually(() => ledger.acknowledged >= 40);
    expect(await server.stop(signal)).toEqual({ code: 0, signal: null });
    await Promise.all(clients);
    expect(server.errors).toBe('');
    const after = await startServer(settings);
    expect(await ledger.faults(after)).toEqual([]);
    await after.stop();
  },
);

it('a process that gets SIGTERM answers the commands that wait for the disk', async () => {
  const file = newFile();
  const settings = { DATABASE_URL: `sqlite:${file}` };
  const server = await openHospital(settings);
  const release = occupy(file);
  const inFlight = ['a', 'b', 'c'].map((name) => book(server, name));
  // Now the database has been busy for so long that the service refuses commands. The three were decided before.
  await eventually(async () => (await server.get('/ready')).status === 503);
  const stopped = server.stop();
  await eventually(() => server.log.includes('"Stopping."'));
  release();
  const answers = await Promise.all(inFlight);
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
  expect(await stopped).toEqual({ code: 0, signal: null });
  const after = await startServer(settings);
  for (const answer of answers) {
    const { id, number } = (await answer.json()) as BookingView;
    expect(await (await after.get(`/tokens/${id}`)).json()).toMatchObject({
      status: 'BOOKED',
      number,
    });
  }
  await after.stop();
});

it('a process that stops accepts no connections and does not wait for idle ones', async () => {
  const server = await startServer({ DATABASE_URL: 'memory:' });
  const { port, hostname } = new URL(server.url);
  const idle = connect(Number(port), hostname);
  await once(idle, 'connect');
  expect((await server.get('/health')).status).toBe(200);
  const closed = once(idle, 'close');
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  await closed;
  await expect(server.get('/health')).rejects.toThrow();
});

it('a process that stops does not wait for ever for an incomplete request', async () => {
  const server = await openHospital({ DATABASE_URL: `sqlite:${newFile()}` });
  const { port, hostname } = new URL(server.url);
  const half = connect(Number(port), hostname);
  half.on('error', () => undefined);
  half.write('POST /book HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n');
  half.write('Content-Type: application/json\r\n\r\n{"doctor');
  expect((await book(server, 'a')).status).toBe(201);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  expect(server.log).toContain('Requests are still unfinished');
});

it('a process that stops while the database stays busy drops the unanswered commands and logs it', async () => {
  const file = newFile();
  const settings = { DATABASE_URL: `sqlite:${file}` };
  const server = await openHospital(settings);
  const release = occupy(file);
  const inFlight = book(server, 'a').catch(() => 'no answer');
  await eventually(async () => (await server.get('/ready')).status === 503);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  expect(await inFlight).toBe('no answer');
  expect(server.log).toContain('Commands that waited for the disk are dropped');
  release();
  const after = await startServer(settings);
  expect(await (await book(after, 'b')).json()).toMatchObject({ number: 1 });
  await after.stop();
});

it('a second signal ends a process that waits for the disk at once, and nothing acknowledged is lost', async () => {
  const file = newFile();
  const settings = { DATABASE_URL: `sqlite:${file}` };
  const server = await openHospital(settings);
  const { id } = (await (await book(server, 'before')).json()) as BookingView;
  const release = occupy(file);
  const inFlight = book(server, 'a').catch(() => 'no answer');
  await eventually(async () => (await server.get('/ready')).status === 503);
  const stopped = server.stop();
  await eventually(() => server.log.includes('"Stopping."'));
  void server.stop();
  expect(await stopped).toEqual({ code: null, signal: 'SIGKILL' });
  expect(await inFlight).toBe('no answer');
  expect(server.log).toContain('A second signal: killing the process.');
  release();
  const after = await startServer(settings);
  expect((await after.get(`/tokens/${id}`)).status).toBe(200);
  await after.stop();
});

/** A roster file that takes a while to apply. */
function longRoster(): string {
  const doctors = Array.from({ length: 2_000 }, (_, id) => ({
    id: `d${id}`,
    name: `Dr ${id}`,
    time_zone: 'UTC',
    sessions: [],
  }));
  const file = join(tempDir(), 'roster.json');
  writeFileSync(file, JSON.stringify({ doctors }));
  return file;
}

it('a process that gets SIGTERM while it loads its state stops cleanly', async () => {
  const server = spawnServer({
    DATABASE_URL: `sqlite:${newFile()}`,
    ROSTER: longRoster(),
    LOG_LEVEL: 'debug',
  });
  await eventually(() => server.log.includes('"Listening.'));
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  const [, last] = server.log.split('"Stopping."');
  expect(last).toBeDefined();
  // A process that stops does not say that it serves.
  expect(last).not.toContain('Ready');
  expect(server.errors).toBe('');
});

it('a process that gets SIGTERM while its load waits for a busy database stops cleanly', async () => {
  const file = newFile();
  const server = spawnServer({
    DATABASE_URL: `sqlite:${file}`,
    ROSTER: longRoster(),
    LOG_LEVEL: 'debug',
  });
  await eventually(() => server.log.includes('"Listening.'));
  const release = occupy(file);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  expect(server.errors).toBe('');
  release();
});

it('a stopped process has moved all data from the WAL into the database file', async () => {
  const file = newFile();
  const server = await openHospital({ DATABASE_URL: `sqlite:${file}` });
  await book(server, 'a');
  expect(existsSync(`${file}-wal`)).toBe(true);
  await server.stop();
  expect(existsSync(`${file}-wal`)).toBe(false);
});

it('a failed write of the database stops the process with 1, and all answered commands stay stored', async () => {
  const file = newFile();
  const settings = { DATABASE_URL: `sqlite:${file}` };
  const server = await openHospital(settings);
  const { id } = (await (await book(server, 'before')).json()) as BookingView;
  const mend = breakBookings(file);
  const answer = await book(server, 'after').catch(() => null);
  expect(answer?.status ?? 500).toBe(500);
  expect(await server.exited).toEqual({ code: 1, signal: null });
  const fatal = server.log.split('\n').find((line) => line.includes('The store has failed'));
  expect(fatal).toContain('a fault of the test');
  mend();
  const after = await startServer(settings);
  expect((await after.get(`/tokens/${id}`)).status).toBe(200);
  await after.stop();
});

it('a failed write of the database stops the process even when its log is not read', async () => {
  const file = newFile();
  const server = await openHospital({ DATABASE_URL: `sqlite:${file}` });
  server.pauseLog();
  // These are more lines than any pipe buffers.
  for (let round = 0; round < 30; round += 1)
    await Promise.all(Array.from({ length: 100 }, () => server.get('/health')));
  breakBookings(file);
  await book(server, 'after').catch(() => null);
  await eventually(() => server.hasExited);
  server.resumeLog();
  expect(await server.exited).toEqual({ code: 1, signal: null });
});

it('while the database stays busy, commands wait or are refused, and they succeed afterwards', async () => {
  const file = newFile();
  const server = await openHospital({ DATABASE_URL: `sqlite:${file}` });
  const release = occupy(file);
  const waiting = book(server, 'waiting');
  await eventually(async () => (await server.get('/ready')).status === 503);
  const refused = await book(server, 'refused');
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2']);
  expect(await refused.json()).toMatchObject({ code: 'not_durable' });
  expect((await server.get('/schedule?doctor_id=doc1')).status).toBe(503);
  expect((await server.get('/schedule?doctor_id=doc2')).status).toBe(200);
  release();
  expect((await waiting).status).toBe(201);
  await eventually(async () => (await server.get('/ready')).status === 200);
  expect((await book(server, 'later')).status).toBe(201);
  await server.stop();
});
