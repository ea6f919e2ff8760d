import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isUsable, missingIn, type Migrations } from '../migrations.ts';
import { DatabaseInUseError, StoreOpenError } from '../store.ts';

/** 'OPDT' in the header of the file: tells our databases from those of other programs. */
const APPLICATION_ID = 0x4f504454;
const SQLITE_BUSY = 5;
const SQLITE_NOTADB = 26;
/** The permissions of every file that the program creates: only its owner may read and write it. */
const OWNER_ONLY = 0o600;
/** Milliseconds that a write waits for the lock of another connection, such as a backup's. */
export const BUSY_TIMEOUT_MS = 1_000;
/** The folder of the default DATABASE_URL, in the working directory. */
const DEFAULT_FOLDER = 'data';
const MIGRATIONS = new URL('./migrations/', import.meta.url);

/** The migrations of this program, and those of a database that has the table of them. */
export const migrationsOf = (database: DatabaseSync): Migrations => ({
  known: readdirSync(MIGRATIONS).sort(),
  applied: database
    .prepare('SELECT name FROM migrations ORDER BY id')
    .all()
    .map(({ name }) => String(name)),
});

const errcodeOf = (error: unknown): number =>
  error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/**
 * Takes the sole ownership of a database file, until the connection is closed: an SQLite lock on a file beside it. The
 * operating system releases the lock when the process ends, however it ends.
 * @throws StoreOpenError when another process holds it, the file beside it cannot be created, or the database has a second
 *   name, because the file beside that name would be another one
 */
export function takeOwnership(path: string): DatabaseSync {
  const { nlink } = statSync(path);
  if (nlink > 1)
    throw new StoreOpenError(
      `The database ${path} has ${nlink} names (hard links). Another process could use it under another name, and both would damage it: delete the other names. The command find with -samefile ${path} lists them.`,
    );
  const file = `${path}-owner`;
  let owner: DatabaseSync | null = null;
  try {
    closeSync(openSync(file, 'a', OWNER_ONLY));
    // A file of an earlier version may be readable for other users, and a user who can read it can lock it.
    chmodSync(file, OWNER_ONLY);
    owner = new DatabaseSync(file, { timeout: 0 });
    owner.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return owner;
  } catch (error) {
    owner?.close();
    if (errcodeOf(error) === SQLITE_BUSY)
      throw new DatabaseInUseError(
        `The database ${path} is in use by another process: stop it first, or name another file in DATABASE_URL.`,
      );
    throw new StoreOpenError(
      `The database ${path} cannot be locked with ${file}: ${messageOf(error)}.`,
    );
  }
}

/**
 * Makes sure that the folder of a database exists. Only the folder of the default DATABASE_URL is created: any other that
 * does not exist is most likely a mistake in the path, or a disk that is not mounted.
 * @throws StoreOpenError when the folder does not exist or cannot be created
 */
export function prepareFolder(path: string): void {
  const folder = dirname(resolve(path));
  if (existsSync(folder)) return;
  if (folder !== resolve(DEFAULT_FOLDER))
    throw new StoreOpenError(
      `The database ${path} cannot be created, because the folder ${folder} does not exist: create it, or name another file.`,
    );
  writing(path, () => mkdirSync(folder));
}

/**
 * Creates the file if it does not exist, readable for its owner alone, and returns its real path.
 * @throws StoreOpenError when its folder does not exist, or it cannot be written
 */
export function prepareFile(path: string): string {
  prepareFolder(path);
  return writing(path, () => {
    closeSync(openSync(path, 'a+', OWNER_ONLY));
    return realpathSync(path);
  });
}

/**
 * Writes something of a new database.
 * @throws StoreOpenError with the message of what `write` throws
 */
export function writing<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw new StoreOpenError(`The database ${path} cannot be written: ${messageOf(error)}.`);
  }
}

/**
 * Applies the migrations that a database misses, in one transaction.
 * @throws StoreOpenError when the file is not ours, is newer than the program, or cannot be written
 */
export function migrate(path: string): void {
  const database = new DatabaseSync(path);
  try {
    assertOurs(database, path);
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
      BEGIN IMMEDIATE;
      PRAGMA application_id = ${APPLICATION_ID};
      CREATE TABLE IF NOT EXISTS migrations (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;`);
    applyMissing(database, path);
    database.exec('COMMIT');
  } catch (error) {
    if (error instanceof StoreOpenError) throw error;
    throw new StoreOpenError(
      errcodeOf(error) === SQLITE_NOTADB
        ? `The file ${path} is not an SQLite database: name another one in DATABASE_URL.`
        : `The database ${path} cannot be opened: ${messageOf(error)}.`,
    );
  } finally {
    database.close();
  }
}

/** A connection that writes: when a commit has returned, its rows are on the disk. */
export function openForWriting(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  // What a row was before it changed must not stay in the free space of its page, because it may be an erased name.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON');
  return database;
}

/** A connection that reads beside the one that writes. */
export const openForReading = (path: string): DatabaseSync =>
  new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS });

/** @throws StoreOpenError when the database belongs to another program. An empty one is accepted. */
export function assertOurs(database: DatabaseSync, path: string): void {
  const id = database.prepare('PRAGMA application_id').get()?.['application_id'];
  const tables = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n'];
  if (id === APPLICATION_ID || (id === 0 && tables === 0)) return;
  throw new StoreOpenError(
    `The database ${path} belongs to another program: name another file in DATABASE_URL.`,
  );
}

function applyMissing(database: DatabaseSync, path: string): void {
  const migrations = migrationsOf(database);
  if (!isUsable(migrations))
    throw new StoreOpenError(
      `The database ${path} was written by a newer version of this program: start that one.`,
    );
  const insert = database.prepare('INSERT INTO migrations (id, name) VALUES (?, ?)');
  for (const name of missingIn(migrations)) {
    insert.run(migrations.known.indexOf(name) + 1, name);
    database.exec(readFileSync(new URL(name, MIGRATIONS), 'utf8'));
  }
}
