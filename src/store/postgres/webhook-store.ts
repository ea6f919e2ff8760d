import type { AdminChange } from '../admin-changes.ts';
import {
  deliveryOf,
  deliveryRow,
  lagOf,
  lagRow,
  webhookOf,
  webhookRow,
  type DeliveryFilter,
  type DeliveryRow,
  type LagRow,
  type Pruning,
  type StoredDelivery,
  type StoredLag,
  type StoredWebhook,
  type WebhookProgress,
  type WebhookRow,
  type WebhookStore,
} from '../webhook-store.ts';
import type { Run } from './session.ts';
import { arrayOf } from './statements.ts';

/** The webhooks of a PostgreSQL database, which any number of processes share. */
export class PostgresWebhookStore implements WebhookStore {
  readonly #run: Run;

  /** @param run may retry a statement, because each of them has the same effect when it is repeated */
  constructor(run: Run) {
    this.#run = run;
  }

  async webhooks(): Promise<readonly StoredWebhook[]> {
    return (await this.#run('webhooks')).map((row) => webhookOf(row as unknown as WebhookRow));
  }

  async setWebhook(
    webhook: StoredWebhook,
    keepsPlace: boolean,
    change: AdminChange,
  ): Promise<boolean> {
    const rows = [[webhookRow(webhook)], [change]].map((each) => JSON.stringify(each));
    const written = await this.#run(keepsPlace ? 'configureWebhook' : 'setWebhook', ...rows);
    return written.length > 0;
  }

  async takeShare(processId: string, leaseMs: number): Promise<ReadonlySet<string>> {
    const rows = await this.#run('takeShare', processId, leaseMs);
    return new Set(rows.map((row) => row['webhook_id'] as string));
  }

  async leaveShare(processId: string): Promise<void> {
    await this.#run('leaveShare', processId);
  }

  async lags(webhookId: string): Promise<readonly StoredLag[]> {
    return (await this.#run('lags', webhookId)).map((row) => lagOf(row as unknown as LagRow));
  }

  async writeProgress(progress: WebhookProgress): Promise<boolean> {
    const { webhookId, processId, revision, cursor, succeededAt, disabled } = progress;
    const written = await this.#run(
      'writeProgress',
      ...[webhookId, processId, revision, cursor, succeededAt],
      ...[disabled?.change.at ?? null, disabled?.reason ?? null],
      JSON.stringify(progress.lags.map(lagRow)),
      arrayOf(progress.caughtUp),
      JSON.stringify(progress.deliveries.map(deliveryRow)),
      JSON.stringify(disabled === null ? [] : [disabled.change]),
    );
    return written.length > 0;
  }

  async writeDelivery(delivery: StoredDelivery, change: AdminChange): Promise<void> {
    // The record comes first, as with access keys.
    await this.#run('recordAdminChanges', JSON.stringify([change]));
    await this.#run('setDeliveries', JSON.stringify([deliveryRow(delivery)]));
  }

  async deliveries(
    webhookId: string,
    { status, behind, limit }: DeliveryFilter,
  ): Promise<readonly StoredDelivery[]> {
    const { at, eventId } = behind ?? { at: Number.MAX_SAFE_INTEGER, eventId: '' };
    const rows = await this.#run('deliveries', webhookId, status, at, eventId, limit);
    return rows.map((row) => deliveryOf(row as unknown as DeliveryRow));
  }

  async prune({ before, countMax }: Pruning): Promise<void> {
    await this.#run('pruneDeliveries', before, countMax);
    await this.#run('pruneWebhooks', before);
  }
}
