import { existsSync } from 'node:fs';
import type { AllocationEngine, PatientId } from '../engine/index.ts';
import { openMemoryDatabase } from './memory/database.ts';
import { PostgresAuditSource } from './postgres/audit-source.ts';
import { PostgresCopySource, PostgresCopyTarget } from './postgres/copy.ts';
import { openPostgresDatabase } from './postgres/database.ts';
import { PostgresDryRunStore } from './postgres/dry-run-store.ts';
import { nameOf } from './postgres/errors.ts';
import { findNaming as findPostgresNaming } from './postgres/find-naming.ts';
import { openKeyStore as openPostgresKeyStore } from './postgres/key-store.ts';
import { readMigrations as readPostgresMigrations } from './postgres/open.ts';
import { SqliteAuditSource } from './sqlite/audit-source.ts';
import { backUp as backUpFile } from './sqlite/backup.ts';
import { SqliteCopySource, SqliteCopyTarget } from './sqlite/copy.ts';
import { openSqliteDatabase } from './sqlite/database.ts';
import {
  askOwner as askOwnerOfFile,
  findNaming as findSqliteNaming,
  rewrite,
} from './sqlite/erasure.ts';
import { SqliteDryRunStore } from './sqlite/dry-run-store.ts';
import { SqliteKeyStore } from './sqlite/key-store.ts';
import { readMigrations as readSqliteMigrations } from './sqlite/open-read-only.ts';
import type { OpenKeyStore } from './access-keys.ts';
import type { AuditSource } from './audit-source.ts';
import type { CopySource, CopyTarget } from './copy.ts';
import type { Database } from './database.ts';
import type { ErasureRequest, NamingToken } from './erasure.ts';
import type { Migrations } from './migrations.ts';
import { StoreOpenError, type DryRunStore } from './store.ts';

export type {
  KeyStore,
  KeyUse,
  KeyWrite,
  OpenKeyStore,
  StoredKey,
  StoredSecret,
} from './access-keys.ts';
export { ADMIN_CHANGE_KINDS } from './admin-changes.ts';
export type { AdminChange, AdminChangeFilter, AdminChangeKind } from './admin-changes.ts';
export * from './archive.ts';
export * from './audit-source.ts';
export * from './change-log.ts';
export type * from './copy.ts';
export type * from './database.ts';
export * from './erasure.ts';
export { foundOf } from './engine-tokens.ts';
export { foldToken } from './fold.ts';
export * from './migrations.ts';
export { detachedSlot } from './restore.ts';
export * from './store.ts';
export { parseStored } from './stored-json.ts';
export * from './webhook-store.ts';
export { TABLE_NAMES, type CopiedRow, type RowBatches, type TableName } from './tables.ts';

/** What `DATABASE_URL` may look like. */
export const DATABASE_URL_PATTERN = '^(memory:|sqlite:.+|postgres(ql)?://.+)$';

export const isSqlite = (url: string): boolean => /^sqlite:./.test(url);
export const isPostgres = (url: string): boolean => /^postgres(ql)?:/.test(url);

const pathOf = (url: string): string => url.slice('sqlite:'.length);

/** The name of a database in texts and logs: never with a password. */
export const databaseName = (url: string): string => (isPostgres(url) ? nameOf(url) : url);

/**
 * Opens the database that a URL names by its scheme, with its five ports. The engine is kept current by the store.
 * @param url `memory:`, `sqlite:` and the path of a file, or `postgres://` and what names a database
 * @throws StoreOpenError saying in one sentence why it cannot be used
 */
export function openDatabase(url: string, engine: AllocationEngine): Database {
  if (url === 'memory:') return openMemoryDatabase(engine);
  return isPostgres(url)
    ? openPostgresDatabase(engine, url)
    : openSqliteDatabase(engine, pathOf(url));
}

/**
 * Opens one consistent snapshot of a database, stopped or live, for the audit.
 * @throws StoreOpenError when there is no database of this program and its version, or it cannot be read
 */
export const openAuditSource = async (url: string): Promise<AuditSource> =>
  isPostgres(url) ? PostgresAuditSource.open(url) : new SqliteAuditSource(storedPathOf(url));

/**
 * Reads which migrations a database has had, stopped or live.
 * @throws StoreOpenError when there is no database of this program, or it cannot be read
 */
export const readMigrations = async (url: string): Promise<Migrations> =>
  isPostgres(url) ? readPostgresMigrations(url) : readSqliteMigrations(storedPathOf(url));

/**
 * Copies the database, stopped or live, into a new file as it is at one instant.
 * @throws StoreOpenError saying in one sentence why it cannot be done
 */
export function backUp(url: string, target: string): void {
  if (isPostgres(url))
    throw new StoreOpenError(
      `${nameOf(url)} is a PostgreSQL database: back it up with PostgreSQL's own tools, such as pg_dump.`,
    );
  backUpFile(storedPathOf(url), target);
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
 * Opens a database for a dry run, beside a running process or without one. A database that does not exist yet is empty.
 * @throws StoreOpenError when the URL is memory:, or the database cannot be used
 */
export function openDryRunStore(url: string, engine: AllocationEngine): DryRunStore {
  if (isPostgres(url)) return new PostgresDryRunStore(engine, url);
  const path = storedPathOf(url);
  return existsSync(path) ? new SqliteDryRunStore(engine, path) : openMemoryDatabase(engine).store;
}

/**
 * Opens a database for its access keys alone, beside running processes or without one. A new database gets its tables.
 * @throws StoreOpenError when the URL is memory:, or the database cannot be used
 */
export const openKeyStore = async (url: string): Promise<OpenKeyStore> =>
  isPostgres(url) ? openPostgresKeyStore(url) : new SqliteKeyStore(storedPathOf(url));

/**
 * The tokens in which a database, stopped or live, names a patient.
 * @throws StoreOpenError when there is no database of this program and its version, or it cannot be read
 */
export const findNaming = async (
  url: string,
  patientId: PatientId,
): Promise<readonly NamingToken[]> =>
  isPostgres(url)
    ? findPostgresNaming(url, patientId)
    : findSqliteNaming(storedPathOf(url), patientId);

/**
 * Asks the process that owns a database file to erase, and waits for its answer.
 * @returns the answer; undefined when none came in time, and then the request is withdrawn
 * @throws StoreOpenError when the file cannot be written
 */
export const askOwner = (
  url: string,
  request: ErasureRequest,
  timeoutMs: number,
): Promise<string | undefined> => askOwnerOfFile(storedPathOf(url), request, timeoutMs);

/**
 * Writes a database file anew, so that nothing is left in it of what rows were before. No process may own the file.
 * @throws StoreOpenError when it cannot be written
 */
export const rewriteFile = (url: string): void => rewrite(storedPathOf(url));

/** @throws StoreOpenError when nothing is stored */
function storedPathOf(url: string): string {
  if (url === 'memory:') throw new StoreOpenError('DATABASE_URL is memory: nothing is stored.');
  return pathOf(url);
}
