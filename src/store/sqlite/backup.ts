import { closeSync, openSync } from 'node:fs';
import { StoreOpenError } from '../store.ts';
import { openReadOnly } from './open-read-only.ts';

/**
 * Copies a database, stopped or live, into a new file as it is at one instant, readable for its owner alone.
 * @throws StoreOpenError when there is no database of this program to copy, or the new file is there already or cannot be written
 */
export function backUp(path: string, target: string): void {
  const database = openReadOnly(path);
  try {
    closeSync(openSync(target, 'wx', 0o600));
    database.prepare('VACUUM INTO ?').run(target);
  } catch (error) {
    throw new StoreOpenError(`The backup cannot be written: ${(error as Error).message}.`);
  } finally {
    database.close();
  }
}
