import { existsSync } from 'node:fs';
import type { AllocationEngine, EngineRules } from '../engine/index.ts';
import { copy, type CopyReport } from './copy/copy.ts';
import { PostgresCopy, PostgresOriginal } from './copy/postgres.ts';
import { SqliteCopy, SqliteOriginal } from './copy/sqlite.ts';
import { MemoryStore } from './memory-store.ts';
import { nameOf } from './postgres/errors.ts';
import { PostgresStore } from './postgres/postgres-store.ts';
import { PostgresTrial } from './postgres/trial.ts';
import { PostgresVerifySource } from './postgres/verify-source.ts';
import { backUp as backUpFile } from './sqlite/backup.ts';
import { SqliteStore } from './sqlite/sqlite-store.ts';
import { SqliteTrial } from './sqlite/trial.ts';
import { SqliteVerifySource } from './sqlite/verify-source.ts';
import { StoreOpenError, type Store, type TrialStore } from './store.ts';
import type { VerifySource } from './verify/source.ts';
import { verify, type VerifyReport } from './verify/verify.ts';

export { detachedSlot } from './restore.ts';
export * from './store.ts';
export type { VerifyReport } from './verify/verify.ts';

/** What `DATABASE_URL` may look like. */
export const DATABASE_URL_PATTERN = '^(memory:|sqlite:.+|postgres(ql)?://.+)$';

const isSqlite = (url: string): boolean => /^sqlite:./.test(url);
const isPostgres = (url: string): boolean => /^postgres(ql)?:/.test(url);

const pathOf = (url: string): string => url.slice('sqlite:'.length);

/** What a database is called where people and logs read it: never with a password. */
export const databaseName = (url: string): string => (isPostgres(url) ? nameOf(url) : url);

/**
 * Opens the store that a URL names by its scheme and hands it the engine to keep current.
 * @param url `memory:`, `sqlite:` and the path of a file, or `postgres://` and what names a database
 * @throws StoreOpenError saying in one sentence why it cannot be used
 */
export function createStore(url: string, engine: AllocationEngine): Store {
  if (url === 'memory:') return new MemoryStore(engine);
  return isPostgres(url) ? new PostgresStore(engine, url) : new SqliteStore(engine, pathOf(url));
}

/**
 * Verifies what is kept, beside a running process or without one.
 * @throws StoreOpenError when there is nothing to verify, or it cannot be read
 */
export async function verifyDatabase(url: string, rules: EngineRules): Promise<VerifyReport> {
  const source = await openVerifySource(url);
  try {
    return await verify(source, rules);
  } finally {
    await source.close();
  }
}

const openVerifySource = async (url: string): Promise<VerifySource> =>
  isPostgres(url) ? PostgresVerifySource.open(url) : new SqliteVerifySource(keptPathOf(url));

/**
 * Copies the database, stopped or live, into a new file as it is at one instant.
 * @throws StoreOpenError saying in one sentence why it cannot be done
 */
export function backUp(url: string, target: string): void {
  if (isPostgres(url))
    throw new StoreOpenError(
      `${nameOf(url)} is a PostgreSQL database: back it up with PostgreSQL's own tools, such as pg_dump.`,
    );
  backUpFile(keptPathOf(url), target);
}

/**
 * Copies all that is kept in an SQLite file into an empty PostgreSQL database, or the other way into a new file; neither
 * may be in use. The target is left as it was unless the copy is the same, row by row, and both are clean.
 * @returns how many rows each table has
 * @throws StoreOpenError saying in one sentence why nothing was copied
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
  const original = isPostgres(from)
    ? await PostgresOriginal.open(from)
    : new SqliteOriginal(pathOf(from));
  try {
    const target = isPostgres(to) ? await PostgresCopy.open(to) : new SqliteCopy(pathOf(to));
    return await copy(original, target, rules).finally(() => target.close());
  } finally {
    await original.close();
  }
}

/**
 * Opens what is kept, beside a running process or without one, to be read and to try commands on. Where there is no
 * database yet, there is nothing in it.
 * @throws StoreOpenError when nothing is ever kept, or what is there cannot be used
 */
export function openTrial(url: string, engine: AllocationEngine): TrialStore {
  if (isPostgres(url)) return new PostgresTrial(engine, url);
  const path = keptPathOf(url);
  return existsSync(path) ? new SqliteTrial(engine, path) : new MemoryStore(engine);
}

function keptPathOf(url: string): string {
  if (url === 'memory:') throw new StoreOpenError('DATABASE_URL is memory: nothing is kept.');
  return pathOf(url);
}
