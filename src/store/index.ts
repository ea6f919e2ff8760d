import { existsSync } from 'node:fs';
import type { AllocationEngine } from '../engine/index.ts';
import { PostgresCopyTarget, PostgresCopySource } from './postgres/copy.ts';
import { SqliteCopyTarget, SqliteCopySource } from './sqlite/copy.ts';
import { MemoryStore } from './memory-store.ts';
import { nameOf } from './postgres/errors.ts';
import { PostgresStore } from './postgres/postgres-store.ts';
import { PostgresDryRunStore } from './postgres/dry-run-store.ts';
import { PostgresAuditSource } from './postgres/audit-source.ts';
import { backUp as backUpFile } from './sqlite/backup.ts';
import { SqliteStore } from './sqlite/sqlite-store.ts';
import { SqliteDryRunStore } from './sqlite/dry-run-store.ts';
import { SqliteAuditSource } from './sqlite/audit-source.ts';
import { StoreOpenError, type Store, type DryRunStore } from './store.ts';
import type { AuditSource } from './audit-source.ts';
import type { CopySource, CopyTarget } from './copy.ts';

export { detachedSlot } from './restore.ts';
export * from './audit-source.ts';
export type * from './copy.ts';
export { foldToken } from './fold.ts';
export * from './store.ts';
export { TABLE_NAMES, type CopiedRow, type RowBatches, type TableName } from './tables.ts';

/** What `DATABASE_URL` may look like. */
export const DATABASE_URL_PATTERN = '^(memory:|sqlite:.+|postgres(ql)?://.+)$';

export const isSqlite = (url: string): boolean => /^sqlite:./.test(url);
export const isPostgres = (url: string): boolean => /^postgres(ql)?:/.test(url);

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
 * Opens one consistent snapshot of a database, stopped or live, for the audit.
 * @throws StoreOpenError when there is no database of this program and its version, or it cannot be read
 */
export const openAuditSource = async (url: string): Promise<AuditSource> =>
  isPostgres(url) ? PostgresAuditSource.open(url) : new SqliteAuditSource(keptPathOf(url));

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
 * Opens a database that no process uses, to copy it.
 * @throws StoreOpenError when it is in use, or there is no database of this program and its version
 */
export const openCopySource = async (url: string): Promise<CopySource> =>
  isPostgres(url) ? PostgresCopySource.open(url) : new SqliteCopySource(pathOf(url));

/**
 * Opens an empty PostgreSQL database, or a new SQLite file, to copy into.
 * @throws StoreOpenError when it is in use, not empty, or cannot be written
 */
export const openCopyTarget = async (url: string): Promise<CopyTarget> =>
  isPostgres(url) ? PostgresCopyTarget.open(url) : new SqliteCopyTarget(pathOf(url));

/**
 * Opens what is kept, beside a running process or without one, to be read and to try commands on. Where there is no
 * database yet, there is nothing in it.
 * @throws StoreOpenError when nothing is ever kept, or what is there cannot be used
 */
export function openDryRunStore(url: string, engine: AllocationEngine): DryRunStore {
  if (isPostgres(url)) return new PostgresDryRunStore(engine, url);
  const path = keptPathOf(url);
  return existsSync(path) ? new SqliteDryRunStore(engine, path) : new MemoryStore(engine);
}

function keptPathOf(url: string): string {
  if (url === 'memory:') throw new StoreOpenError('DATABASE_URL is memory: nothing is kept.');
  return pathOf(url);
}
