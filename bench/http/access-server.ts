import pino from 'pino';
import { DEFAULT_CLASSES } from '../../src/engine/index.ts';
import { buildApp } from '../../src/http/app.ts';
import type { RateLimits } from '../../src/http/rate-limiter.ts';
import { AccessKeys, type Service } from '../../src/service/index.ts';
import { BOUNDS, clock, openService, type OpenedService, usedMicroseconds } from './in-process.ts';

/** How the service is called. */
export const ACCESSES = ['without a key', 'with a key', 'with a key and limits'] as const;
export type Access = (typeof ACCESSES)[number];

/** A running server, at one address for each way to call it. */
export interface AccessServer {
  readonly urls: Readonly<Record<Access, string>>;
  readonly secret: string;
}

/** Limits that the bench does not reach. */
const LIMITS: RateLimits = { requestsPerMinute: 1_000_000, refusedPerMinute: 10 };
/** As often as the service itself. */
const KEYS_MS = 400;

async function listen(
  { service, webhooks }: Pick<OpenedService, 'service' | 'webhooks'>,
  rateLimits: RateLimits,
): Promise<string> {
  const app = await buildApp({
    ...{ service, webhooks, classes: DEFAULT_CLASSES, clock, version: 'bench', rateLimits },
    logger: pino({ level: 'silent' }),
    allowsAnonymous: true,
    metrics: null,
    ...BOUNDS,
  });
  return app.listen({ host: '127.0.0.1', port: 0 });
}

/** Starts one service with three addresses in this process, because three processes would not be equal. */
async function serve(databaseUrl: string): Promise<AccessServer> {
  const { service, webhooks } = openService(databaseUrl);
  await service.start(() => ({ doctors: [], slots: [] }));
  const noKeys = new AccessKeys(
    {
      accessKeys: () => Promise.resolve([]),
      adminChanges: () => Promise.resolve([]),
      secrets: () => Promise.resolve([]),
      writeKeys: () => Promise.resolve(),
    },
    clock,
  );
  await noKeys.refresh();
  const open = Object.create(service, { keys: { value: noKeys } }) as Service;
  const input = { name: 'bench', role: 'admin', doctorIds: [], expiresAt: null } as const;
  const put = await service.keys.registry.put(input, false, 'bench');
  if ('faults' in put || put.secret === null) throw new Error('The key was not made.');
  await service.keys.refresh();
  setInterval(() => void service.keys.refresh(), KEYS_MS);
  const urls = {
    'without a key': await listen({ service: open, webhooks }, {}),
    'with a key': await listen({ service, webhooks }, {}),
    'with a key and limits': await listen({ service, webhooks }, LIMITS),
  };
  return { urls, secret: put.secret };
}

if (process.send !== undefined && import.meta.main)
  process.once('message', (databaseUrl: string) => {
    void serve(databaseUrl).then((server) => {
      process.send?.(server);
      process.on('message', () => process.send?.(usedMicroseconds()));
    });
  });
