import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StoreOpenError } from '../store.ts';
import { assertOurs } from './open.ts';

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
    if (error instanceof StoreOpenError) throw error;
    throw new StoreOpenError(`The file ${path} is damaged: ${(error as Error).message}.`);
  }
}

const isEmpty = (database: DatabaseSync): boolean =>
  database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
