import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { Writable } from 'node:stream';
import pino from 'pino';
import { expect, it, onTestFinished, vi } from 'vitest';
import { Admission } from '../../src/http/admission.ts';
import { Origins } from '../../src/http/origins.ts';
import { Pacer } from '../../src/http/pacer.ts';
import { booking, openApp, openAppOnTestDisk } from '../support/app/app.ts';
import { listen, type Clients } from '../support/app/sockets.ts';
import { eventually } from '../support/eventually.ts';
import { listenTo } from '../support/telemetry.ts';

const OVERLOADED = {
  status: 503,
  headers: { 'retry-after': '1' },
  body: { code: 'overloaded', retry_after: 1 },
};

/** Sends bytes that are not JSON, which only a request whose body is read is refused for. */
const sendBroken = (clients: Clients) =>
  clients.send('POST', '/book', { body: '{', headers: { 'content-type': 'application/json' } });

it('a command is refused before its body is parsed while as many as allowed are in flight', async () => {
  const refused = listenTo('opd:admission-refused');
  const problems = listenTo('opd:request-refused');
  const answered = listenTo('opd:request');
  const { opd, disk } = await openAppOnTestDisk({ admissionLimits: { requestsMax: 2 } });
  const clients = await listen(opd);
  disk.hold();
  const { writes } = disk;
  const inFlight = [clients.post('/book', booking('W1')), clients.post('/book', booking('W2'))];
  while (disk.writes === writes) await new Promise(setImmediate);
  await eventually(async () => (await sendBroken(clients)).status === 503);
  expect(await clients.post('/book', booking('W3'))).toMatchObject(OVERLOADED);
  expect(refused.at(-1)).toEqual({ commands: 2, reads: 0 });
  expect(problems.at(-1)).toEqual({ code: 'overloaded' });
  expect(answered.at(-1)).toMatchObject({ operation: null, status: 503 });
  for (const url of ['/health', '/ready', '/schedule?doctor_id=doc2'])
    expect(await clients.get(url)).toMatchObject({ status: 200 });
  disk.release();
  for (const answer of await Promise.all(inFlight)) expect(answer).toMatchObject({ status: 201 });
  expect(await clients.post('/book', booking('W4'))).toMatchObject({ body: { number: 3 } });
  expect(await sendBroken(clients)).toMatchObject({ status: 400 });
});

it('reads and commands are counted apart', async () => {
  const { opd, disk } = await openAppOnTestDisk({ admissionLimits: { requestsMax: 1 } });
  const clients = await listen(opd);
  disk.hold();
  const { writes } = disk;
  const command = clients.post('/book', booking('W1'));
  while (disk.writes === writes) await new Promise(setImmediate);
  const read = clients.get('/schedule?doctor_id=doc1');
  await eventually(async () => (await clients.get('/doctors')).status === 503);
  expect(await clients.get('/doctors')).toMatchObject(OVERLOADED);
  expect(await clients.get('/reports/day?doctor_id=doc2&date=2026-11-23')).toMatchObject(
    OVERLOADED,
  );
  expect(await clients.get('/health')).toMatchObject({ status: 200 });
  disk.release();
  expect(await command).toMatchObject({ status: 201 });
  expect(await read).toMatchObject({ status: 200 });
  expect(await clients.get('/doctors')).toMatchObject({ status: 200 });
});

it('a long turn of the event loop accepts 100 requests, and the next turn accepts again', async () => {
  const admission = new Admission({
    limits: { requestsMax: Infinity, turnMs: 0 },
    origins: new Origins([], () => false),
    newRequestId: () => 'r-1',
    logger: pino({ level: 'silent' }),
  });
  let accepted = 0;
  const listener = admission.before(() => (accepted += 1));
  const isAccepted = (method: string, url: string): boolean => {
    const before = accepted;
    const request = Object.assign(new IncomingMessage(new Socket()), { method, url });
    listener(request, new ServerResponse(request));
    return accepted > before;
  };
  const sendAll = () => Array.from({ length: 130 }, () => isAccepted('GET', '/doctors'));
  const first100 = Array.from({ length: 130 }, (_, nth) => nth < 100);
  expect(sendAll()).toEqual(first100);
  const others = [
    ['HEAD', '/doctors', false],
    ['POST', '/book', false],
    ['POST', '/health', true],
    ['GET', '/health', true],
    ['GET', '/ready', true],
    ['GET', '/metrics', true],
    ['GET', '/%68ealth', false],
    ['OPTIONS', '/book', true],
  ] as const;
  for (const [method, url, accepts] of others) expect(isAccepted(method, url)).toBe(accepts);
  await new Promise(setImmediate);
  expect(sendAll()).toEqual(first100);
});

it('a page of an allowed origin can read that its request was refused', async () => {
  const opd = await openApp({
    admissionLimits: { requestsMax: 0 },
    origins: ['https://desk.example'],
  });
  const clients = await listen(opd);
  const refused = await clients.get('/doctors', { origin: 'https://desk.example' });
  expect(refused).toMatchObject(OVERLOADED);
  const { headers } = await clients.get('/health', { origin: 'https://desk.example' });
  const permissionsIn = (all: object): object =>
    Object.fromEntries(Object.entries(all).filter(([name]) => /^(access|vary)/.test(name)));
  expect(permissionsIn(refused.headers)).toEqual(permissionsIn(headers));
  expect(refused.headers).toMatchObject({ 'access-control-allow-origin': 'https://desk.example' });
  const other = await clients.get('/doctors', { origin: 'https://other.example' });
  expect(permissionsIn(other.headers)).toEqual({ vary: 'Origin' });
});

it('a refusal has all that other problems have', async () => {
  const opd = await openApp({ admissionLimits: { requestsMax: 0 } });
  const { headers, body } = await (await listen(opd)).get<{ instance: string }>('/doctors');
  const other = await opd.get<object>('/nowhere');
  expect(headers).toMatchObject({
    'content-type': other.headers['content-type'],
    'cache-control': other.headers['cache-control'],
  });
  expect(Object.keys(body)).toEqual([...Object.keys(other.body), 'retry_after']);
  expect(body.instance).toMatch(/^urn:opd:request:\w+-\w+$/);
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
  const clients = await listen(opd);
  lines.length = 0;
  for (let count = 0; count < 3; count += 1) await clients.get('/doctors');
  vi.advanceTimersByTime(5_000);
  await clients.get('/doctors');
  vi.advanceTimersByTime(5_000);
  expect(lines.map(({ msg }) => msg)).toEqual([
    'More requests arrive than the service can handle: some are refused as overloaded.',
  ]);
  vi.advanceTimersByTime(5_000);
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatchObject({ level: 30, refused: 4 });
});

it('refusals are sent at a bounded rate, however long a turn of the event loop takes', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const now = vi.spyOn(performance, 'now').mockReturnValue(0);
  onTestFinished(() => {
    now.mockRestore();
    vi.useRealTimers();
  });
  const sent: number[] = [];
  const pacer = new Pacer();
  const add = (count: number): void => {
    for (let nth = 0; nth < count; nth += 1) pacer.add(() => sent.push(nth));
  };
  add(100);
  for (const [at, count] of [
    [2, 14],
    [10, 70],
    [12, 84],
    [15, 100],
  ] as const) {
    expect(sent.length).toBeLessThan(count);
    now.mockReturnValue(at);
    vi.advanceTimersByTime(2);
    expect(sent).toEqual(Array.from({ length: count }, (_, nth) => nth));
  }
  now.mockReturnValue(1_000);
  add(100);
  now.mockReturnValue(1_002);
  vi.advanceTimersByTime(2);
  expect(sent).toHaveLength(114);
});

it('a refused client waits a moment for its answer, and one that has gone harms nothing', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const answered = listenTo('opd:request');
  const opd = await openApp({ admissionLimits: { requestsMax: 0 } });
  const clients = await listen(opd);
  let closed = 0;
  opd.app.server.on('connection', (socket: Socket) => socket.once('close', () => (closed += 1)));
  const refused = listenTo('opd:admission-refused');
  const [waiting, gone] = [await clients.socket(), await clients.socket()];
  let text = '';
  waiting.on('data', (chunk: Buffer) => (text += chunk.toString()));
  for (const socket of [waiting, gone])
    socket.write('GET /doctors HTTP/1.1\r\nHost: localhost\r\n\r\n');
  while (refused.length < 2) await new Promise(setImmediate);
  gone.destroy();
  while (closed === 0) await new Promise(setImmediate);
  expect(text).toBe('');
  vi.advanceTimersByTime(2);
  while (text === '') await new Promise(setImmediate);
  expect(text).toMatch(/^HTTP\/1\.1 503 /);
  expect(answered.map(({ operation, status }) => [operation, status])).toEqual([[null, 503]]);
});
