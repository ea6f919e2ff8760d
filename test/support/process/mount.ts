import { onTestFinished } from 'vitest';
import { mountMemoryDisk, remountMemoryDisk, removeMemoryDisk, whyNoMount } from './memory-disk.ts';

/** Why a test cannot mount its own file system on this machine; null when it can. */
export const noMount = whyNoMount();

/** The end of the name of a test that needs a mount, so that a skipped test says why. */
export const needsMount = noMount === null ? '' : ` (skipped: ${noMount})`;

/** Mounts a file system in memory for one test. It is removed when the test ends. */
export function mountMemory(options: string): string {
  const directory = mountMemoryDisk(options);
  onTestFinished(() => removeMemoryDisk(directory));
  return directory;
}

/** Makes a mounted file system read-only. */
export const makeReadOnly = (directory: string): void => remountMemoryDisk(directory, 'ro');
