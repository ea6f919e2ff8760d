import type { KeyStore, KeyWrite, StoredKey, StoredSecret } from './access-keys.ts';
import type { AdminChange, AdminChangeFilter } from './admin-changes.ts';
import type { GroupCommit } from './group-commit.ts';

/** The stored rows of access keys and secrets, all of them durable. */
export interface KeyRows {
  accessKeys(): readonly StoredKey[];
  secrets(): readonly StoredSecret[];
  adminChanges(
    filter: AdminChangeFilter,
    before: string | null,
    limit: number,
  ): readonly AdminChange[];
}

/** Keys are written in the batches of the commands, because one thread writes to the database. */
export class SoleOwnerKeyStore implements KeyStore {
  readonly #rows: KeyRows;
  readonly #commits: Pick<GroupCommit, 'transact'>;

  constructor({ rows, commits }: { rows: KeyRows; commits: Pick<GroupCommit, 'transact'> }) {
    this.#rows = rows;
    this.#commits = commits;
  }

  async accessKeys(): Promise<readonly StoredKey[]> {
    return Promise.resolve(this.#rows.accessKeys());
  }

  async secrets(): Promise<readonly StoredSecret[]> {
    return Promise.resolve(this.#rows.secrets());
  }

  async adminChanges(
    filter: AdminChangeFilter,
    before: string | null,
    limit: number,
  ): Promise<readonly AdminChange[]> {
    return Promise.resolve(this.#rows.adminChanges(filter, before, limit));
  }

  async writeKeys(keys: readonly KeyWrite[]): Promise<void> {
    const origin = { actor: 'system', reason: null };
    const decision = { changes: [], answer: undefined, origin, response: null, keys };
    await this.#commits.transact([], () => decision);
  }
}
