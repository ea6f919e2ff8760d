import { Counter, Gauge, Histogram } from 'prom-client';
import { Tally } from './tally.ts';
import { SECOND_MS, type Watch } from './watch.ts';

/** The label `operation` of requests for pages, for unknown routes, with wrong methods, and of those that were refused before they had a route. */
const OTHER = 'other';
/** Seconds: a booking on SQLite takes a few milliseconds, and a request that waits for a full disk takes minutes. */
const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface RequestSources {
  /** The codes of all problems. Each has its count from the start, because a rate of a count that is new is unknown. */
  readonly problemCodes: readonly string[];
  /** Connections that are open now. */
  readonly connections: () => Promise<number>;
}

/** Requests, refusals and connections. */
export function watchRequests(
  { registry, listen }: Watch,
  { problemCodes, connections }: RequestSources,
): void {
  const registers = [registry];
  const answered = new Tally<string, number>();
  new Counter({
    name: 'opd_http_requests_total',
    help: 'Answered requests by operation of the API and by HTTP status.',
    labelNames: ['operation', 'status'],
    registers,
    collect() {
      answered.flush((operation, status, count) => this.inc({ operation, status }, count));
    },
  });
  const durations = new Histogram({
    name: 'opd_http_request_duration_seconds',
    help: 'Time from the router to the end of the answer, by operation of the API.',
    labelNames: ['operation'],
    buckets: REQUEST_BUCKETS,
    registers,
  });
  listen('opd:request', (request) => {
    const operation = request.operation ?? OTHER;
    answered.add(operation, request.status);
    durations.observe({ operation }, request.ms / SECOND_MS);
  });
  const refusals = new Counter({
    name: 'opd_refusals_total',
    help: 'Answers that are a problem, by its code.',
    labelNames: ['code'],
    registers,
  });
  for (const code of problemCodes) refusals.inc({ code }, 0);
  listen('opd:request-refused', (event) => refusals.inc(event));
  const refusedConnections = new Counter({
    name: 'opd_connections_refused_total',
    help: 'Connections that were refused, or ended before they brought a whole request, by cause.',
    labelNames: ['cause'],
    registers,
  });
  listen('opd:connection-refused', (event) => refusedConnections.inc(event));
  new Gauge({
    name: 'opd_http_connections',
    help: 'Connections that are open now.',
    registers,
    async collect() {
      this.set(await connections());
    },
  });
}
