import { existsSync } from 'node:fs';
import type { AllocationEngine } from '../engine/index.ts';
import { MemoryStore } from './memory-store.ts';
import { backUp as backUpFile } from './sqlite/backup.ts';
import { SqliteStore } from './sqlite/sqlite-store.ts';
import { SqliteTrial } from './sqlite/trial.ts';
import { SqliteVerifySource } from './sqlite/verify-source.ts';
import { StoreOpenError, type Store, type TrialStore } from './store.ts';
import type { VerifySource } from './verify/source.ts';

export { detachedSlot } from './restore.ts';
export * from './store.ts';
export type { VerifySource } from './verify/source.ts';
export { verify, type VerifyReport } from './verify/verify.ts';

/** What `DATABASE_URL` may look like. */
export const DATABASE_URL_PATTERN = '^(memory:|sqlite:.+)$';

const pathOf = (url: string): string => url.slice('sqlite:'.length);

/**
 * Opens the store that a URL names by its scheme and hands it the engine to keep current.
 * @param url `memory:`, or `sqlite:` and the path of a file
 * @throws StoreOpenError saying in one sentence why it cannot be used
 */
export function createStore(url: string, engine: AllocationEngine): Store {
  return url === 'memory:' ? new MemoryStore(engine) : new SqliteStore(engine, pathOf(url));
}

/**
 * Opens what `verify` reads, beside a running process or without one.
 * @throws StoreOpenError when there is nothing to verify, or the file is damaged
 */
export const openVerifySource = (url: string): VerifySource =>
  new SqliteVerifySource(keptPathOf(url));

/**
 * Copies the database, stopped or live, into a new file as it is at one instant.
 * @throws StoreOpenError saying in one sentence why it cannot be done
 */
export const backUp = (url: string, target: string): void => backUpFile(keptPathOf(url), target);

/**
 * Opens what is kept, beside a running process or without one, to be read and to try commands on. Where there is no
 * database yet, there is nothing in it.
 * @throws StoreOpenError when nothing is ever kept, or what is there cannot be used
 */
export function openTrial(url: string, engine: AllocationEngine): TrialStore {
  const path = keptPathOf(url);
  return existsSync(path) ? new SqliteTrial(engine, path) : new MemoryStore(engine);
}

function keptPathOf(url: string): string {
  if (url === 'memory:') throw new StoreOpenError('DATABASE_URL is memory: nothing is kept.');
  return pathOf(url);
}
