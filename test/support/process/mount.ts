import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

const run = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

function mountAt(directory: string, options: string): boolean {
  return run('mount', '-t', 'tmpfs', '-o', options, 'tmpfs', directory);
}

function canMount(): boolean {
  const directory = mkdtempSync(join(tmpdir(), 'opd-mount-'));
  const isMounted = mountAt(directory, 'size=64k');
  if (isMounted) run('umount', directory);
  rmSync(directory, { recursive: true, force: true });
  return isMounted;
}

/** Why a test cannot mount its own file system on this machine; null when it can. */
export const noMount = canMount() ? null : 'mounting a file system is not permitted here';

/** The end of the name of a test that needs a mount, so that a skipped test says why. */
export const needsMount = noMount === null ? '' : ` (skipped: ${noMount})`;

/** Mounts a file system in memory for one test. It is removed when the test ends. */
export function mountMemory(options: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'opd-mount-'));
  if (!mountAt(directory, options)) throw new Error(`tmpfs cannot be mounted with ${options}`);
  onTestFinished(() => {
    run('umount', '--lazy', directory);
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

/** Makes a mounted file system read-only. */
export function makeReadOnly(directory: string): void {
  if (!run('mount', '-o', 'remount,ro', directory)) throw new Error('remounting is not permitted');
}
