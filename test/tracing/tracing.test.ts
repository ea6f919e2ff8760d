import { expect, it, onTestFinished } from 'vitest';
import { startTracing } from '../../src/tracing/index.ts';
import { booking, openApp, openAppOnTestDisk } from '../support/app/app.ts';
import { TraceReceiver } from '../support/trace-receiver.ts';

/** Traces what the test does. `received` ends the tracing and returns what has arrived. */
async function trace() {
  const receiver = await new TraceReceiver().listen();
  const errors: unknown[] = [];
  const tracing = startTracing({
    endpoint: `${receiver.url}/`,
    version: '1.2.3',
    onError: (error) => errors.push(error),
  });
  onTestFinished(() => tracing.stop());
  const received = async () => {
    await tracing.stop();
    expect(errors).toEqual([]);
    return receiver;
  };
  return { received };
}

const [SERVER, ERROR] = [2, 2];

it('a booking is a span of its request, with its command and its wait for the commit in it', async () => {
  const { opd, disk } = await openAppOnTestDisk();
  const { received } = await trace();
  disk.hold();
  const before = Date.now();
  const booked = opd.book('W1', { patient_name: 'Jane Roe', patient_id: 'p-77' });
  await new Promise((resolve) => setTimeout(resolve, 20));
  disk.release();
  const { id } = await booked;
  const { spans, text } = await received();
  const request = spans.find(({ name }) => name === 'POST /book');
  expect(request).toMatchObject({
    kind: SERVER,
    attributes: {
      'http.request.method': 'POST',
      'http.route': '/book',
      'http.response.status_code': 201,
      'opd.operation': 'book',
    },
    resource: { 'service.name': 'opd', 'service.version': '1.2.3' },
  });
  expect(request?.parentSpanId).toBeUndefined();
  const within = { traceId: request?.traceId, parentSpanId: request?.spanId };
  expect(spans.filter(({ name }) => !name.startsWith('POST'))).toMatchObject([
    { ...within, name: 'wait for commit', attributes: { 'opd.changes': 1 } },
    { ...within, name: 'book', attributes: { 'opd.outcome': 'ok', 'opd.replayed': false } },
  ]);
  for (const { startTimeUnixNano, endTimeUnixNano } of spans) {
    expect(Number(startTimeUnixNano) / 1e6).toBeGreaterThan(before - 1_000);
    expect(Number(endTimeUnixNano)).toBeGreaterThan(Number(startTimeUnixNano));
  }
  expect(text).not.toMatch(new RegExp(`Jane|p-77|doc1|${id}`));
});

it('requests in flight at the same time have traces of their own', async () => {
  const opd = await openApp();
  const { received } = await trace();
  const answers = ['W1', 'W2', 'W3'].map((name) => opd.book(name));
  answers.push(opd.book('E1'));
  await Promise.all(answers);
  const traces = Map.groupBy((await received()).spans, ({ traceId }) => traceId);
  expect(traces.size).toBe(4);
  for (const spans of traces.values())
    expect(spans.map(({ name }) => name).toSorted()).toEqual([
      'POST /book',
      'book',
      'wait for commit',
    ]);
});

it.each<[string, string, boolean]>([
  ['a sampled parent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', true],
  ['a malformed parent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b71692033-01', false],
  ['a parent of zeros', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`, false],
])('a request with %s continues its trace only if it is valid', async (_, traceparent, isValid) => {
  const opd = await openApp();
  const { received } = await trace();
  await opd.post('/book', booking('W1'), { traceparent });
  const request = (await received()).spans.find(({ name }) => name === 'POST /book');
  expect(request?.traceId === '0af7651916cd43dd8448eb211c80319c').toBe(isValid);
  expect(request?.parentSpanId).toBe(isValid ? 'b7ad6b7169203331' : undefined);
});

it('a request whose parent is not sampled makes no span', async () => {
  const opd = await openApp();
  const { received } = await trace();
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
  await opd.post('/book', booking('W1'), { traceparent });
  expect((await received()).spans).toEqual([]);
});

it('a span of a request says its pattern and not its path, and marks a failure of the service', async () => {
  const opd = await openApp();
  const { received } = await trace();
  opd.archive.token = () => Promise.reject(new Error('of the store'));
  await opd.get('/tokens/Jane');
  await opd.get('/Jane?name=Jane');
  await opd.get('/Jane%E0%A4%A');
  const { spans, text } = await received();
  expect(spans).toMatchObject([
    { name: 'GET /tokens/:id', status: { code: ERROR } },
    { name: 'GET *', attributes: { 'http.response.status_code': 404 } },
    { name: 'GET', attributes: { 'http.response.status_code': 404 } },
  ]);
  expect(text).not.toContain('Jane');
});

it('a receiver that refuses spans is reported and harms no command', async () => {
  const receiver = await new TraceReceiver().listen((response) => response.writeHead(400).end());
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  const tracing = startTracing({ endpoint: receiver.url, version: '', onError });
  const opd = await openApp();
  await opd.book('W1');
  await tracing.stop();
  expect(errors).not.toEqual([]);
  await opd.book('W2');
});
