import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import {
  keyOf,
  secretOf,
  type KeyRow,
  type KeyWrite,
  type OpenKeyStore,
  type SecretRow,
  type StoredKey,
  type StoredSecret,
} from '../access-keys.ts';
import { keyOperations } from './batch-writer.ts';
import { openCurrent } from './open-read-only.ts';
import { migrate, openForWriting, prepareFile, takeOwnership, writing } from './open.ts';
import { READS, WRITES } from './statements.ts';

/**
 * The access keys of a database file, for the program `keys`. It writes beside the owner of the file, because the owner
 * decides nothing by what is stored of the keys: it reads the table again and again.
 */
export class SqliteKeyStore implements OpenKeyStore {
  readonly #path: string;
  readonly #database: DatabaseSync;

  /** @throws StoreOpenError when the file is not a database of this program and its version, or cannot be written */
  constructor(file: string) {
    this.#path = prepareFile(file);
    if (statSync(this.#path).size === 0) createTables(this.#path);
    openCurrent(this.#path).close();
    this.#database = writing(this.#path, () => openForWriting(this.#path));
  }

  accessKeys(): Promise<readonly StoredKey[]> {
    const rows = this.#database.prepare(READS.accessKeys).all() as unknown as KeyRow[];
    return Promise.resolve(rows.map(keyOf));
  }

  secrets(): Promise<readonly StoredSecret[]> {
    const rows = this.#database.prepare(READS.secrets).all() as unknown as SecretRow[];
    return Promise.resolve(rows.map(secretOf));
  }

  async writeKeys(writes: readonly KeyWrite[]): Promise<void> {
    await Promise.resolve();
    writing(this.#path, () => {
      this.#database.exec('BEGIN IMMEDIATE');
      for (const [name, values] of writes.flatMap(keyOperations))
        this.#database.prepare(WRITES[name]).run(...values);
      this.#database.exec('COMMIT');
    });
  }

  close(): Promise<void> {
    this.#database.close();
    return Promise.resolve();
  }
}

/** Only the owner of a file creates its tables. */
function createTables(path: string): void {
  const owner = takeOwnership(path);
  try {
    migrate(path);
  } finally {
    owner.close();
  }
}
