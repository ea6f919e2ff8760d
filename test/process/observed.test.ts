import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { Scrape } from '../support/metrics.ts';
import { freePort } from '../../bench/lib/free-port.ts';
import { MAIN, spawnServer, startServer } from '../support/process/server-process.ts';
import { TraceReceiver } from '../support/trace-receiver.ts';

const MEMORY = { DATABASE_URL: 'memory:' };
const BOOKING = {
  doctor_id: 'doc1',
  slot_id: 'doc1_slot1',
  patient_name: 'Jane Roe',
  patient_type: 'WALK_IN',
};

it('the metrics are served beside the other routes, with those of the process', async () => {
  const server = await startServer(MEMORY);
  await server.post('/book', BOOKING);
  await eventually(async () => {
    const read = new Scrape(await (await server.get('/metrics')).text());
    return 'tick ok' in read.series('opd_background_runs_total');
  });
  const answer = await server.get('/metrics');
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const read = new Scrape(await answer.text());
  expect(read.series('opd_token_changes_total')).toEqual({ 'booked WALK_IN': 1 });
  expect(read.value('opd_http_connections')).toBeGreaterThan(0);
  expect(read.value('process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
  expect(read.value('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0);
  expect(await (await server.get('/openapi.json')).text()).toContain('/metrics');
  expect((await server.get('/metrics?a=b')).status).toBe(400);
  expect(server.errors).toBe('');
});

it('with METRICS_PORT the metrics are served there alone, and nothing else is', async () => {
  const server = await startServer({ ...MEMORY, METRICS_PORT: '0' });
  const url = /"metrics_url":"(http:\/\/127\.0\.0\.1:\d+)"/.exec(server.log)?.[1] ?? '';
  expect((await server.get('/metrics')).status).toBe(404);
  const answer = await fetch(`${url}/metrics`);
  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain('opd_ready 1\n');
  for (const path of ['/book', '/health', '/docs', '/'])
    expect(await fetch(url + path).then(({ status }) => status)).toBe(404);
  expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405);
  // A connection that is kept alive does not keep the process.
  expect(await server.stop()).toEqual({ code: 0, signal: null });
});

it('a METRICS_PORT that is in use stops the start with a sentence', async () => {
  const PORT = await freePort();
  const server = spawnServer({ ...MEMORY, PORT, METRICS_PORT: PORT });
  expect((await server.exited).code).toBe(1);
  expect(server.errors).toMatch(/^127\.0\.0\.1:\d+ is in use: .* or set (METRICS_)?PORT\.\n$/);
});

it('readers of the metrics that never take the answer slow no command', async () => {
  const server = await startServer(MEMORY);
  const { port, hostname } = new URL(server.url);
  for (let count = 0; count < 20; count += 1) {
    const socket = connect(Number(port), hostname);
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    socket.pause().write(`GET /metrics HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`.repeat(100));
  }
  for (let count = 0; count < 3; count += 1)
    expect((await server.post('/book', BOOKING)).status).toBe(201);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
});

/**
 * Makes a process write each file of OpenTelemetry that it loads to its stderr. The package `api` is left out, because
 * prom-client loads it; it does nothing by itself.
 */
const SHOW_LOADED = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  const load = (url, context, next) => {
    if (/@opentelemetry\\/(?!api\\/)/.test(url)) process.stderr.write(url + '\\n');
    return next(url, context);
  };
  registerHooks({ load });`)}`;

it('a process loads nothing that makes or sends traces, unless a receiver of traces is set', async () => {
  const options = { ...MEMORY, NODE_OPTIONS: `--import=${SHOW_LOADED}` };
  // In a bundle, the packages have lost their names.
  const source = { program: MAIN };
  const without = await startServer(options, source);
  await without.stop();
  expect(without.errors).toBe('');
  const { url } = await new TraceReceiver().listen();
  const traced = await startServer({ ...options, OTEL_EXPORTER_OTLP_ENDPOINT: url }, source);
  await traced.stop();
  expect(traced.errors).toContain('@opentelemetry/sdk-trace');
});

it('the last traces are sent when the process stops, with the service name of the environment', async () => {
  const receiver = await new TraceReceiver().listen();
  const server = await startServer({
    ...MEMORY,
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_SERVICE_NAME: 'front-desk',
  });
  await server.post('/book', BOOKING);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  const request = receiver.spans.find(({ name }) => name === 'POST /book');
  expect(request?.resource).toMatchObject({ 'service.name': 'front-desk' });
  expect(receiver.text).not.toContain('Jane');
});

it('a receiver of traces that never answers keeps the process neither from its work nor from its end', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => void silent.close());
  const { port } = silent.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;
  const server = await startServer({ ...MEMORY, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
  expect((await server.post('/book', BOOKING)).status).toBe(201);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
});
