import { timingSafeEqual } from 'node:crypto';
import type { DoctorId, EpochMs } from '../engine/index.ts';
import type { KeyStore, KeyWrite, StoredKey } from '../store/index.ts';
import type { Identity } from './caller.ts';
import { hashOf, KeyRegistry } from './key-registry.ts';
import type { Role } from './roles.ts';

/** Milliseconds between two stored uses of a key. */
const USE_GAP_MS = 60_000;
/** A secret, with its public id. */
const SECRET = /^opd_([\da-f]{12})_[\w-]{43}$/;

/** Why a secret is not accepted. */
export type KeyFailure = 'malformed' | 'unknown' | 'expired' | 'revoked';

/** Who sends a secret, or why it is not accepted; the id is null when the secret has none. */
export type Recognition =
  { readonly identity: Identity } | { readonly failure: KeyFailure; readonly keyId: string | null };

/** A key in memory. */
interface KnownKey {
  readonly stored: StoredKey;
  readonly identity: Identity;
  /** The latest use in this process; 0 before the first. */
  usedAt: number;
}

/**
 * The keys in the memory of this process, as they were stored at the last refresh. Requests are recognised from memory
 * alone. A refresh at least every half second makes a revocation take effect in every process within a second.
 */
export class AccessKeys {
  readonly registry: KeyRegistry;
  readonly #store: KeyStore;
  readonly #clock: () => EpochMs;
  #known: ReadonlyMap<string, KnownKey> | null = null;
  #byName: ReadonlyMap<string, KnownKey> = new Map();
  /** The secrets that were recognised since the last refresh: at most one for each key. */
  readonly #recognised = new Map<string, KnownKey>();

  constructor(store: KeyStore, clock: () => EpochMs) {
    this.registry = new KeyRegistry(store, clock);
    this.#store = store;
    this.#clock = clock;
  }

  /** `loading` before the first refresh; `none` if there has never been a key, not even one that is revoked now. */
  get state(): 'loading' | 'none' | 'some' {
    if (this.#known === null) return 'loading';
    return this.#known.size === 0 ? 'none' : 'some';
  }

  /**
   * Finds the key of a secret. The secrets of this process's memory are compared as whole hashes in constant time; a
   * secret that was recognised before is found by the hash of the map, which tells an attacker nothing about its letters.
   */
  recognise(secret: string): Recognition {
    const key = this.#recognised.get(secret) ?? this.#find(secret);
    if ('failure' in key) return key;
    const { expiresAt, id } = key.stored;
    const now = this.#clock();
    if (expiresAt !== null && expiresAt <= now) return { failure: 'expired', keyId: id };
    key.usedAt = now;
    return key;
  }

  /** The valid key of this name, with the public id of its secret; null when there is none. */
  validKey(name: string): { readonly id: string; readonly identity: Identity } | null {
    const key = this.#byName.get(name);
    if (key === undefined || key.stored.revokedAt !== null) return null;
    const { id, expiresAt } = key.stored;
    return expiresAt !== null && expiresAt <= this.#clock() ? null : { id, identity: key.identity };
  }

  /**
   * Reads the keys again and stores when they were used.
   * @throws NotDurableError when the store cannot be read or written now; the keys stay as they were
   */
  async refresh(): Promise<void> {
    const before = this.#known;
    const keys = await this.#store.accessKeys();
    this.#known = new Map(
      keys.map((stored) => {
        const usedAt = before?.get(stored.id)?.usedAt ?? 0;
        return [stored.id, { stored, identity: identityOf(stored), usedAt }];
      }),
    );
    this.#byName = new Map([...this.#known.values()].map((key) => [key.stored.name, key]));
    this.#recognised.clear();
    const used = this.#usesToStore();
    if (used.length > 0) await this.#store.writeKeys(used);
  }

  #find(secret: string): KnownKey | Extract<Recognition, { failure: KeyFailure }> {
    const keyId = SECRET.exec(secret)?.[1] ?? null;
    if (keyId === null) return { failure: 'malformed', keyId };
    const key = this.#known?.get(keyId);
    if (key === undefined || !isEqual(hashOf(secret), key.stored.hash))
      return { failure: 'unknown', keyId };
    if (key.stored.revokedAt !== null) return { failure: 'revoked', keyId };
    this.#recognised.set(secret, key);
    return key;
  }

  #usesToStore(): KeyWrite[] {
    return [...(this.#known?.values() ?? [])]
      .filter(({ stored, usedAt }) => usedAt - (stored.lastUsedAt ?? 0) >= USE_GAP_MS)
      .map(({ stored, usedAt }) => ({ used: { id: stored.id, at: usedAt as EpochMs } }));
  }
}

const isEqual = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

const identityOf = ({ name, role, doctorIds }: StoredKey): Identity => ({
  name,
  actor: name,
  // A role that only a newer version of the program knows is granted nothing by the table of this version.
  role: role as Role,
  doctorIds: doctorIds.length === 0 ? null : new Set<DoctorId>(doctorIds),
});
