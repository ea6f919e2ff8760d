import type { EpochMs } from '../engine/index.ts';
import type { RecordFilter } from './archive.ts';
import type { RowOf } from './tables.ts';

/** What was done to what administrators set beside the clinic: access keys and webhooks. */
export const ADMIN_CHANGE_KINDS = [
  ...(['key_created', 'key_changed', 'key_rotated', 'key_revoked'] as const),
  ...(['webhook_created', 'webhook_changed', 'webhook_rotated', 'webhook_deleted'] as const),
  ...(['webhook_replayed', 'webhook_tested', 'webhook_disabled'] as const),
];
export type AdminChangeKind = (typeof ADMIN_CHANGE_KINDS)[number];

/** A change of an access key or of a webhook, as it is recorded. */
export interface AdminChange {
  /** A UUID of version 7, so it sorts by time. */
  readonly id: string;
  readonly at: EpochMs;
  readonly kind: AdminChangeKind;
  /** The name of the key, or the id of the webhook. */
  readonly name: string;
  /** The role of the key after the change; empty for a webhook. */
  readonly role: string;
  /** Where the webhook leads after the change; null for a key. */
  readonly url: string | null;
  readonly actor: string;
}

/** Which of these changes are asked for: those that have all of what is given. */
export type AdminChangeFilter = Pick<RecordFilter, 'actor' | 'kind' | 'from' | 'to'>;

export type AdminChangeRow = RowOf<'key_changes', AdminChange>;

/** The parameters of the statement that reads these changes. */
export const adminChangeValues = (
  { actor, kind, from, to }: AdminChangeFilter,
  before: string | null,
  limit: number,
) => [before, kind, actor, from, to, limit] as const;
