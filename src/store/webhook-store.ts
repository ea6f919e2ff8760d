import type { DoctorId, EpochMs } from '../engine/index.ts';
import type { AdminChange } from './admin-changes.ts';
import type { RowOf } from './tables.ts';

/** Why a webhook gets nothing more: its server answered 410, or no delivery succeeded for days. */
export type DisabledReason = 'gone' | 'failing';

/** A webhook as it is stored. */
export interface StoredWebhook {
  readonly id: string;
  readonly url: string;
  /** The types of events that are sent. Empty for all. */
  readonly types: readonly string[];
  /** The doctors whose events are sent. Empty for all. */
  readonly doctorIds: readonly DoctorId[];
  /** The secret that signs. It is stored as it is, because a signature cannot be made from a hash. */
  readonly secret: string;
  /** The secret before the last rotation, which signs too until an instant. */
  readonly previousSecret: string | null;
  readonly previousUntil: EpochMs | null;
  readonly createdAt: EpochMs;
  readonly disabledAt: EpochMs | null;
  readonly disabledReason: DisabledReason | null;
  /** The instant at which the webhook was deleted; null when it was not. */
  readonly deletedAt: EpochMs | null;
  /** How often the webhook was set: a process that delivers for an earlier revision begins anew. */
  readonly revision: number;
  /** Everything up to this cursor of the change log was delivered, or is behind the cursor of a lag. */
  readonly cursor: string;
  /** The last successful delivery; null before the first. */
  readonly succeededAt: EpochMs | null;
}

/** A doctor whose next event could not be delivered to a webhook. */
export interface StoredLag {
  readonly webhookId: string;
  readonly doctorId: DoctorId;
  /** The cursor before the event that could not be delivered. */
  readonly cursor: string;
  /** Tries of this event that have failed; 0 when the doctor only has still to catch up. */
  readonly tries: number;
  /** The first failed try of this event. */
  readonly failingSince: EpochMs;
  readonly nextAt: EpochMs;
}

/** `failed`: it is not tried again by itself. */
export const DELIVERY_STATUSES = ['delivered', 'retrying', 'failed'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** What was sent to a webhook for one event, and what came back the last time. */
export interface StoredDelivery {
  readonly webhookId: string;
  readonly eventId: string;
  readonly type: string;
  /** Null for a test. */
  readonly doctorId: DoctorId | null;
  readonly status: DeliveryStatus;
  readonly tries: number;
  /** The last try. */
  readonly at: EpochMs;
  /** The next try; null when there is none. */
  readonly nextAt: EpochMs | null;
  /** The status of the last answer; null when there was none. */
  readonly httpStatus: number | null;
  /** The first bytes of the last answer. */
  readonly answer: string | null;
  /** Why there was no answer. */
  readonly error: string | null;
}

/** What a process has done for a webhook. It counts only while the process holds the webhook in this revision. */
export interface WebhookProgress {
  readonly webhookId: string;
  readonly processId: string;
  readonly revision: number;
  readonly cursor: string;
  readonly succeededAt: EpochMs | null;
  /** Set when the webhook gets nothing more from now on, with what goes on record. */
  readonly disabled: { readonly reason: DisabledReason; readonly change: AdminChange } | null;
  /** Lags that are new or have changed. */
  readonly lags: readonly StoredLag[];
  /** Doctors who have caught up. */
  readonly caughtUp: readonly DoctorId[];
  readonly deliveries: readonly StoredDelivery[];
}

/** Which deliveries are deleted: at most a number of each webhook, the oldest first. */
export interface Pruning {
  /** Deliveries whose last try was before this instant. */
  readonly before: EpochMs;
  readonly countMax: number;
}

/** Which deliveries of a webhook are listed, the latest first. */
export interface DeliveryFilter {
  readonly status: DeliveryStatus | null;
  /** The place of the last delivery of the page before; null for the first page. */
  readonly behind: { readonly at: EpochMs; readonly eventId: string } | null;
  readonly limit: number;
}

/** A write to the tables of webhooks, as a store with one owner makes it in a batch with commands. */
export type WebhookWrite =
  | { readonly set: StoredWebhook; readonly keepsPlace: boolean; readonly change: AdminChange }
  | { readonly progress: WebhookProgress }
  | { readonly delivery: StoredDelivery; readonly change: AdminChange }
  | { readonly prune: Pruning };

/** What goes on record with a write; undefined when nothing does. */
export function adminChangeOf(write: WebhookWrite): AdminChange | undefined {
  if ('change' in write) return write.change;
  return 'progress' in write ? write.progress.disabled?.change : undefined;
}

/** The webhooks of a database, and how far each has come. Every method throws NotDurableError when it cannot work now. */
export interface WebhookStore {
  /** All webhooks in the order of their ids, deleted and disabled ones included. */
  webhooks(): Promise<readonly StoredWebhook[]>;
  /**
   * Sets a webhook, and records the change with it.
   * @param webhook its revision is one more than that of the stored webhook of this id, or 1
   * @param keepsPlace whether the cursor, the last success and the lags stay as they are stored; otherwise there are no
   *   lags from then on
   * @returns false when nothing was changed, because the webhook was set meanwhile
   */
  setWebhook(webhook: StoredWebhook, keepsPlace: boolean, change: AdminChange): Promise<boolean>;
  /**
   * Takes the share of this process of all webhooks that are neither deleted nor disabled, for `leaseMs` milliseconds. No
   * other process gets one of these meanwhile. A call renews what the process has; what a call does not return is lost.
   * @param processId a name that no other process has
   */
  takeShare(processId: string, leaseMs: number): Promise<ReadonlySet<string>>;
  /** Gives back the share of a process, because the process stops. */
  leaveShare(processId: string): Promise<void>;
  lags(webhookId: string): Promise<readonly StoredLag[]>;
  /** @returns false when nothing was changed, because the process has lost the webhook or the webhook was set meanwhile */
  writeProgress(progress: WebhookProgress): Promise<boolean>;
  /** Stores what a person has sent, in place of an earlier delivery of the event, and records that it was sent. */
  writeDelivery(delivery: StoredDelivery, change: AdminChange): Promise<void>;
  deliveries(webhookId: string, filter: DeliveryFilter): Promise<readonly StoredDelivery[]>;
  /** Deletes old deliveries, and the webhooks that were deleted before the same instant and have none left. */
  prune(pruning: Pruning): Promise<void>;
}

export type WebhookRow = RowOf<
  'webhooks',
  {
    readonly id: string;
    readonly url: string;
    readonly types: string;
    readonly doctor_ids: string;
    readonly secret: string;
    readonly previous_secret: string | null;
    readonly previous_until: EpochMs | null;
    readonly created_at: EpochMs;
    readonly disabled_at: EpochMs | null;
    readonly disabled_reason: DisabledReason | null;
    readonly deleted_at: EpochMs | null;
    readonly revision: number;
    readonly cursor: string;
    readonly succeeded_at: EpochMs | null;
  }
>;

// Neither an id of a doctor nor a type has a blank.
const listOf = (text: string): string[] => text.split(' ').filter((item) => item !== '');

export const webhookRow = (webhook: StoredWebhook): WebhookRow => ({
  id: webhook.id,
  url: webhook.url,
  types: webhook.types.join(' '),
  doctor_ids: webhook.doctorIds.join(' '),
  secret: webhook.secret,
  previous_secret: webhook.previousSecret,
  previous_until: webhook.previousUntil,
  created_at: webhook.createdAt,
  disabled_at: webhook.disabledAt,
  disabled_reason: webhook.disabledReason,
  deleted_at: webhook.deletedAt,
  revision: webhook.revision,
  cursor: webhook.cursor,
  succeeded_at: webhook.succeededAt,
});

export const webhookOf = (row: WebhookRow): StoredWebhook => ({
  id: row.id,
  url: row.url,
  types: listOf(row.types),
  doctorIds: listOf(row.doctor_ids) as DoctorId[],
  secret: row.secret,
  previousSecret: row.previous_secret,
  previousUntil: row.previous_until,
  createdAt: row.created_at,
  disabledAt: row.disabled_at,
  disabledReason: row.disabled_reason,
  deletedAt: row.deleted_at,
  revision: row.revision,
  cursor: row.cursor,
  succeededAt: row.succeeded_at,
});

export type LagRow = RowOf<
  'webhook_lags',
  {
    readonly webhook_id: string;
    readonly doctor_id: DoctorId;
    readonly cursor: string;
    readonly tries: number;
    readonly failing_since: EpochMs;
    readonly next_at: EpochMs;
  }
>;

export const lagRow = (lag: StoredLag): LagRow => ({
  webhook_id: lag.webhookId,
  doctor_id: lag.doctorId,
  cursor: lag.cursor,
  tries: lag.tries,
  failing_since: lag.failingSince,
  next_at: lag.nextAt,
});

export const lagOf = (row: LagRow): StoredLag => ({
  webhookId: row.webhook_id,
  doctorId: row.doctor_id,
  cursor: row.cursor,
  tries: row.tries,
  failingSince: row.failing_since,
  nextAt: row.next_at,
});

export type DeliveryRow = RowOf<
  'webhook_deliveries',
  {
    readonly webhook_id: string;
    readonly event_id: string;
    readonly type: string;
    readonly doctor_id: DoctorId | null;
    readonly status: DeliveryStatus;
    readonly tries: number;
    readonly at: EpochMs;
    readonly next_at: EpochMs | null;
    readonly http_status: number | null;
    readonly answer: string | null;
    readonly error: string | null;
  }
>;

export const deliveryRow = (delivery: StoredDelivery): DeliveryRow => ({
  webhook_id: delivery.webhookId,
  event_id: delivery.eventId,
  type: delivery.type,
  doctor_id: delivery.doctorId,
  status: delivery.status,
  tries: delivery.tries,
  at: delivery.at,
  next_at: delivery.nextAt,
  http_status: delivery.httpStatus,
  answer: delivery.answer,
  error: delivery.error,
});

export const deliveryOf = (row: DeliveryRow): StoredDelivery => ({
  webhookId: row.webhook_id,
  eventId: row.event_id,
  type: row.type,
  doctorId: row.doctor_id,
  status: row.status,
  tries: row.tries,
  at: row.at,
  nextAt: row.next_at,
  httpStatus: row.http_status,
  answer: row.answer,
  error: row.error,
});
