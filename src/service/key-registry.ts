import { hash, randomBytes } from 'node:crypto';
import { epochMs, type DoctorId, type EpochMs } from '../engine/index.ts';
import type { AdminChangeKind, OpenKeyStore, StoredKey } from '../store/index.ts';
import { createAdminRecorder } from './admin-changes.ts';
import { isDate } from './calendar.ts';
import type { Fault } from './fault-words.ts';
import { LIMITED_ROLES, type Role } from './roles.ts';

/** Keys that a database may have, revoked ones included: each process reads all of them twice a second. */
export const KEYS_MAX = 1_000;
/** The name of a key. A slash would divide it from a person in the record. */
export const KEY_NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$';
/** Actors on record that are no keys. */
const RESERVED_NAMES = ['anonymous', 'system'];
const ID_BYTES = 6;
const SECRET_BYTES = 32;

/** What an administrator says of a key. */
export interface KeyInput {
  readonly name: string;
  readonly role: Role;
  /** The doctors to whom the key is limited; empty for all. */
  readonly doctorIds: readonly DoctorId[];
  readonly expiresAt: EpochMs | null;
}

/** A key that was set. */
export interface PutKey {
  readonly key: StoredKey;
  /** The secret, if it is a new one. It is given only here. */
  readonly secret: string | null;
  /** Whether there was no such key, or only a revoked one. */
  readonly isNew: boolean;
}

/** What is wrong with the doctors to whom a caller of this role is limited; undefined when nothing is. */
export function doctorsFaultOf(role: Role, doctorIds: readonly string[]): string | undefined {
  if (doctorIds.length > 0 && !LIMITED_ROLES.has(role))
    return `must be empty: the role ${role} concerns the whole hospital`;
  return doctorIds.length === 0 && role === 'doctor'
    ? 'must name the doctor who uses it'
    : undefined;
}

/** The hash that is stored of a secret. */
export const hashOf = (secret: string): string => hash('sha256', secret, 'hex');

/** The instant of an expiry that a person gives: an instant, or a date, which means its end in UTC. */
export function expiryOf(text: string): EpochMs | undefined {
  const isWholeDate = isDate(text);
  const isInstant = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(text);
  if (!isWholeDate && !(isInstant && isDate(text.slice(0, 10)))) return undefined;
  const ms = Date.parse(isWholeDate ? `${text}T24:00:00Z` : text);
  return Number.isNaN(ms) ? undefined : epochMs(ms);
}

/** What the registry needs of a store of keys. */
type KeyRows = Omit<OpenKeyStore, 'close'>;

/** Adds, changes, rotates and revokes keys, and records who did it. Names and roles are checked; secrets are made here. */
export class KeyRegistry {
  readonly #store: KeyRows;
  readonly #clock: () => EpochMs;
  readonly #changeOf: ReturnType<typeof createAdminRecorder>;

  constructor(store: KeyRows, clock: () => EpochMs) {
    this.#store = store;
    this.#clock = clock;
    this.#changeOf = createAdminRecorder(clock);
  }

  /** All keys, also revoked and expired ones, in the order of their names. */
  list(): Promise<readonly StoredKey[]> {
    return this.#store.accessKeys();
  }

  /**
   * Adds a key, or changes the role, the doctors and the expiry of a key.
   * @param actor who does it, for the record
   * @param rotates whether a key that exists gets a new secret too; the old one is not valid any more then
   * @returns the key, or the faults of the input, in which case nothing was changed
   */
  async put(
    input: KeyInput,
    rotates: boolean,
    actor: string,
  ): Promise<PutKey | { faults: readonly Fault[] }> {
    const now = this.#clock();
    const keys = await this.#store.accessKeys();
    const before = keys.find(({ name, revokedAt }) => name === input.name && revokedAt === null);
    const faults = faultsOf(input, now);
    if (keys.length >= KEYS_MAX && !keys.some(({ name }) => name === input.name))
      faults.push({ pointer: '', detail: `cannot be added: there are ${KEYS_MAX} keys already` });
    if (faults.length > 0) return { faults };
    const { secret, ...credential } =
      before === undefined || rotates ? newSecret(now) : { ...credentialOf(before), secret: null };
    const key = { ...input, ...credential, revokedAt: null };
    const kind = before === undefined ? 'key_created' : rotates ? 'key_rotated' : 'key_changed';
    await this.#write(key, kind, actor);
    return { key, secret, isNew: before === undefined };
  }

  /**
   * Gives a key a new secret. The old one is not valid any more.
   * @returns undefined when there is no such key
   */
  async rotate(name: string, actor: string): Promise<PutKey | undefined> {
    const keys = await this.#store.accessKeys();
    const before = keys.find((key) => key.name === name && key.revokedAt === null);
    if (before === undefined) return undefined;
    const { secret, ...credential } = newSecret(this.#clock());
    const key = { ...before, ...credential };
    await this.#write(key, 'key_rotated', actor);
    return { key, secret, isNew: false };
  }

  /**
   * Revokes a key. A key that is revoked already stays as it is.
   * @returns undefined when there is no such key
   */
  async revoke(name: string, actor: string): Promise<StoredKey | undefined> {
    const keys = await this.#store.accessKeys();
    const before = keys.find((key) => key.name === name);
    if (before === undefined || before.revokedAt !== null) return before;
    const key = { ...before, revokedAt: this.#clock() };
    await this.#write(key, 'key_revoked', actor);
    return key;
  }

  async #write(set: StoredKey, kind: AdminChangeKind, actor: string): Promise<void> {
    const { name, role } = set;
    await this.#store.writeKeys([
      { set, change: this.#changeOf({ kind, name, role, url: null, actor }) },
    ]);
  }
}

/** What a new secret changes of a key. */
type Credential = Pick<StoredKey, 'id' | 'hash' | 'createdAt' | 'lastUsedAt'>;

const credentialOf = ({ id, hash: stored, createdAt, lastUsedAt }: StoredKey): Credential => ({
  ...{ id, hash: stored, createdAt, lastUsedAt },
});

/** A new secret: a public id, by which logs name it, and 256 random bits. */
function newSecret(now: EpochMs): Credential & { readonly secret: string } {
  const id = randomBytes(ID_BYTES).toString('hex');
  const secret = `opd_${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  return { id, hash: hashOf(secret), createdAt: now, lastUsedAt: null, secret };
}

function faultsOf({ name, role, doctorIds, expiresAt }: KeyInput, now: EpochMs): Fault[] {
  const faults: Fault[] = [];
  if (!new RegExp(KEY_NAME_PATTERN).test(name) || RESERVED_NAMES.includes(name))
    faults.push({
      pointer: '/name',
      detail: `must be 1 to 64 letters, digits and _.-, begin with a letter or digit, and be none of ${RESERVED_NAMES.join(', ')}`,
    });
  const fault = doctorsFaultOf(role, doctorIds);
  if (fault !== undefined) faults.push({ pointer: '/doctor_ids', detail: fault });
  if (expiresAt !== null && expiresAt <= now)
    faults.push({ pointer: '/expires_at', detail: 'must be later than now' });
  return faults;
}
