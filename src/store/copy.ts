import type { AuditSource } from './audit-source.ts';
import type { CopiedRow, RowBatches, TableName } from './tables.ts';

/** A database to be read whole, in which nothing changes meanwhile. */
export interface CopySource {
  /** What it is called in a sentence. */
  readonly name: string;
  /** In the table's order. */
  rows(table: TableName): RowBatches;
  readonly source: AuditSource;
  close(): Promise<void>;
}

/** A database in the making, which nobody sees until it is kept. */
export interface CopyTarget {
  add(table: TableName, rows: readonly CopiedRow[]): Promise<void>;
  /** What has been added, to be read back when it is all there. */
  written(): CopySource;
  /** Makes it durable, and the target what it is the copy of. */
  commit(): Promise<void>;
  /** Leaves the target as it was, unless it was kept. */
  close(): Promise<void>;
}
