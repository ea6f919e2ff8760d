import { once } from 'node:events';
import { expect, it } from 'vitest';
import { booking, openApp, openAppOnTestDisk } from '../support/app/app.ts';
import { eventually } from '../support/eventually.ts';
import { readUntilClosed, listen } from '../support/app/sockets.ts';

const HOST = 'Host: 127.0.0.1\r\n';
const BODY = JSON.stringify(booking('W1'));
const head = (length: number): string =>
  `POST /book HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: ${length}\r\n` +
  'Connection: close\r\n\r\n';

it.each([
  ['bytes that are not HTTP', 'HELLO\r\n\r\n'],
  ['a TLS greeting', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
  ['a method that does not exist', `BOOK /book HTTP/1.1\r\n${HOST}\r\n`],
  ['a header without a colon', `GET /health HTTP/1.1\r\n${HOST}nonsense\r\n\r\n`],
  ['two lengths', `POST /book HTTP/1.1\r\n${HOST}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`],
  [
    'a length and chunks',
    `POST /book HTTP/1.1\r\n${HOST}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  ['a negative length', `POST /book HTTP/1.1\r\n${HOST}Content-Length: -1\r\n\r\n`],
  ['headers of 20 KiB', `GET /health HTTP/1.1\r\n${HOST}X: ${'x'.repeat(20_480)}\r\n\r\n`],
])('the server answers %s with a problem and closes the connection', async (_what, bytes) => {
  const opd = await openApp();
  const answer = await (await listen(opd)).exchange(bytes);
  const [headers = '', body = ''] = answer.split('\r\n\r\n');
  expect(headers).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  expect(headers).toMatch(/\r\nContent-Type: application\/problem\+json/);
  expect(headers).toMatch(new RegExp(`\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`));
  expect(JSON.parse(body)).toMatchObject({
    type: 'urn:opd:problem:invalid_request',
    status: 400,
    code: 'invalid_request',
    errors: [{ pointer: '' }],
  });
  expect(await opd.get('/health')).toMatchObject({ status: 200 });
});

it('a chunked body is refused as soon as it is larger than 16 KiB', async () => {
  const clients = await listen(await openApp());
  const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
  const answer = await clients.exchange(
    `POST /book HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}`,
  );
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  expect(answer).toMatch(/"code":"payload_too_large"/);
});

it('a slow body does not delay other requests', async () => {
  const opd = await openApp();
  const clients = await listen(opd);
  const slow = await clients.socket();
  slow.write(head(BODY.length) + BODY.slice(0, 20));
  expect(await clients.post('/book', booking('W2'))).toMatchObject({ status: 201 });
  slow.write(BODY.slice(20, 40));
  expect(await clients.post('/book', booking('W3'))).toMatchObject({ status: 201 });
  slow.write(BODY.slice(40));
  const answer = await readUntilClosed(slow);
  expect(answer).toMatch(/^HTTP\/1\.1 201 /);
  expect(answer).toMatch(/"number":3/);
});

it('a body that breaks off changes nothing', async () => {
  const opd = await openApp();
  const clients = await listen(opd);
  const broken = await clients.socket();
  broken.write(head(BODY.length) + BODY.slice(0, -1));
  await clients.post('/cancel', { token_id: 'x' });
  broken.destroy();
  await eventually(
    () =>
      new Promise<boolean>((resolve) => {
        opd.app.server.getConnections((_error, count) => resolve(count <= 1));
      }),
  );
  expect(await opd.slot('2026-11-23')).toMatchObject({ seated: 0 });
});

it('a booking gets no answer when bytes that are not HTTP follow it on the connection', async () => {
  const { opd, disk } = await openAppOnTestDisk();
  const clients = await listen(opd);
  disk.hold();
  expect(await clients.exchange(`${head(BODY.length)}${BODY}HELLO\r\n\r\n`)).toBe('');
  disk.release();
  await eventually(async () => (await opd.slot('2026-11-23')).seated === 1);
});

it('bytes that are not HTTP get 400 after an answered request', async () => {
  const clients = await listen(await openApp());
  const socket = await clients.socket();
  socket.write(`GET /health HTTP/1.1\r\n${HOST}\r\n`);
  await once(socket, 'data');
  socket.write('HELLO\r\n\r\n');
  expect(await readUntilClosed(socket)).toMatch(/^HTTP\/1\.1 400 /);
});

it('a body in broken chunks gets 400', async () => {
  const clients = await listen(await openApp());
  const answer = await clients.exchange(
    `POST /book HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n`,
  );
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
});

it('an unknown Expect header is ignored', async () => {
  const clients = await listen(await openApp());
  const request = `GET /health HTTP/1.1\r\n${HOST}Expect: foo\r\nConnection: close\r\n\r\n`;
  expect(await clients.exchange(request)).toMatch(/^HTTP\/1\.1 200 /);
});

it('pipelined requests of one connection are answered in their order', async () => {
  const opd = await openApp();
  const clients = await listen(opd);
  const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\n${HOST}${more}\r\n`;
  const answer = await clients.exchange(
    get('/schedule?doctor_id=doc1') + get('/nope') + get('/health', 'Connection: close\r\n'),
  );
  const statuses = Array.from(answer.matchAll(/HTTP\/1\.1 (\d+) /g), ([, status]) => status);
  expect(statuses).toEqual(['200', '404', '200']);
});
