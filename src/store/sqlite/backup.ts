import { closeSync, existsSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StoreOpenError } from '../store.ts';

/**
 * Copies a database, stopped or live, into a new file as it is at one instant, readable for its owner alone.
 * @throws StoreOpenError when there is nothing to copy, or the new file is there already or cannot be written
 */
export function backUp(path: string, target: string): void {
  if (!existsSync(path)) throw new StoreOpenError(`There is no database ${path}.`);
  try {
    closeSync(openSync(target, 'wx', 0o600));
    const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
    database.prepare('VACUUM INTO ?').run(target);
    database.close();
  } catch (error) {
    throw new StoreOpenError(`The backup cannot be written: ${(error as Error).message}.`);
  }
}
