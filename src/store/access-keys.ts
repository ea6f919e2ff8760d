import type { DoctorId, EpochMs } from '../engine/index.ts';
import type { AdminChange, AdminChangeFilter } from './admin-changes.ts';
import type { RowOf } from './tables.ts';

/** An access key as it is stored. The secret itself is not stored anywhere. */
export interface StoredKey {
  readonly name: string;
  /** The public part of the secret, by which a log names the key. */
  readonly id: string;
  /** SHA-256 of the whole secret, in hexadecimal. */
  readonly hash: string;
  readonly role: string;
  /** The doctors to whom the key is limited. Empty when it is not limited. */
  readonly doctorIds: readonly DoctorId[];
  readonly createdAt: EpochMs;
  /** The instant from which the key is not valid any more; null for never. */
  readonly expiresAt: EpochMs | null;
  /** The instant at which the key was revoked; null when it was not. A revoked key stays on record. */
  readonly revokedAt: EpochMs | null;
  /** Its last use, to the minute or less; null before the first one. */
  readonly lastUsedAt: EpochMs | null;
}

/** When a key was used last. The id names the secret: a key that was rotated since has another one. */
export interface KeyUse {
  readonly id: string;
  readonly at: EpochMs;
}

/** A random text that all processes of a database know, and nobody else. */
export interface StoredSecret {
  /** What it is for. */
  readonly name: string;
  readonly value: string;
  readonly createdAt: EpochMs;
}

/**
 * A write to the tables of keys and secrets. A key that is set goes on record with it. A secret whose name exists already
 * is left out: the first one stays.
 */
export type KeyWrite =
  | { readonly set: StoredKey; readonly change: AdminChange }
  | { readonly used: KeyUse }
  | { readonly secret: StoredSecret };

/** The access keys and the secrets of a database. Other processes and the program `keys` write them too. */
export interface KeyStore {
  /**
   * All keys, also revoked and expired ones, in the order of their names.
   * @throws NotDurableError they cannot be read now
   */
  accessKeys(): Promise<readonly StoredKey[]>;
  /**
   * The secrets of the database, in no particular order.
   * @throws NotDurableError they cannot be read now
   */
  secrets(): Promise<readonly StoredSecret[]>;
  /**
   * The changes of keys and webhooks, the latest first.
   * @param before the id before which they are; null for the latest
   * @param limit how many at most, 1 or more
   * @throws NotDurableError they cannot be read now
   */
  adminChanges(
    filter: AdminChangeFilter,
    before: string | null,
    limit: number,
  ): Promise<readonly AdminChange[]>;
  /**
   * Makes writes durable, all or none. A key that is set replaces the key of the same name.
   * @throws NotDurableError nothing was changed, because the store cannot write now
   */
  writeKeys(writes: readonly KeyWrite[]): Promise<void>;
}

/** The keys of a database that is opened for its keys alone, beside a running service or without one. */
export interface OpenKeyStore extends Pick<KeyStore, 'accessKeys' | 'writeKeys'> {
  close(): Promise<void>;
}

export type KeyRow = RowOf<
  'access_keys',
  {
    readonly name: string;
    readonly id: string;
    readonly hash: string;
    readonly role: string;
    readonly doctor_ids: string;
    readonly created_at: EpochMs;
    readonly expires_at: EpochMs | null;
    readonly revoked_at: EpochMs | null;
    readonly last_used_at: EpochMs | null;
  }
>;

export type SecretRow = RowOf<
  'secrets',
  { readonly name: string; readonly value: string; readonly created_at: EpochMs }
>;

export const secretRow = ({ name, value, createdAt }: StoredSecret): SecretRow => ({
  ...{ name, value, created_at: createdAt },
});

export const secretOf = ({ name, value, created_at: createdAt }: SecretRow): StoredSecret => ({
  ...{ name, value, createdAt },
});

export const keyRow = (key: StoredKey): KeyRow => ({
  name: key.name,
  id: key.id,
  hash: key.hash,
  role: key.role,
  // No id of a doctor has a blank.
  doctor_ids: key.doctorIds.join(' '),
  created_at: key.createdAt,
  expires_at: key.expiresAt,
  revoked_at: key.revokedAt,
  last_used_at: key.lastUsedAt,
});

export const keyOf = (row: KeyRow): StoredKey => ({
  name: row.name,
  id: row.id,
  hash: row.hash,
  role: row.role,
  doctorIds: row.doctor_ids.split(' ').filter((id) => id !== '') as DoctorId[],
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
  lastUsedAt: row.last_used_at,
});
