import { setImmediate as turn } from 'node:timers/promises';
import type { AdminChange } from './admin-changes.ts';
import type { GroupCommit } from './group-commit.ts';
import type {
  DeliveryFilter,
  Pruning,
  StoredDelivery,
  StoredLag,
  StoredWebhook,
  WebhookProgress,
  WebhookStore,
  WebhookWrite,
} from './webhook-store.ts';

const NOTHING = {
  ...{ changes: [], answer: undefined, response: null },
  origin: { actor: 'system', reason: null },
};

/** The stored rows of webhooks, all of them durable. */
export interface WebhookRows {
  webhooks(): readonly StoredWebhook[];
  lags(webhookId: string): readonly StoredLag[];
  deliveries(webhookId: string, filter: DeliveryFilter): readonly StoredDelivery[];
}

/** Webhooks are written in the batches of the commands, because one thread writes to the database. */
export class SoleOwnerWebhookStore implements WebhookStore {
  readonly #rows: WebhookRows;
  readonly #commits: Pick<GroupCommit, 'transact'>;
  /** The revisions that this process has set, because the newest may not be durable yet. */
  readonly #revisions = new Map<string, number>();

  constructor({ rows, commits }: { rows: WebhookRows; commits: Pick<GroupCommit, 'transact'> }) {
    this.#rows = rows;
    this.#commits = commits;
  }

  async webhooks(): Promise<readonly StoredWebhook[]> {
    return Promise.resolve(this.#rows.webhooks());
  }

  async setWebhook(
    webhook: StoredWebhook,
    keepsPlace: boolean,
    change: AdminChange,
  ): Promise<boolean> {
    if (webhook.revision !== this.#revisionOf(webhook.id) + 1) {
      // The caller reads again. A write in flight reaches the rows only after this turn, or, while the disk is full, not soon.
      await turn();
      await this.#commits.transact([], () => NOTHING);
      return false;
    }
    await this.#write({ set: webhook, keepsPlace, change }, () =>
      this.#revisions.set(webhook.id, webhook.revision),
    );
    return true;
  }

  /** No other process delivers for a database that has one owner. */
  async takeShare(): Promise<ReadonlySet<string>> {
    const isOpen = ({ deletedAt, disabledAt }: StoredWebhook): boolean =>
      deletedAt === null && disabledAt === null;
    return new Set((await this.webhooks()).filter(isOpen).map(({ id }) => id));
  }

  leaveShare(): Promise<void> {
    return Promise.resolve();
  }

  async lags(webhookId: string): Promise<readonly StoredLag[]> {
    return Promise.resolve(this.#rows.lags(webhookId));
  }

  async writeProgress(progress: WebhookProgress): Promise<boolean> {
    if (progress.revision !== this.#revisionOf(progress.webhookId)) return false;
    await this.#write({ progress });
    return true;
  }

  writeDelivery(delivery: StoredDelivery, change: AdminChange): Promise<void> {
    return this.#write({ delivery, change });
  }

  async deliveries(webhookId: string, filter: DeliveryFilter): Promise<readonly StoredDelivery[]> {
    return Promise.resolve(this.#rows.deliveries(webhookId, filter));
  }

  prune(prune: Pruning): Promise<void> {
    return this.#write({ prune });
  }

  /** The revision of a webhook, durable or not; 0 when there is none. */
  #revisionOf(id: string): number {
    const known = this.#revisions.get(id);
    return known ?? this.#rows.webhooks().find((webhook) => webhook.id === id)?.revision ?? 0;
  }

  /** @param decided is called when the write has its place in a batch */
  async #write(write: WebhookWrite, decided: () => unknown = () => undefined): Promise<void> {
    await this.#commits.transact([], () => {
      decided();
      return { ...NOTHING, webhooks: [write] };
    });
  }
}
