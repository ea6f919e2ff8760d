import { Agent as HttpsAgent } from 'node:https';
import { createServer, Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { isPublicAddress, urlFaultOf } from '../../src/webhooks/address.ts';
import { Sender, type SenderOptions } from '../../src/webhooks/sender.ts';
import { eventually } from '../support/eventually.ts';
import { Receiver } from '../support/webhooks/receiver.ts';

const NEVER = new AbortController().signal;
const BODY = '{"id":"e"}';

function senderWith(options: Partial<SenderOptions> = {}): Sender {
  const sender = new Sender({ allowsPrivate: true, userAgent: 'test', ...options });
  onTestFinished(() => sender.close());
  return sender;
}

/** A server that answers every connection with these bytes, or as the function does. */
async function rawServer(answer: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => answer(socket));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, sockets };
}

it.each([
  ['8.8.8.8', true],
  ['100.63.255.255', true],
  ['172.15.0.1', true],
  ['2606:4700::1', true],
  ['0.0.0.0', false],
  ['10.1.2.3', false],
  ['100.64.0.1', false],
  ['127.0.0.1', false],
  ['127.9.9.9', false],
  ['169.254.169.254', false],
  ['172.16.0.1', false],
  ['172.31.255.255', false],
  ['192.168.1.1', false],
  ['192.0.2.1', false],
  ['198.18.0.1', false],
  ['224.0.0.1', false],
  ['239.1.1.1', false],
  ['255.255.255.255', false],
  ['::', false],
  ['::1', false],
  ['::ffff:127.0.0.1', false],
  ['::ffff:a9fe:a9fe', false],
  ['::ffff:8.8.8.8', false],
  ['::7f00:1', false],
  ['64:ff9b::a9fe:a9fe', false],
  ['fc00::1', false],
  ['fd12:3456::1', false],
  ['fe80::1', false],
  ['fec0::1', false],
  ['ff02::1', false],
  ['2001:db8::1', false],
  ['2001::1', false],
  ['2002:7f00:1::', false],
  ['localhost', false],
])('%s is a public address: %s', (address, isPublic) => {
  expect(isPublicAddress(address)).toBe(isPublic);
});

const PRIVATE = /public address/;
it.each<[url: string, fault: RegExp | undefined, privateFault: RegExp | undefined]>([
  ['https://ward.example/opd?x=1', undefined, undefined],
  ['https://8.8.8.8/', undefined, undefined],
  ['http://ward.example/', /https/, undefined],
  ['ftp://ward.example/', /https/, /https/],
  ['file:///etc/passwd', /https/, /https/],
  ['https://user:secret@ward.example/', /password/, /password/],
  ['https://ward.example/#part', /fragment/, /fragment/],
  ['ward.example', /URL/, /URL/],
  ['https://127.0.0.1/', PRIVATE, undefined],
  ['https://127.1/', PRIVATE, undefined],
  ['https://2130706433/', PRIVATE, undefined],
  ['https://0x7f.0.0.1/', PRIVATE, undefined],
  ['https://0177.0.0.1/', PRIVATE, undefined],
  ['https://[::1]/', PRIVATE, undefined],
  ['https://[::ffff:169.254.169.254]/', PRIVATE, undefined],
  ['https://[fd00::1]/', PRIVATE, undefined],
])('the URL %s has the fault %s', (url, fault, privateFault) => {
  for (const [allowsPrivate, expected] of [
    [false, fault],
    [true, privateFault],
  ] as const) {
    const found = urlFaultOf(url, allowsPrivate);
    if (expected === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(expected);
  }
});

it('a name that leads to a private address is not connected to, also when it led to a public one before', async () => {
  const receiver = await Receiver.start();
  const answers = ['8.8.8.8', '127.0.0.1', '::1', '169.254.169.254'];
  const { port } = new URL(receiver.url);
  let asked = 0;
  const resolve = () => {
    const address = answers[(asked += 1)] ?? '';
    return Promise.resolve([{ address, family: address.includes(':') ? 6 : 4 }]);
  };
  const sender = senderWith({ allowsPrivate: false, resolve });
  for (let n = 0; n < 3; n += 1) {
    const answer = await sender.post(`https://rebind.example:${port}/`, {}, BODY, NEVER);
    expect(answer).toMatchObject({ status: null, error: 'OPD_ADDRESS_NOT_PUBLIC' });
  }
  expect(asked).toBe(3);
  for (const url of [`https://127.0.0.1:${port}/`, `https://[::1]:${port}/`, receiver.url])
    expect((await sender.post(url, {}, BODY, NEVER)).error).toBe('OPD_URL');
  expect(receiver.received).toEqual([]);
});

it('of several addresses only the public ones are used', async () => {
  const publicAddress = { address: '192.88.98.1', family: 4 };
  const resolve = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }, publicAddress]);
  const used: unknown[] = [];
  // The socket looks the name up and does not connect, so that the test needs no network.
  const connect = vi.spyOn(HttpsAgent.prototype, 'createConnection');
  onTestFinished(() => connect.mockRestore());
  connect.mockImplementation(({ lookup }) => {
    const socket = new Socket();
    const end = (): void => void socket.destroy(new Error('not connected'));
    lookup?.('both.example', { all: true }, (_error, addresses) => {
      used.push(addresses);
      lookup('both.example', { all: false }, (_none, address, family) => {
        used.push({ address, family });
        end();
      });
    });
    return socket;
  });
  const sender = senderWith({ allowsPrivate: false, resolve });
  const answer = await sender.post('https://both.example/', {}, BODY, NEVER);
  expect(answer).toMatchObject({ status: null, error: 'OPD_REQUEST_FAILED' });
  expect(used).toEqual([[publicAddress], publicAddress]);
});

it('a redirect is not followed, and no setting of a proxy counts', async () => {
  const elsewhere = await Receiver.start();
  const receiver = await Receiver.start(
    (_received, response) => void response.writeHead(307, { location: elsewhere.url }).end(),
  );
  const before = { ...process.env };
  onTestFinished(() => {
    process.env = before;
  });
  Object.assign(process.env, {
    HTTP_PROXY: elsewhere.url,
    http_proxy: elsewhere.url,
    NODE_USE_ENV_PROXY: '1',
  });
  const answer = await senderWith().post(receiver.url, {}, BODY, NEVER);
  expect(answer).toMatchObject({ status: 307, error: null });
  expect([receiver.received.length, elsewhere.received.length]).toEqual([1, 0]);
});

it.each<[name: string, answer: (socket: Socket) => void, expected: object]>([
  ['closes at once', (socket) => socket.destroy(), { status: null, error: 'ECONNRESET' }],
  [
    'answers garbage',
    (socket) => socket.end('\0\x01 no HTTP'),
    { status: null, error: 'HPE_INVALID_CONSTANT' },
  ],
  [
    'switches protocols',
    (socket) => socket.write('HTTP/1.1 101 Yes\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
    { status: null, error: 'OPD_REQUEST_FAILED' },
  ],
  [
    'sends early hints without end',
    (socket) => trickle(socket, '', 'HTTP/1.1 103 Early Hints\r\n\r\n'),
    { status: null, error: 'OPD_TIMEOUT' },
  ],
  ['answers never', () => undefined, { status: null, error: 'OPD_TIMEOUT' }],
  [
    'sends headers without end',
    (socket) => trickle(socket, 'HTTP/1.1 200 OK\r\n', 'X-More: 1\r\n'),
    { status: null, error: /OPD_TIMEOUT|HPE_HEADER_OVERFLOW/ },
  ],
  [
    'sends a slow body without end',
    (socket) => trickle(socket, 'HTTP/1.1 200 OK\r\n\r\n', 'slow '),
    { status: 200, error: null },
  ],
  [
    'sends a large body without end',
    (socket) => trickle(socket, 'HTTP/1.1 500 No\r\n\r\n', 'x'.repeat(100_000)),
    { status: 500, error: null, text: 'x'.repeat(512) },
  ],
])('a server that %s is given up in time', async (_name, answer, expected) => {
  const { url, sockets } = await rawServer(answer);
  const sent = await senderWith({ tryMs: 300 }).post(url, {}, BODY, NEVER);
  const { error, ...rest } = expected as { error: string | null | RegExp };
  expect(sent).toMatchObject(rest);
  if (error instanceof RegExp) expect(sent.error).toMatch(error);
  else expect(sent.error).toBe(error);
  // The connection of an answer that does not end is closed.
  await eventually(() => [...sockets].every((socket) => socket.destroyed || socket.readableEnded));
});

function trickle(socket: Socket, head: string, more: string): void {
  socket.write(head);
  const timer = setInterval(() => socket.write(more), 5);
  socket.on('close', () => clearInterval(timer));
}

it('a connection that the server closed while it was idle is replaced', async () => {
  let answered = 0;
  const { url, sockets } = await rawServer((socket) => {
    answered += 1;
    socket.write('HTTP/1.1 204 OK\r\nConnection: keep-alive\r\n\r\n');
  });
  const sender = senderWith();
  expect((await sender.post(url, {}, BODY, NEVER)).status).toBe(204);
  for (const socket of sockets) socket.once('data', () => socket.destroy());
  expect((await sender.post(url, {}, BODY, NEVER)).status).toBe(204);
  expect(answered).toBe(2);
});
