import { existsSync } from 'node:fs';
import type { AllocationEngine, EngineRules } from '../engine/index.ts';
import { MemoryStore } from './memory-store.ts';
import { PostgresStore } from './postgres/postgres-store.ts';
import { backUp as backUpFile } from './sqlite/backup.ts';
import { SqliteStore } from './sqlite/sqlite-store.ts';
import { SqliteTrial } from './sqlite/trial.ts';
import { SqliteVerifySource } from './sqlite/verify-source.ts';
import { StoreOpenError, type Store, type TrialStore } from './store.ts';
import type { VerifySource } from './verify/source.ts';
import { verify, type VerifyReport } from './verify/verify.ts';

export { detachedSlot } from './restore.ts';
export * from './store.ts';
export type { VerifyReport } from './verify/verify.ts';

/** What `DATABASE_URL` may look like. */
export const DATABASE_URL_PATTERN = '^(memory:|sqlite:.+|postgres(ql)?://.+)$';

const isPostgres = (url: string): boolean => /^postgres(ql)?:/.test(url);

const pathOf = (url: string): string => url.slice('sqlite:'.length);

/**
 * Opens the store that a URL names by its scheme and hands it the engine to keep current.
 * @param url `memory:`, `sqlite:` and the path of a file, or `postgres://` and what names a database
 * @throws StoreOpenError saying in one sentence why it cannot be used
 */
export function createStore(url: string, engine: AllocationEngine): Store {
  if (url === 'memory:') return new MemoryStore(engine);
  return isPostgres(url) ? new PostgresStore(engine, url) : new SqliteStore(engine, pathOf(url));
}

/**
 * Verifies what is kept, beside a running process or without one.
 * @throws StoreOpenError when there is nothing to verify, or it cannot be read
 */
export async function verifyDatabase(url: string, rules: EngineRules): Promise<VerifyReport> {
  const source = await openVerifySource(url);
  try {
    return await verify(source, rules);
  } finally {
    await source.close();
  }
}

const openVerifySource = (url: string): Promise<VerifySource> =>
  Promise.resolve(new SqliteVerifySource(keptPathOf(url)));

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
