import { readFileSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** Where Linux has a file system in memory that every user may write to. */
const MEMORY = '/dev/shm';
/** Bytes that must be free there: more than all databases of a run take at any one time. */
const ROOM_BYTES = 1024 ** 3;

/**
 * The directory in which the tests make their temporary directories. It is in memory where there is room, because a new
 * database is written from end to end many times in a run, and no test ends the machine: what is in memory survives
 * everything else that a test does to a process.
 */
export function scratchDirectory(): string {
  return isRoomy() ? MEMORY : tmpdir();
}

function isRoomy(): boolean {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    const [, options = ''] =
      /^\S+ \/dev\/shm tmpfs (\S+)/m.exec(readFileSync('/proc/mounts', 'utf8')) ?? [];
    // A copy of PostgreSQL's programs may have to run from there.
    return options !== '' && !options.split(',').includes('noexec') && bavail * bsize >= ROOM_BYTES;
  } catch {
    return false;
  }
}
