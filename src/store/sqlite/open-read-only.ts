import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { missingIn, unknownIn, type Migrations } from '../migrations.ts';
import { StoreOpenError } from '../store.ts';
import { assertOurs, migrationsOf } from './open.ts';

/**
 * A connection to a database of this program, stopped or live, that cannot write.
 * @throws StoreOpenError when there is none, or SQLite finds the file damaged
 */
export function openReadOnly(path: string): DatabaseSync {
  if (!existsSync(path)) throw new StoreOpenError(`There is no database ${path}.`);
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
    assertOurs(database, path);
    if (isEmpty(database))
      throw new StoreOpenError(`The file ${path} is empty: it is not a database of this program.`);
    return database;
  } catch (error) {
    database?.close();
    throw damaged(path, error);
  }
}

/**
 * One consistent snapshot of a database of this program's version, stopped or live. It writes nothing and blocks no
 * writer.
 * @throws StoreOpenError as above, and when another version of the program wrote it last
 */
export function openCurrent(path: string): DatabaseSync {
  const database = openReadOnly(path);
  try {
    database.exec('BEGIN');
    assertCurrent(database, path);
    return database;
  } catch (error) {
    database.close();
    throw damaged(path, error);
  }
}

/** Whether SQLite itself reports the error: not a bug of this program. */
export const isSqliteError = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR';

/**
 * The migrations of a database, stopped or live.
 * @throws StoreOpenError as `openReadOnly`
 */
export function readMigrations(path: string): Migrations {
  const database = openReadOnly(path);
  try {
    return migrationsOf(database);
  } catch (error) {
    throw damaged(path, error);
  } finally {
    database.close();
  }
}

/** The error to report when a database cannot be read. */
export const damaged = (path: string, error: unknown): StoreOpenError =>
  error instanceof StoreOpenError
    ? error
    : new StoreOpenError(`The file ${path} is damaged: ${(error as Error).message}.`);

function assertCurrent(database: DatabaseSync, path: string): void {
  const migrations = migrationsOf(database);
  const isOlder = missingIn(migrations).length > 0;
  if (!isOlder && unknownIn(migrations).length === 0) return;
  throw new StoreOpenError(
    isOlder
      ? `The database ${path} was written by an older version of this program: start this one on it first.`
      : `The database ${path} was written by a newer version of this program: use that one.`,
  );
}

const isEmpty = (database: DatabaseSync): boolean =>
  database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
