import type {
  KeyChange,
  KeyChangeFilter,
  KeyStore,
  KeyWrite,
  StoredKey,
  StoredSecret,
} from './access-keys.ts';
import type { GroupCommit } from './group-commit.ts';

/** The stored rows of access keys and secrets, all of them durable. */
export interface KeyRows {
  accessKeys(): readonly StoredKey[];
  secrets(): readonly StoredSecret[];
  keyChanges(filter: KeyChangeFilter, before: string | null, limit: number): readonly KeyChange[];
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

  async keyChanges(
    filter: KeyChangeFilter,
    before: string | null,
    limit: number,
  ): Promise<readonly KeyChange[]> {
    return Promise.resolve(this.#rows.keyChanges(filter, before, limit));
  }

  async writeKeys(keys: readonly KeyWrite[]): Promise<void> {
    const origin = { actor: 'system', reason: null };
    const decision = { changes: [], answer: undefined, origin, response: null, keys };
    await this.#commits.transact([], () => decision);
  }
}
