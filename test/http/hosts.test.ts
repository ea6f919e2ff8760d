import { connect } from 'node:net';
import { expect, it } from 'vitest';
import {
  booking,
  openApp,
  openAppOnTestDisk,
  type Answer,
  type TestApp,
} from '../support/app/app.ts';
import { listen, readUntilClosed } from '../support/app/sockets.ts';

const readWithHost = (opd: TestApp, host: string, url = '/health'): Promise<Answer> =>
  opd.send({ method: 'GET', url, headers: { host } });

it.each([
  'localhost',
  'localhost:8080',
  'LocalHost:8080',
  '127.0.0.1',
  '127.0.0.1:1',
  '[::1]:8080',
  'opd.example',
  'OPD.example:443',
  '10.0.0.7:8080',
])('a request to the host %s is answered', async (host) => {
  const opd = await openApp({ hosts: ['opd.example', '10.0.0.7'] });
  expect(await readWithHost(opd, host)).toMatchObject({ status: 200 });
});

it.each([
  'evil.example',
  'evil.example:8080',
  'localhost.evil.example',
  'notlocalhost',
  'localhost.',
  '127.0.0.1.evil.example',
  '127.0.0.2',
  '0.0.0.0',
  '2130706433',
  '[::2]',
  'evil.opd.example',
])('a request to the host %s is refused with 421', async (host) => {
  const opd = await openApp({ hosts: ['opd.example'] });
  expect(await readWithHost(opd, host)).toMatchObject({
    status: 421,
    body: { code: 'misdirected_request', title: 'The service does not have this host name' },
  });
});

it.each(['a b', 'localhost, localhost', 'localhost:http', 'user@localhost', 'http://localhost'])(
  'the host "%s" is no host',
  async (host) => {
    expect(await readWithHost(await openApp(), host)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', errors: [{ pointer: '/host' }] },
    });
  },
);

it.each(['/book', '/docs', '/docs/static/index.css', '/openapi.json', '/ready', '/nope', '/%'])(
  'another host gets 421 from %s too, before anything else',
  async (url) => {
    expect(await readWithHost(await openApp(), 'evil.example', url)).toMatchObject({ status: 421 });
  },
);

it('a command to another host changes nothing', async () => {
  const opd = await openApp();
  const answer = await opd.post('/book', booking('W1'), { host: 'evil.example' });
  expect(answer).toMatchObject({ status: 421 });
  expect(await opd.slot('2026-11-23')).toMatchObject({ seated: 0 });
});

const codeIn = (answer: string): string | undefined => /"code":"(\w+)"/.exec(answer)?.[1];
const statusIn = (answer: string): string | undefined => /^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1];

it.each([
  ['HTTP/1.1 without a host', 'GET /health HTTP/1.1\r\n', '400', 'invalid_request'],
  [
    'a host twice',
    'GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n',
    '400',
    'invalid_request',
  ],
  [
    'two hosts',
    'GET /health HTTP/1.1\r\nHost: localhost\r\nhost: evil.example\r\n',
    '400',
    'invalid_request',
  ],
  ['an empty host', 'GET /health HTTP/1.1\r\nHost:\r\n', '400', 'invalid_request'],
  [
    'HTTP/1.0 with another host',
    'GET /health HTTP/1.0\r\nHost: evil.example\r\n',
    '421',
    'misdirected_request',
  ],
  ['HTTP/1.0 without a host', 'GET /health HTTP/1.0\r\n', '200', undefined],
  [
    'CONNECT',
    'CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n',
    '405',
    'method_not_allowed',
  ],
  ['CONNECT without a host', 'CONNECT localhost:443 HTTP/1.1\r\n', '405', 'method_not_allowed'],
])('%s gets an answer with a body', async (_what, head, status, code) => {
  const clients = await listen(await openApp());
  const answer = await clients.exchange(`${head}Connection: close\r\n\r\n`);
  expect([statusIn(answer), codeIn(answer)]).toEqual([status, code]);
});

it('the address to which a request was sent is a host of the service', async () => {
  const { app } = await openApp();
  const url = new URL(await app.listen({ host: '127.0.0.2', port: 0 }));
  const read = async (host: string): Promise<string | undefined> => {
    const socket = connect(Number(url.port), '127.0.0.2');
    socket.write(`GET /health HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    return statusIn(await readUntilClosed(socket));
  };
  expect(await read('127.0.0.2')).toBe('200');
  expect(await read(`127.0.0.2:${url.port}`)).toBe('200');
  expect(await read('127.0.0.3')).toBe('421');
});

it('CONNECT after a command on the same connection does not answer for it', async () => {
  const { opd, disk } = await openAppOnTestDisk();
  const clients = await listen(opd);
  disk.hold();
  const body = JSON.stringify(booking('W1'));
  const answer = await clients.exchange(
    `POST /book HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n` +
      `${body}CONNECT localhost:443 HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  );
  expect(answer).toBe('');
  disk.release();
});
