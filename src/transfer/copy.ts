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

/** How many rows each table of the copy has. */
export type CopyReport = ReadonlyMap<TableName, number>;

/**
 * Copies all tables. The copy is committed only if each table is the same, row by row, and both databases are clean.
 * @throws StoreOpenError that says in one sentence why nothing was copied
 */
export async function copy(
  original: CopySource,
  target: CopyTarget,
  rules: EngineRules,
): Promise<CopyReport> {
  await assertClean(original, rules);
  const checksums = new Map<TableName, Checksum>();
  for (const table of TABLE_NAMES)
    checksums.set(table, await checksumOf(original.rows(table), (rows) => target.add(table, rows)));
  const written = target.written();
  for (const [table, { rows, digest }] of checksums) {
    const copied = await checksumOf(written.rows(table));
    if (copied.digest !== digest)
      throw new StoreOpenError(
        `The copy of ${table} differs from the original: it has ${copied.rows} rows, the original has ${rows}. Nothing was copied.`,
      );
  }
  await assertClean(written, rules);
  await target.commit();
  return new Map(Array.from(checksums, ([table, { rows }]) => [table, rows]));
}

async function assertClean({ name, source }: CopySource, rules: EngineRules): Promise<void> {
  const { faults } = await verify(source, rules);
  const [first] = faults;
  if (first === undefined) return;
  throw new StoreOpenError(
    `${name} has ${faults.length} faults and nothing was copied; npm run verify lists them: ${first}.`,
  );
}

/** The number of rows of a table, and a hash that changes with any value of any row and with their order. */
interface Checksum {
  readonly rows: number;
  readonly digest: string;
}

/**
 * Reads all rows of a table and computes their checksum.
 * @param each is awaited for each batch of rows before the next batch is read
 */
async function checksumOf(
  batches: RowBatches,
  each: (rows: readonly CopiedRow[]) => Promise<void> = () => Promise.resolve(),
): Promise<Checksum> {
  const hash = createHash('sha256');
  let rows = 0;
  for await (const batch of batches) {
    await each(batch);
    rows += batch.length;
    for (const row of batch) hash.update(`${JSON.stringify(row)}\n`);
  }
  return { rows, digest: hash.digest('hex') };
}
