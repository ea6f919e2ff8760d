import { existsSync, linkSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { invariant } from '../../engine/index.ts';
import { openCurrent } from './open-read-only.ts';
import {
  migrate,
  openForWriting,
  prepareFile,
  prepareFolder,
  takeOwnership,
  writing,
} from './open.ts';
import { SqliteAuditSource } from './audit-source.ts';
import { StoreOpenError } from '../store.ts';
import { ROWS_PER_BATCH } from '../audit-source.ts';
import type { CopyTarget, CopySource } from '../copy.ts';
import {
  columnsOf,
  columnsOfType,
  TABLES,
  type CopiedRow,
  type TableName,
  type Value,
} from '../tables.ts';
import { INDEX_ALL, insert, select } from './statements.ts';

/** A database file that no process has open. */
export class SqliteCopySource implements CopySource {
  readonly name: string;
  readonly source: SqliteAuditSource;
  readonly #owner: DatabaseSync;
  readonly #database: DatabaseSync;

  /** @throws StoreOpenError when it is in use, or there is no database of this program and its version */
  constructor(path: string) {
    this.name = `The database ${path}`;
    // Opened once before the lock is taken, because the lock leaves a file beside the database: not beside a foreign one.
    openCurrent(path).close();
    this.#owner = takeOwnership(realpathSync(path));
    try {
      this.source = new SqliteAuditSource(path);
      this.#database = openCurrent(path);
    } catch (error) {
      this.#owner.close();
      throw error;
    }
  }

  rows(table: TableName): Generator<readonly CopiedRow[]> {
    return rowsOf(this.#database, table);
  }

  async close(): Promise<void> {
    this.#database.close();
    await this.source.close();
    this.#owner.close();
  }
}

/** A new database file. It is written in a directory of its own beside its place, and moved there by `commit`. */
export class SqliteCopyTarget implements CopyTarget {
  readonly #path: string;
  readonly #directory: string;
  readonly #database: DatabaseSync;
  readonly #inserts = new Map<TableName, StatementSync>();
  #written: SqliteCopySource | null = null;

  /** @throws StoreOpenError when the file exists already, its folder does not, or it cannot be written */
  constructor(path: string) {
    // SQLite would take a journal left beside an earlier database of this name for a part of the new one.
    for (const file of [path, `${path}-wal`, `${path}-journal`])
      if (existsSync(file))
        throw new StoreOpenError(`The file ${file} is there already: name a new one.`);
    this.#path = path;
    prepareFolder(path);
    this.#directory = writing(path, () => mkdtempSync(`${path}-copy-`));
    try {
      prepareFile(this.#file);
      migrate(this.#file);
      this.#database = openForWriting(this.#file);
      this.#database.exec('BEGIN');
    } catch (error) {
      rmSync(this.#directory, { recursive: true });
      throw error;
    }
  }

  add(table: TableName, rows: readonly CopiedRow[]): Promise<void> {
    const statement =
      this.#inserts.get(table) ?? this.#database.prepare(insert(table, columnsOf(table)));
    this.#inserts.set(table, statement);
    writing(this.#path, () => {
      for (const row of rows)
        statement.run(...row.map((value) => (typeof value === 'boolean' ? Number(value) : value)));
    });
    return Promise.resolve();
  }

  written(): CopySource {
    writing(this.#path, () => {
      // The copied columns do not have what the indexes need: no slot of the copy is in memory.
      this.#database.exec(`${INDEX_ALL} COMMIT`);
      // From here on all rows are in the one file, and none in a journal beside it.
      const { journal_mode: mode } =
        this.#database.prepare('PRAGMA journal_mode = DELETE').get() ?? {};
      invariant(mode === 'delete', 'no other connection has the copy open');
      this.#database.close();
    });
    this.#written = new SqliteCopySource(this.#file);
    return this.#written;
  }

  async commit(): Promise<void> {
    await this.#written?.close();
    this.#written = null;
    // A link, because unlike a rename it never replaces a file that was created meanwhile.
    writing(this.#path, () => linkSync(this.#file, this.#path));
  }

  async close(): Promise<void> {
    await this.#written?.close();
    if (this.#database.isOpen) this.#database.close();
    rmSync(this.#directory, { recursive: true });
  }

  get #file(): string {
    return join(this.#directory, 'copy.db');
  }
}

function* rowsOf(database: DatabaseSync, table: TableName): Generator<readonly CopiedRow[]> {
  const columns = columnsOf(table);
  const booleans = columnsOfType(table, 'boolean');
  const statement = database.prepare(`${select(table)} ORDER BY ${TABLES[table].order}`);
  let batch: CopiedRow[] = [];
  for (const row of statement.iterate()) {
    batch.push(
      columns.map((name) => {
        const value = row[name] as Value;
        return booleans.has(name) ? Boolean(value) : value;
      }),
    );
    if (batch.length < ROWS_PER_BATCH) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}
