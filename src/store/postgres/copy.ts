import { nameOf } from './errors.ts';
import { openAlone, openEmpty } from './open.ts';
import { PostgresAuditSource } from './audit-source.ts';
import type { ReadTransaction } from './read-transaction.ts';
import type { CopyTarget, CopySource } from '../copy.ts';
import {
  columnsOf,
  columnsOfType,
  TABLE_NAMES,
  TABLES,
  type CopiedRow,
  type TableName,
  type Value,
} from '../tables.ts';

/** A database as it is in a transaction. */
export class PostgresCopySource implements CopySource {
  readonly name: string;
  readonly source: PostgresAuditSource;
  readonly #view: ReadTransaction;

  constructor(view: ReadTransaction, url: string) {
    this.name = `The database ${nameOf(url)}`;
    this.source = new PostgresAuditSource(view);
    this.#view = view;
  }

  /** @throws StoreOpenError when it is in use, or there is no database of this program and its version */
  static async open(url: string): Promise<PostgresCopySource> {
    return new PostgresCopySource(await openAlone(url), url);
  }

  async *rows(table: TableName): AsyncGenerator<readonly CopiedRow[]> {
    const columns = columnsOf(table);
    for await (const batch of this.#view.batches(select(table)))
      yield batch.map((row) => columns.map((name) => row[name] as Value));
  }

  close(): Promise<void> {
    return this.#view.close();
  }
}

/** A database that is filled in one transaction. */
export class PostgresCopyTarget implements CopyTarget {
  readonly #view: ReadTransaction;
  readonly #url: string;

  private constructor(view: ReadTransaction, url: string) {
    this.#view = view;
    this.#url = url;
  }

  /** @throws StoreOpenError when it is in use, not empty, not ours or newer than the program */
  static async open(url: string): Promise<PostgresCopyTarget> {
    return new PostgresCopyTarget(await openEmpty(url, TABLE_NAMES), url);
  }

  async add(table: TableName, rows: readonly CopiedRow[]): Promise<void> {
    const columns = columnsOf(table);
    const objects = rows.map((row) =>
      Object.fromEntries(columns.map((name, place) => [name, row[place]])),
    );
    await this.#view.send(insertInto(table), JSON.stringify(objects));
  }

  written(): CopySource {
    return new PostgresCopySource(this.#view, this.#url);
  }

  async commit(): Promise<void> {
    // The next change record comes after those that were copied.
    await this.#view.send(
      `SELECT setval(pg_get_serial_sequence('changes', 'position'), max(position)) FROM changes`,
    );
    await this.#view.commit();
  }

  close(): Promise<void> {
    return this.#view.close();
  }
}

function select(table: TableName): string {
  const json = columnsOfType(table, 'json');
  // JSON is kept to the letter.
  const columns = columnsOf(table).map((name) =>
    json.has(name) ? `${name}::text AS ${name}` : name,
  );
  return `SELECT ${columns.join()} FROM ${table} ORDER BY ${TABLES[table].order}`;
}

const TYPES = { text: 'text', integer: 'bigint', boolean: 'boolean', json: 'text' } as const;

function insertInto(table: TableName): string {
  const columns = Object.entries(TABLES[table].columns);
  const names = columns.map(([name]) => name).join();
  const values = columns.map(([name, type]) => (type === 'json' ? `${name}::json` : name)).join();
  const fields = columns.map(([name, type]) => `${name} ${TYPES[type]}`).join();
  // No command waits for the answer of one that was copied: its records need no id of it.
  const isChanges = table === 'changes';
  return `INSERT INTO ${table} (${names}${isChanges ? ', command_id' : ''})
    SELECT ${values}${isChanges ? `, ''` : ''} FROM json_to_recordset($1::text::json) AS given (${fields})`;
}
