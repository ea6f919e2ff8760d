import { createHash } from 'node:crypto';
import type { EngineRules } from '../engine/index.ts';
import { verify } from '../audit/index.ts';
import {
  StoreOpenError,
  TABLE_NAMES,
  type CopiedRow,
  type CopySource,
  type CopyTarget,
  type RowBatches,
  type TableName,
} from '../store/index.ts';

/** How many rows each table has. */
export type CopyReport = ReadonlyMap<TableName, number>;

/**
 * Copies all tables and keeps the copy once it has proved to be the same, row by row, and both to be clean.
 * @throws StoreOpenError saying in one sentence why nothing was copied
 */
export async function copy(
  original: CopySource,
  target: CopyTarget,
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
  await target.commit();
  return new Map(Array.from(sums, ([table, { rows }]) => [table, rows]));
}

async function assertClean({ name, source }: CopySource, rules: EngineRules): Promise<void> {
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
