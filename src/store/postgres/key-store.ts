import {
  keyOf,
  keyRow,
  secretOf,
  secretRow,
  type KeyRow,
  type KeyStore,
  type KeyWrite,
  type OpenKeyStore,
  type SecretRow,
  type StoredKey,
  type StoredSecret,
} from '../access-keys.ts';
import { adminChangeValues, type AdminChange, type AdminChangeFilter } from '../admin-changes.ts';
import { openForKeys } from './open.ts';
import type { Run } from './session.ts';

/** The access keys of a PostgreSQL database. */
export class PostgresKeyStore implements KeyStore {
  readonly #run: Run;

  /** @param run may retry a statement, because each of them has the same effect when it is repeated */
  constructor(run: Run) {
    this.#run = run;
  }

  async accessKeys(): Promise<readonly StoredKey[]> {
    return (await this.#run('accessKeys')).map((row) => keyOf(row as unknown as KeyRow));
  }

  async secrets(): Promise<readonly StoredSecret[]> {
    return (await this.#run('secrets')).map((row) => secretOf(row as unknown as SecretRow));
  }

  async adminChanges(
    filter: AdminChangeFilter,
    before: string | null,
    limit: number,
  ): Promise<readonly AdminChange[]> {
    const rows = await this.#run('adminChanges', ...adminChangeValues(filter, before, limit));
    return rows as unknown as readonly AdminChange[];
  }

  async writeKeys(writes: readonly KeyWrite[]): Promise<void> {
    const set = writes.flatMap((write) => ('set' in write ? [write] : []));
    const secrets = writes.flatMap((write) => ('secret' in write ? [secretRow(write.secret)] : []));
    const used = writes.flatMap((write) => ('used' in write ? [write.used] : []));
    if (set.length > 0) {
      // The record comes first, so that no key is changed without one, whatever fails in between.
      await this.#run('recordAdminChanges', JSON.stringify(set.map(({ change }) => change)));
      await this.#run('setKeys', JSON.stringify(set.map((write) => keyRow(write.set))));
    }
    if (secrets.length > 0) await this.#run('addSecrets', JSON.stringify(secrets));
    if (used.length > 0) await this.#run('noteKeyUses', JSON.stringify(used));
  }
}

/**
 * Opens a database for its keys alone. An empty database gets its tables.
 * @throws StoreOpenError when the database cannot be reached, or belongs to another program or version
 */
export async function openKeyStore(url: string): Promise<OpenKeyStore> {
  const session = await openForKeys(url);
  const store = new PostgresKeyStore(session.run);
  return {
    accessKeys: () => store.accessKeys(),
    writeKeys: (writes) => store.writeKeys(writes),
    close: () => session.close(),
  };
}
