import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { book, openHospital } from '../support/store/hospital.ts';
import { occupy } from '../support/store/second-connection.ts';
import { freePort } from '../../bench/lib/free-port.ts';
import { startServer, type ServerProcess } from '../support/process/server-process.ts';
import { tempDir } from '../support/process/temp-dir.ts';

const NAME = 'Zebulon Quagmire';
const MEMORY = { DATABASE_URL: 'memory:' };

type Line = Readonly<Record<string, unknown>>;

const linesOf = (server: ServerProcess): Line[] =>
  server.log
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

/** The lines of requests, without the requests of `/ready`. */
const requestsOf = (server: ServerProcess): Line[] =>
  linesOf(server).filter(({ msg, route }) => msg === 'request' && route !== '/ready');

/** Sends bytes that are not even HTTP. */
async function sendRaw({ url }: ServerProcess, text: string): Promise<void> {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.resume().end(text);
  await once(socket, 'close');
}

/** Sends the patient's name in every part of a request that can contain it. */
async function nameThePatient(server: ServerProcess): Promise<number[]> {
  const booked = (await (await book(server, NAME)).json()) as { id: string };
  const body = { doctor_id: 'doc1', slot_id: 'large', patient_name: NAME, patient_type: 'WALK_IN' };
  const twice = { ...body, patient_id: 'quagmire-1' };
  const answers = [
    await server.post('/book', twice),
    await server.post('/book', twice),
    await server.post('/book', { ...body, patient_type: NAME }),
    await server.post('/book', { ...body, [NAME]: NAME }),
    await server.post('/book', { ...body, patient_name: `${NAME}\n` }),
    await server.post('/book', `{"patient_name": "${NAME}"`),
    await server.post('/book', `${NAME}, please`),
    await server.post('/book', { ...body, patient_name: NAME.repeat(2_000) }),
    await server.post('/book', `name=${NAME}`, { 'content-type': 'text/plain' }),
    await server.post('/book', body, { 'idempotency-key': `${NAME} é` }),
    await server.post('/cancel', { token_id: booked.id, reason: `${NAME} has called` }),
    await server.post('/cancel', { token_id: booked.id, reason: `${NAME} has called again` }),
    await server.post('/cancel', { token_id: NAME }),
    await server.get(`/tokens/${encodeURIComponent(NAME)}`),
    await server.get(`/tokens/${booked.id}/history?name=${encodeURIComponent(NAME)}`),
    await server.get(`/${encodeURIComponent(NAME)}`),
    await server.get(`/schedule?doctor_id=${encodeURIComponent(NAME)}`),
    await server.post('/health', { patient_name: NAME }),
  ];
  return answers.map(({ status }) => status);
}

it('the log has one structured line per request and never a name, also at the most detailed level', async () => {
  const server = await openHospital({ ...MEMORY, LOG_LEVEL: 'trace' });
  const statuses = await nameThePatient(server);
  expect([...new Set(statuses)].sort()).toEqual([200, 201, 400, 404, 405, 409, 413, 415]);
  await sendRaw(server, `POST /book HTTP/1.1\r\n${NAME}\r\n\r\n`);
  await sendRaw(server, `${NAME}\r\n\r\n`);
  await sendRaw(
    server,
    `GET /%E0%A4%A?${NAME.replace(' ', '')} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
  );
  await server.stop();
  expect(server.log + server.errors).not.toMatch(/zebulon|quagmire/i);
  // The first three lines are those of the two slots and the first booking.
  const requests = requestsOf(server).slice(3);
  expect(requests.map(({ status }) => status)).toEqual([...statuses, 404]);
  const fields = 'level time pid hostname request_id method route status ms msg'.split(' ');
  for (const { caller, ...line } of requests) {
    expect(Object.keys(line)).toEqual(fields);
    // A route that needs no key has no caller, nor has a request that was refused before.
    expect([undefined, 'anonymous']).toContain(caller);
  }
  // The log has the pattern of a route and not the path, and no route for an unknown path.
  const routes = ['/book', '/cancel', '/health', '/schedule', '/tokens/:id', '/tokens/:id/history'];
  for (const { route } of requests) expect([...routes, '*', null]).toContain(route);
  expect(new Set(requests.map((line) => line['request_id'])).size).toBe(requests.length);
});

it('the log has no request lines at the level warn, but still the warnings', async () => {
  const server = await openHospital({ ...MEMORY, LOG_LEVEL: 'warn', PORT: await freePort() });
  await nameThePatient(server);
  await server.stop();
  expect(requestsOf(server)).toEqual([]);
  expect(linesOf(server)[0]).toMatchObject({ level: 40 });
});

it('the log is empty at the level silent', async () => {
  const server = await startServer({ ...MEMORY, LOG_LEVEL: 'silent', PORT: await freePort() });
  await book(server, NAME);
  await server.stop();
  expect(server.log + server.errors).toBe('');
});

it('no request waits when the log is not read', async () => {
  const server = await openHospital(MEMORY);
  server.pauseLog();
  // These are more lines than any pipe buffers.
  for (let round = 0; round < 60; round += 1) {
    const answers = Array.from({ length: 100 }, () => server.get('/health'));
    for (const { status } of await Promise.all(answers)) expect(status).toBe(200);
  }
  expect((await book(server, NAME)).status).toBe(201);
  expect(requestsOf(server).length).toBeLessThan(6_000);
  server.resumeLog();
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  expect(requestsOf(server).length).toBe(6_003);
});

it('the log tells a stall once when it begins, with its cause, and once when it ends, with its length', async () => {
  const file = join(tempDir(), 'opd.db');
  const server = await openHospital({ DATABASE_URL: `sqlite:${file}` });
  const release = occupy(file);
  const waiting = book(server, NAME);
  await eventually(async () => (await server.get('/ready')).status === 503);
  release();
  expect((await waiting).status).toBe(201);
  await server.stop();
  const lines = linesOf(server).filter(({ msg }) => String(msg).startsWith('The database takes'));
  expect(lines).toMatchObject([
    {
      level: 40,
      cause: 'The database cannot be written (SQLite 5): database is locked.',
      msg: 'The database takes no commands now: they are refused until it does.',
    },
    {
      level: 40,
      stalled_ms: expect.any(Number) as number,
      msg: 'The database takes commands again.',
    },
  ]);
});
