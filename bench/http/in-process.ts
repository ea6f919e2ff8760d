import {
  AllocationEngine,
  DEFAULT_CLASSES,
  epochMs,
  type EpochMs,
} from '../../src/engine/index.ts';
import { webhookBodyOf } from '../../src/http/resources/webhook.ts';
import { createService, type Service } from '../../src/service/index.ts';
import { openDatabase, type Database } from '../../src/store/index.ts';
import { Webhooks } from '../../src/webhooks/index.ts';

/** Bounds that the bench does not reach. */
export const BOUNDS = {
  connectionLimits: {
    ...{ connectionsMax: 1_000, headersMax: 100, headerBytesMax: 16_384 },
    ...{ headerSeconds: 10, requestSeconds: 30, keepAliveSeconds: 72 },
  },
  admissionLimits: { requestsMax: Infinity, turnMs: Infinity },
};

export const clock = (): EpochMs => epochMs(Date.now());

/** A service, and the webhooks of its database, which send nothing until they are started. */
export interface OpenedService {
  readonly engine: AllocationEngine;
  /** Whoever stops the service in a process that goes on closes its store. */
  readonly database: Database;
  readonly service: Service;
  readonly webhooks: Webhooks;
}

/**
 * Makes a service on a database in this process. Its waitlists are never full.
 * @param now its clock
 */
export function openService(databaseUrl: string, now = clock): OpenedService {
  const rules = { classes: DEFAULT_CLASSES, graceMinutes: 30, waitlistMax: 1_000_000 };
  const engine = new AllocationEngine(rules);
  const database = openDatabase(databaseUrl, engine);
  const { store, archive, changeLog, keys } = database;
  const webhooks = new Webhooks({
    ...{ database, clock: now, bodyOf: webhookBodyOf, version: 'bench' },
    allowsPrivate: true,
  });
  const parts = { engine, store, archive, changeLog, keys, clock: now };
  return { engine, database, service: createService({ ...parts, horizonDays: 7 }), webhooks };
}

/** Microseconds of processor time that this process has used, with all its threads. */
export function usedMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
