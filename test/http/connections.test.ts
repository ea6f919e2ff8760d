import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { booking, openApp, openAppOnTestDisk, type TestApp } from '../support/app/app.ts';
import { listen, type Clients } from '../support/app/sockets.ts';
import { found } from '../support/engine/clinic.ts';
import { eventually } from '../support/eventually.ts';
import { listenTo } from '../support/telemetry.ts';

const HOST = 'Host: 127.0.0.1\r\n';
const HEALTH = `GET /health HTTP/1.1\r\n${HOST}\r\n`;
const HEALTH_ONCE = `GET /health HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`;

/** A client that never closes its side of the connection. */
async function stubborn({ port }: Clients): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** The connections that the server still holds. */
const connectionsOf = ({ app }: TestApp): Promise<number> =>
  new Promise((resolve, reject) => {
    app.server.getConnections((error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });

const ask = async (socket: Socket): Promise<string> => {
  socket.write(HEALTH);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return answer.toString();
};

it('beyond the bound a new connection gets 503 and is closed, and the known ones go on', async () => {
  const refused = listenTo('opd:connection-refused');
  const opd = await openApp({ connectionLimits: { connectionsMax: 2 } });
  const clients = await listen(opd);
  const known = [await clients.socket(), await clients.socket()];
  for (const socket of known) expect(await ask(socket)).toMatch(/^HTTP\/1\.1 200 /);
  const [headers = '', body = ''] = (await clients.exchange('')).split('\r\n\r\n');
  expect(headers).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
  expect(headers).toMatch(/\r\nRetry-After: 1\r\n/);
  expect(headers).toMatch(/\r\nConnection: close$/);
  expect(JSON.parse(body)).toMatchObject({ status: 503, code: 'overloaded', retry_after: 1 });
  expect(await clients.post('/book', booking('W1'))).toMatchObject({
    status: 503,
    body: { code: 'overloaded' },
  });
  expect(refused).toEqual([{ cause: 'CONNECTIONS_MAX' }, { cause: 'CONNECTIONS_MAX' }]);
  for (const socket of known) expect(await ask(socket)).toMatch(/^HTTP\/1\.1 200 /);
  known[0]?.destroy();
  await eventually(async () => (await clients.exchange(HEALTH_ONCE)).startsWith('HTTP/1.1 200 '));
});
const HALF_BOOKING = `POST /book HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: 9\r\n\r\n`;

/** What a client sends and never completes, and the status line of the last answer of its connection. */
const STUBBORN: readonly [kind: string, bytes: string, status: string][] = [
  ['bytes that are not HTTP', 'HELLO\r\n\r\n', 'HTTP/1.1 400 Bad Request'],
  ['nothing', '', 'HTTP/1.1 400 Bad Request'],
  ['half its headers', 'GET /health HTTP/1.1\r\nX: ', 'HTTP/1.1 400 Bad Request'],
  ['half its body', `${HALF_BOOKING}{`, 'HTTP/1.1 400 Bad Request'],
  ['nothing after an answer', HEALTH, 'HTTP/1.1 200 OK'],
  ['nothing, beyond the bound', '', 'HTTP/1.1 503 Service Unavailable'],
];

it('the server destroys every connection that it has answered for the last time, although its client holds it open', async () => {
  const opd = await openApp({
    connectionLimits: {
      connectionsMax: STUBBORN.length - 1,
      headerSeconds: 1,
      requestSeconds: 1,
      keepAliveSeconds: 1,
    },
  });
  const clients = await listen(opd);
  // All connections are open before the server answers the first one, which it destroys half a second later.
  const sockets: Socket[] = [];
  while (sockets.length < STUBBORN.length) sockets.push(await stubborn(clients));
  const answers = STUBBORN.map(async ([kind, bytes], nth) => {
    const socket = found(sockets[nth]);
    socket.write(bytes);
    return [kind, (await readUntilEnd(socket)).split('\r\n')[0]];
  });
  expect(await Promise.all(answers)).toEqual(STUBBORN.map(([kind, , status]) => [kind, status]));
  await eventually(async () => (await connectionsOf(opd)) === 0);
});

async function readUntilEnd(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await once(socket, 'end');
  return text;
}

/** A booking with this number of headers, at least 4. */
const withHeaders = (count: number): string => {
  const more = Array.from({ length: count - 4 }, (_, index) => `x${index}: 1\r\n`).join('');
  const body = JSON.stringify(booking('W1'));
  return `POST /book HTTP/1.1\r\n${HOST}${more}Content-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
};

it('a client that does not read its answers loses its connection; one that waits for the disk does not', async () => {
  const { opd, disk } = await openAppOnTestDisk({ connectionLimits: { requestSeconds: 1 } });
  const clients = await listen(opd);
  disk.hold();
  const waiting = clients.exchange(withHeaders(4));
  const deaf = await stubborn(clients);
  deaf.pause();
  deaf.write(`GET /openapi.json HTTP/1.1\r\n${HOST}\r\n`.repeat(100));
  await eventually(async () => (await connectionsOf(opd)) === 2);
  await eventually(async () => (await connectionsOf(opd)) === 1);
  disk.release();
  expect(await waiting).toMatch(/^HTTP\/1\.1 201 /);
});

it('a request with more than 100 headers is refused, and none of its headers is dropped silently', async () => {
  const refused = listenTo('opd:connection-refused');
  const opd = await openApp();
  const clients = await listen(opd);
  const answer = await clients.exchange(withHeaders(101));
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer).toMatch(/with 100 headers of 16384 bytes in all at most/);
  // This is more than Node keeps by default.
  expect(await clients.exchange(withHeaders(1_500))).toMatch(/^HTTP\/1\.1 400 /);
  expect(refused).toEqual([{ cause: 'OPD_HEADERS_MAX' }, { cause: 'OPD_HEADERS_MAX' }]);
  expect(await opd.slot('2026-11-23')).toMatchObject({ seated: 0 });
  expect(await clients.exchange(withHeaders(100))).toMatch(/^HTTP\/1\.1 201 /);
});

it('a connection that the system does not let the server accept does not stop it', async () => {
  const opd = await openApp();
  const clients = await listen(opd);
  opd.app.server.emit('error', Object.assign(new Error('accept ENFILE'), { code: 'ENFILE' }));
  expect(await clients.post('/book', booking('W1'))).toMatchObject({ status: 201 });
});
