import type { EngineRules } from '../engine/index.ts';
import {
  isPostgres,
  isSqlite,
  openCopySource,
  openCopyTarget,
  StoreOpenError,
} from '../store/index.ts';
import { copy, type CopyReport } from './copy.ts';

/**
 * Copies a whole SQLite file into an empty PostgreSQL database, or a PostgreSQL database into a new SQLite file. No
 * process may use either. The target stays as it was unless the copy is equal row by row and both are clean.
 * @returns the number of rows of each table
 * @throws StoreOpenError that says in one sentence why nothing was copied
 */
export async function migrateStore(
  from: string,
  to: string,
  rules: EngineRules,
): Promise<CopyReport> {
  if (!(isSqlite(from) && isPostgres(to)) && !(isPostgres(from) && isSqlite(to)))
    throw new StoreOpenError(
      'Name an SQLite file, as sqlite: and its path, and a PostgreSQL database, as postgres://.',
    );
  const source = await openCopySource(from);
  try {
    const target = await openCopyTarget(to);
    return await copy(source, target, rules).finally(() => target.close());
  } finally {
    await source.close();
  }
}
