import type { AuditSource } from './audit-source.ts';
import type { CopiedRow, RowBatches, TableName } from './tables.ts';

/** A database that is read as a whole. No process changes it meanwhile. */
export interface CopySource {
  /** The name of the database in a sentence. */
  readonly name: string;
  /** All rows, in the order of the table (`Table.order`). */
  rows(table: TableName): RowBatches;
  readonly source: AuditSource;
  close(): Promise<void>;
}

/** A new database. No other process sees it before it is committed. */
export interface CopyTarget {
  add(table: TableName, rows: readonly CopiedRow[]): Promise<void>;
  /** Ends the writing and reads back the rows that were added. */
  written(): CopySource;
  /** Makes the copy durable at its place. */
  commit(): Promise<void>;
  /** Closes the copy, and removes it unless it was committed. */
  close(): Promise<void>;
}
