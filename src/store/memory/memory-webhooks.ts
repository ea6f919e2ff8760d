import type {
  DeliveryFilter,
  Pruning,
  StoredDelivery,
  StoredLag,
  StoredWebhook,
  WebhookProgress,
  WebhookWrite,
} from '../webhook-store.ts';

/** Deliveries of a webhook that stay in memory; a database on disk has those of 30 days. */
const DELIVERIES_MAX = 1_000;

/** The webhooks of a database in memory. */
export class MemoryWebhooks {
  readonly #webhooks = new Map<string, StoredWebhook>();
  readonly #lags = new Map<string, StoredLag>();
  /** By webhook, then by event, the oldest first. */
  readonly #deliveries = new Map<string, Map<string, StoredDelivery>>();

  write(write: WebhookWrite): void {
    if ('set' in write) this.#set(write.set, write.keepsPlace);
    else if ('progress' in write) this.#note(write.progress);
    else if ('delivery' in write) this.#add(write.delivery);
    else this.#prune(write.prune);
  }

  webhooks(): readonly StoredWebhook[] {
    return [...this.#webhooks.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  lags(webhookId: string): readonly StoredLag[] {
    return [...this.#lags.values()]
      .filter((lag) => lag.webhookId === webhookId)
      .sort((a, b) => (a.doctorId < b.doctorId ? -1 : 1));
  }

  deliveries(
    webhookId: string,
    { status, behind, limit }: DeliveryFilter,
  ): readonly StoredDelivery[] {
    return [...(this.#deliveries.get(webhookId)?.values() ?? [])]
      .filter((each) => status === null || each.status === status)
      .filter((each) => behind === null || isBehind(each, behind))
      .sort((a, b) => (isBehind(a, b) ? 1 : -1))
      .slice(0, limit);
  }

  #set(webhook: StoredWebhook, keepsPlace: boolean): void {
    const before = this.#webhooks.get(webhook.id);
    if (!keepsPlace)
      for (const { doctorId } of this.lags(webhook.id)) this.#endLag(webhook.id, doctorId);
    const { cursor, succeededAt } = keepsPlace ? (before ?? webhook) : webhook;
    this.#webhooks.set(webhook.id, { ...webhook, cursor, succeededAt });
  }

  #note({ webhookId, cursor, disabled, ...progress }: WebhookProgress): void {
    const before = this.#webhooks.get(webhookId);
    if (before === undefined) return;
    const succeededAt = progress.succeededAt ?? before.succeededAt;
    const ended =
      disabled === null ? {} : { disabledAt: disabled.change.at, disabledReason: disabled.reason };
    this.#webhooks.set(webhookId, { ...before, cursor, succeededAt, ...ended });
    for (const lag of progress.lags) this.#lags.set(keyOf(webhookId, lag.doctorId), lag);
    for (const doctorId of progress.caughtUp) this.#endLag(webhookId, doctorId);
    for (const delivery of progress.deliveries) this.#add(delivery);
  }

  #endLag(webhookId: string, doctorId: string): void {
    this.#lags.delete(keyOf(webhookId, doctorId));
  }

  #add(delivery: StoredDelivery): void {
    const known = this.#deliveries.get(delivery.webhookId) ?? new Map<string, StoredDelivery>();
    this.#deliveries.set(delivery.webhookId, known);
    known.delete(delivery.eventId);
    known.set(delivery.eventId, delivery);
    const [oldest] = known.keys();
    if (known.size > DELIVERIES_MAX && oldest !== undefined) known.delete(oldest);
  }

  #prune({ before, countMax }: Pruning): void {
    for (const known of this.#deliveries.values()) {
      const old = [...known.values()].filter(({ at }) => at < before).slice(0, countMax);
      for (const { eventId } of old) known.delete(eventId);
    }
    for (const { id, deletedAt } of this.#webhooks.values())
      if (deletedAt !== null && deletedAt < before && (this.#deliveries.get(id)?.size ?? 0) === 0)
        this.#webhooks.delete(id);
  }
}

const keyOf = (webhookId: string, doctorId: string): string => `${webhookId}\n${doctorId}`;

type Place = Pick<StoredDelivery, 'at' | 'eventId'>;

/** Whether a delivery comes behind another one in a list with the latest first. */
const isBehind = (a: Place, b: Place): boolean =>
  a.at < b.at || (a.at === b.at && a.eventId < b.eventId);
