import { AllocationEngine, DEFAULT_CLASSES, epochMs } from '../../src/engine/index.ts';
import { createService, type Service } from '../../src/service/index.ts';
import { openDatabase } from '../../src/store/index.ts';

/** Bounds that the bench does not reach. */
export const BOUNDS = {
  connectionLimits: {
    ...{ connectionsMax: 1_000, headersMax: 100, headerBytesMax: 16_384 },
    ...{ headerSeconds: 10, requestSeconds: 30, keepAliveSeconds: 72 },
  },
  admissionLimits: { requestsMax: Infinity, turnMs: Infinity },
};

export const clock = () => epochMs(Date.now());

/** Makes a service on a database in this process. Its waitlists are never full. */
export function openService(databaseUrl: string): Service {
  const rules = { classes: DEFAULT_CLASSES, graceMinutes: 30, waitlistMax: 1_000_000 };
  const engine = new AllocationEngine(rules);
  const { store, archive, changeLog, keys } = openDatabase(databaseUrl, engine);
  return createService({ engine, store, archive, changeLog, keys, clock, horizonDays: 7 });
}

/** Microseconds of processor time that this process has used, with all its threads. */
export function usedMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
