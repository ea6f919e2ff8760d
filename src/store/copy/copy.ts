import { createHash } from 'node:crypto';
import type { EngineRules } from '../../engine/index.ts';
import { StoreOpenError } from '../store.ts';
import type { VerifySource } from '../verify/source.ts';
import { verify } from '../verify/verify.ts';
import { TABLE_NAMES, type CopiedRow, type RowBatches, type TableName } from '../tables.ts';

/** A database to be read whole, in which nothing changes meanwhile. */
export interface Original {
  /** What it is called in a sentence. */
  readonly name: string;
  /** In the table's order. */
  rows(table: TableName): RowBatches;
  readonly source: VerifySource;
  close(): Promise<void>;
}

/** A database in the making, which nobody sees until it is kept. */
export interface Copy {
  add(table: TableName, rows: readonly CopiedRow[]): Promise<void>;
  /** What has been added, to be read back when it is all there. */
  written(): Original;
  /** Makes it durable, and the target what it is the copy of. */
  keep(): Promise<void>;
  /** Leaves the target as it was, unless it was kept. */
  close(): Promise<void>;
}

/** How many rows each table has. */
export type CopyReport = ReadonlyMap<TableName, number>;

/**
 * Copies all tables and keeps the copy once it has proved to be the same, row by row, and both to be clean.
 * @throws StoreOpenError saying in one sentence why nothing was copied
 */
export async function copy(
  original: Original,
  target: Copy,
  rules: EngineRules,
): Promise<CopyReport> {
  await assertClean(original, rules);
  const sums = new Map<TableName, Sum>();
  for (const table of TABLE_NAMES)
    sums.set(table, await summed(original.rows(table), (rows) => target.add(table, rows)));
  const written = target.written();
  for (const [table, { rows, digest }] of sums) {
    const copied = await summed(written.rows(table));
    if (copied.digest !== digest)
      throw new StoreOpenError(
        `The copy of ${table} is not the same, with ${copied.rows} rows for ${rows}: nothing was copied.`,
      );
  }
  await assertClean(written, rules);
  await target.keep();
  return new Map(Array.from(sums, ([table, { rows }]) => [table, rows]));
}

async function assertClean({ name, source }: Original, rules: EngineRules): Promise<void> {
  const { faults } = await verify(source, rules);
  const [first] = faults;
  if (first === undefined) return;
  throw new StoreOpenError(
    `${name} has ${faults.length} faults, which npm run verify tells, and nothing was copied: ${first}.`,
  );
}

/** What a table comes to: as many rows, and a hash that differs if any value of any row or their order does. */
interface Sum {
  readonly rows: number;
  readonly digest: string;
}

async function summed(
  batches: RowBatches,
  each: (rows: readonly CopiedRow[]) => Promise<void> = () => Promise.resolve(),
): Promise<Sum> {
  const hash = createHash('sha256');
  let rows = 0;
  for await (const batch of batches) {
    await each(batch);
    rows += batch.length;
    for (const row of batch) hash.update(`${JSON.stringify(row)}\n`);
  }
  return { rows, digest: hash.digest('hex') };
}
