import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const run = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

const mount = (directory: string, options: string): boolean =>
  run('mount', '-t', 'tmpfs', '-o', options, 'tmpfs', directory);

/**
 * Mounts a new file system in memory and returns its directory.
 * @param options of tmpfs, such as `size=2m`
 * @throws Error when the system does not permit it
 */
export function mountMemoryDisk(options: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'opd-mount-'));
  if (mount(directory, options)) return directory;
  rmSync(directory, { recursive: true, force: true });
  throw new Error(`tmpfs cannot be mounted with ${options}`);
}

/**
 * Gives a mounted file system other options.
 * @throws Error when that is not permitted, or when its files do not fit into a smaller size
 */
export function remountMemoryDisk(directory: string, options: string): void {
  if (!run('mount', '-o', `remount,${options}`, directory))
    throw new Error(`${directory} cannot be remounted with ${options}`);
}

/** Removes a mounted file system and its files. Processes that have files open keep them until they end. */
export function removeMemoryDisk(directory: string): void {
  run('umount', '--lazy', directory);
  rmSync(directory, { recursive: true, force: true });
}

/** Why no file system can be mounted on this machine; null when one can. */
export function whyNoMount(): string | null {
  try {
    removeMemoryDisk(mountMemoryDisk('size=64k'));
    return null;
  } catch {
    return 'mounting a file system is not permitted here';
  }
}
