import { statSync } from 'node:fs';

/** The ends of the names of the files that hold what is committed: the database and its journal. */
const SUFFIXES = ['', '-wal'] as const;

/**
 * The files of an open database. A process goes on writing to files that were deleted or replaced, but a restart, or
 * another process, opens what has these names then.
 */
export class DatabaseFiles {
  readonly #paths: readonly string[];
  readonly #opened: readonly string[];

  /** @param path of a database in which a connection has read, so that all its files exist */
  constructor(path: string) {
    this.#paths = SUFFIXES.map((suffix) => `${path}${suffix}`);
    this.#opened = this.#paths.map(identityOf);
  }

  /** Whether each name still leads to the file that was opened. */
  areInPlace(): boolean {
    return this.#paths.every((path, index) => identityOf(path) === this.#opened[index]);
  }
}

/** The file that has a name, whatever it contains; no file when the name does not exist. */
function identityOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? 'no file' : `${stats.dev}:${stats.ino}`;
}
