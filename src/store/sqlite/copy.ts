import { existsSync, linkSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { invariant } from '../../engine/index.ts';
import { openCurrent } from './open-read-only.ts';
import { migrate, openForWriting, prepareFile, takeOwnership } from './open.ts';
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

/** A database file that no process has open. */
export class SqliteCopySource implements CopySource {
  readonly name: string;
  readonly source: SqliteAuditSource;
  readonly #owner: DatabaseSync;
  readonly #database: DatabaseSync;

  /** @throws StoreOpenError when it is in use, or there is no database of this program and its version */
  constructor(path: string) {
    this.name = `The database ${path}`;
    // A look first: beside what is no database of ours, nothing is left.
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

/** A database file in the making, in a directory beside the place where it is to be. */
export class SqliteCopyTarget implements CopyTarget {
  readonly #path: string;
  readonly #directory: string;
  readonly #database: DatabaseSync;
  readonly #inserts = new Map<TableName, StatementSync>();
  #written: SqliteCopySource | null = null;

  /** @throws StoreOpenError when there is a file already, or none can be made */
  constructor(path: string) {
    // What was left beside another database of this name would be taken for a part of the new one.
    for (const file of [path, `${path}-wal`, `${path}-journal`])
      if (existsSync(file))
        throw new StoreOpenError(`The file ${file} is there already: name a new one.`);
    this.#path = path;
    this.#directory = told(path, () => {
      mkdirSync(dirname(resolve(path)), { recursive: true });
      return mkdtempSync(`${path}-copy-`);
    });
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
    const insert = this.#inserts.get(table) ?? this.#database.prepare(insertInto(table));
    this.#inserts.set(table, insert);
    told(this.#path, () => {
      for (const row of rows)
        insert.run(...row.map((value) => (typeof value === 'boolean' ? Number(value) : value)));
    });
    return Promise.resolve();
  }

  written(): CopySource {
    told(this.#path, () => {
      this.#database.exec('COMMIT');
      // No longer in the file beside it: everything is in the one that is kept.
      const { journal_mode: mode } =
        this.#database.prepare('PRAGMA journal_mode = DELETE').get() ?? {};
      invariant(mode === 'delete', 'nobody else has the copy open');
      this.#database.close();
    });
    this.#written = new SqliteCopySource(this.#file);
    return this.#written;
  }

  async commit(): Promise<void> {
    await this.#written?.close();
    this.#written = null;
    // Unlike a renaming, a link never takes the place of a file that has come meanwhile.
    told(this.#path, () => linkSync(this.#file, this.#path));
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

const insertInto = (table: TableName): string => {
  const columns = columnsOf(table);
  return `INSERT INTO ${table} (${columns.join()}) VALUES (${columns.map(() => '?').join()})`;
};

function* rowsOf(database: DatabaseSync, table: TableName): Generator<readonly CopiedRow[]> {
  const columns = columnsOf(table);
  const booleans = columnsOfType(table, 'boolean');
  const statement = database.prepare(
    `SELECT ${columns.join()} FROM ${table} ORDER BY ${TABLES[table].order}`,
  );
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

/** @throws StoreOpenError with what it throws */
function told<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw new StoreOpenError(
      `The database ${path} cannot be written: ${(error as Error).message}.`,
    );
  }
}
