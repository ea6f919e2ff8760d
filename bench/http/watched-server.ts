import pino from 'pino';
import { DEFAULT_CLASSES } from '../../src/engine/index.ts';
import { buildApp } from '../../src/http/app.ts';
import { PROBLEMS } from '../../src/http/problem.ts';
import { createMetrics } from '../../src/metrics/index.ts';
import { startTracing } from '../../src/tracing/index.ts';
import { BOUNDS, clock, openService, usedMicroseconds } from './in-process.ts';

/** Who subscribes to the telemetry of the server. */
export const WATCHERS = ['nobody', 'metrics', 'metrics and traces'] as const;
export type Watcher = (typeof WATCHERS)[number];

/** What the server is started with. */
export interface WatchedServer {
  readonly databaseUrl: string;
  /** Where the traces are sent. */
  readonly endpoint: string;
}

/** Starts the service in this process. Its watchers change while it runs, because a second process would not be equal. */
async function serve({ databaseUrl, endpoint }: WatchedServer): Promise<string> {
  const { service, webhooks } = openService(databaseUrl);
  const sources = {
    version: 'bench',
    // It could not be ended, and costs a booking nothing: it runs for each garbage collection and 100 times a second.
    measuresProcess: false,
    subscribers: () => 0,
    problemCodes: Object.keys(PROBLEMS),
    isReady: () => service.unreadiness === undefined,
    queueLength: () => service.queueLength,
    occupancy: () => service.occupancy(),
    connections: () => Promise.resolve(0),
    webhookBacklog: () => ({ doctorsBehind: 0, failingMs: 0 }),
  };
  const onError = (error: unknown): never => {
    throw error;
  };
  const watch: Readonly<Record<Watcher, () => readonly (() => unknown)[]>> = {
    nobody: () => [],
    metrics: () => [createMetrics({ ...sources, onError }).close],
    'metrics and traces': () => [
      createMetrics({ ...sources, onError }).close,
      startTracing({ endpoint, version: 'bench', onError: () => undefined }).stop,
    ],
  };
  let ends: readonly (() => unknown)[] = [];
  process.on('message', (watcher: Watcher) => {
    void Promise.all(ends.map((end) => end())).then(() => {
      ends = watch[watcher]();
      process.send?.(usedMicroseconds());
    });
  });
  const logger = pino({ level: 'silent' });
  const app = await buildApp({
    ...{ service, webhooks, classes: DEFAULT_CLASSES, logger, clock, version: 'bench' },
    allowsAnonymous: true,
    metrics: null,
    ...BOUNDS,
  });
  await service.start(() => ({ doctors: [], slots: [] }));
  return app.listen({ host: '127.0.0.1', port: 0 });
}

if (process.send !== undefined && import.meta.main)
  process.once('message', (server: WatchedServer) => {
    void serve(server).then((url) => process.send?.(url));
  });
