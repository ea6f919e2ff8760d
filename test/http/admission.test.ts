import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import pino from 'pino';
import { expect, it, onTestFinished, vi } from 'vitest';
import { booking, openApp, openAppOnTestDisk, type TestApp } from '../support/app/app.ts';
import { listen } from '../support/app/sockets.ts';
import { listenTo } from '../support/telemetry.ts';

const OVERLOADED = {
  status: 503,
  headers: { 'retry-after': '1' },
  body: { code: 'overloaded', retry_after: 1 },
};

/** Sends bytes that are not JSON, which only a request whose body is read is refused for. */
const sendBroken = (opd: TestApp) =>
  opd.send({
    method: 'POST',
    url: '/book',
    payload: '{',
    headers: { 'content-type': 'application/json' },
  });

it('a command is refused before its body is parsed while as many as allowed are in flight', async () => {
  const refused = listenTo('opd:admission-refused');
  const { opd, disk } = await openAppOnTestDisk({ admissionLimits: { requestsMax: 2 } });
  disk.hold();
  const { writes } = disk;
  const inFlight = [opd.post('/book', booking('W1')), opd.post('/book', booking('W2'))];
  while (disk.writes === writes) await new Promise(setImmediate);
  expect(await opd.post('/book', booking('W3'))).toMatchObject(OVERLOADED);
  expect(await sendBroken(opd)).toMatchObject(OVERLOADED);
  expect(refused).toEqual([
    { commands: 2, reads: 0 },
    { commands: 2, reads: 0 },
  ]);
  for (const url of ['/health', '/ready', '/schedule?doctor_id=doc2'])
    expect(await opd.get(url)).toMatchObject({ status: 200 });
  disk.release();
  for (const answer of await Promise.all(inFlight)) expect(answer).toMatchObject({ status: 201 });
  expect(await opd.book('W4')).toMatchObject({ number: 3 });
  expect(await sendBroken(opd)).toMatchObject({ status: 400 });
});

it('reads and commands are counted apart', async () => {
  const { opd, disk } = await openAppOnTestDisk({ admissionLimits: { requestsMax: 1 } });
  disk.hold();
  const { writes } = disk;
  const command = opd.post('/book', booking('W1'));
  while (disk.writes === writes) await new Promise(setImmediate);
  const read = opd.get('/schedule?doctor_id=doc1');
  await opd.get('/health');
  expect(await opd.get('/doctors')).toMatchObject(OVERLOADED);
  expect(await opd.get('/reports/day?doctor_id=doc2&date=2026-11-23')).toMatchObject(OVERLOADED);
  expect(await opd.get('/openapi.json')).toMatchObject({ status: 200 });
  disk.release();
  expect(await command).toMatchObject({ status: 201 });
  expect(await read).toMatchObject({ status: 200 });
  expect(await opd.get('/doctors')).toMatchObject({ status: 200 });
});

it('a long turn of the event loop accepts 100 requests, and the next turn accepts again', async () => {
  const opd = await openApp({ admissionLimits: { turnMs: 0 } });
  const answers = await Promise.all(Array.from({ length: 130 }, () => opd.get('/doctors')));
  const statuses = answers.map(({ status }) => status);
  expect(statuses.slice(0, 100)).toEqual(Array.from({ length: 100 }, () => 200));
  expect(statuses.slice(100)).toEqual(Array.from({ length: 30 }, () => 503));
  expect(await opd.get('/health')).toMatchObject({ status: 200 });
  await new Promise(setImmediate);
  expect(await opd.get('/doctors')).toMatchObject({ status: 200 });
});

it('a client that sends its body slowly takes no place', async () => {
  const opd = await openApp({ admissionLimits: { requestsMax: 1 } });
  const clients = await listen(opd);
  for (let slow = 0; slow < 3; slow += 1)
    (await clients.socket()).write(
      'POST /book HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{',
    );
  expect(await clients.post('/book', booking('W1'))).toMatchObject({ status: 201 });
});

it('a time of refusals has two log lines, and the refused requests have none', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
  const opd = await openApp({
    logger: pino({ level: 'info' }, stream),
    admissionLimits: { requestsMax: 0 },
  });
  lines.length = 0;
  for (let count = 0; count < 3; count += 1) await opd.get('/doctors');
  vi.advanceTimersByTime(5_000);
  await opd.get('/doctors');
  vi.advanceTimersByTime(5_000);
  expect(lines.map(({ msg }) => msg)).toEqual([
    'More requests arrive than the service can handle: some are refused as overloaded.',
  ]);
  vi.advanceTimersByTime(5_000);
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatchObject({ level: 30, refused: 4 });
});

const BOOKING = JSON.stringify(booking('W1'));
const BYTES = `POST /book HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${BOOKING.length}\r\n\r\n${BOOKING}`;

/** Counts the answers that a client receives. */
function countAnswers(socket: Socket): { count: number } {
  const answers = { count: 0 };
  socket.on('data', (chunk: Buffer) => {
    answers.count += chunk.toString().split('HTTP/1.1 503 ').length - 1;
  });
  return answers;
}

it('a connection is not read for a moment after its request was refused, and then it is', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const opd = await openApp({ admissionLimits: { requestsMax: 0 } });
  const clients = await listen(opd);
  const sockets = await Promise.all(Array.from({ length: 51 }, () => clients.socket()));
  const answers = sockets.map(countAnswers);
  const received = (): number => answers.reduce((sum, { count }) => sum + count, 0);
  const untilReceived = async (count: number): Promise<void> => {
    while (received() < count) await new Promise(setImmediate);
  };
  for (const socket of sockets) socket.write(BYTES);
  await untilReceived(51);
  for (const socket of sockets) socket.write(BYTES);
  // The answer to a request that is sent later shows that the server has read everything that it wants to read.
  const later = await clients.socket();
  later.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(later, 'data');
  expect(received()).toBe(51);
  vi.advanceTimersByTime(2);
  await untilReceived(101);
  expect(received()).toBe(101);
  vi.advanceTimersByTime(2);
  await untilReceived(102);
});
