import type { Archive } from './archive.ts';
import type { ChangeLog } from './change-log.ts';
import type { Store } from './store.ts';

/** One database behind its three ports. `store.close()` closes all of it. */
export interface Database {
  readonly store: Store;
  readonly archive: Archive;
  readonly changeLog: ChangeLog;
}
