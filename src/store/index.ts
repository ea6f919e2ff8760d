import type { AllocationEngine } from '../engine/index.ts';
import { MemoryStore } from './memory-store.ts';
import { SqliteStore } from './sqlite/sqlite-store.ts';
import type { Store } from './store.ts';

export { detachedSlot } from './restore.ts';
export * from './store.ts';

/** What `DATABASE_URL` may look like. */
export const DATABASE_URL_PATTERN = '^(memory:|sqlite:.+)$';

/**
 * Opens the store that a URL names by its scheme and hands it the engine to keep current.
 * @param url `memory:`, or `sqlite:` and the path of a file
 * @throws StoreOpenError saying in one sentence why it cannot be used
 */
export function createStore(url: string, engine: AllocationEngine): Store {
  return url === 'memory:'
    ? new MemoryStore(engine)
    : new SqliteStore(engine, url.slice('sqlite:'.length));
}
