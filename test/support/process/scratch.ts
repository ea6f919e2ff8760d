import { readFileSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** The directory where Linux has a file system in memory that every user may write to. */
const MEMORY = '/dev/shm';
/** Bytes that must be free there: more than all databases of a run take at any one time. */
const ROOM_BYTES = 1024 ** 3;

/**
 * The directory in which the tests make their temporary directories. It is in memory if there is enough space, because
 * a run writes whole new databases many times. Files in memory survive the end of a process, and no test restarts the
 * machine.
 */
export function scratchDirectory(): string {
  return isRoomy() ? MEMORY : tmpdir();
}

function isRoomy(): boolean {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    const [, options = ''] =
      /^\S+ \/dev\/shm tmpfs (\S+)/m.exec(readFileSync('/proc/mounts', 'utf8')) ?? [];
    // The directory must allow programs to run, because PostgreSQL's programs may be copied there.
    return options !== '' && !options.split(',').includes('noexec') && bavail * bsize >= ROOM_BYTES;
  } catch {
    return false;
  }
}
