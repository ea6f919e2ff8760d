import { closeSync, existsSync, mkdtempSync, openSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { StoreOpenError } from '../store.ts';
import { openReadOnly } from './open-read-only.ts';

/**
 * Copies a database, stopped or live, into a new file as it is at one instant, readable for its owner alone. The copy is
 * written in a directory of its own beside its place and moved there when it is complete, so a copy that failed or was
 * interrupted is never taken for a backup and never prevents the next try.
 * @throws StoreOpenError when there is no database of this program to copy, or the new file is there already or cannot be written
 */
export function backUp(path: string, target: string): void {
  const database = openReadOnly(path);
  let directory: string | null = null;
  try {
    if (existsSync(target))
      throw new StoreOpenError(`The file ${target} is there already: name a new one.`);
    directory = mkdtempSync(`${target}-copy-`);
    const copy = join(directory, 'copy.db');
    create(copy);
    database.prepare('VACUUM INTO ?').run(copy);
    // Fails when the file has been created meanwhile, because a rename would replace it.
    create(target);
    renameSync(copy, target);
  } catch (error) {
    if (error instanceof StoreOpenError) throw error;
    throw new StoreOpenError(`The backup cannot be written: ${(error as Error).message}.`);
  } finally {
    database.close();
    if (directory !== null) rmSync(directory, { recursive: true });
  }
}

/** Creates an empty file that only its owner can read. */
const create = (path: string): void => closeSync(openSync(path, 'wx', 0o600));
