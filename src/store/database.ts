import type { KeyStore } from './access-keys.ts';
import type { Archive } from './archive.ts';
import type { ChangeLog } from './change-log.ts';
import type { Erasures } from './erasure.ts';
import type { Store } from './store.ts';
import type { WebhookStore } from './webhook-store.ts';

/** One database behind its five ports. `store.close()` closes all of it. */
export interface Database {
  readonly store: Store;
  readonly archive: Archive;
  readonly changeLog: ChangeLog;
  readonly keys: KeyStore;
  readonly erasures: Erasures;
  readonly webhooks: WebhookStore;
}
