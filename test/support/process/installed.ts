import { spawnSync } from 'node:child_process';

/** The environment in which Debian's programs are found: some are in /usr/sbin, which is not in the PATH of every user. */
export const DEBIAN_ENV = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` };

/**
 * Why a program of Debian cannot be used on this machine; null if it can be.
 * @param args with which the program ends at once and succeeds
 */
export function whyMissing(program: string, ...args: readonly string[]): string | null {
  const { status } = spawnSync(program, args, { env: DEBIAN_ENV });
  return status === 0 ? null : `${program} is not installed on this machine`;
}

/** What a suite adds to its name if it is skipped for this reason. */
export const skipNote = (reason: string | null): string =>
  reason === null ? '' : ` (skipped: ${reason})`;
