import { createHash } from 'node:crypto';
import {
  existsSync,
  globSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown, type Plugin } from 'rolldown';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The directory with the bundles of the programs that tests start as processes. */
    readonly programs: string;
  }
}

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const CACHE = join(ROOT, 'node_modules/.cache/programs');
const PROGRAMS = [
  'src/main.ts',
  'src/cli/{backup,erase,import-bookings,keys,migrate-store,migrations,roster,verify}.ts',
];
/** The files of which the bundles are made. The lock file stands for the packages. */
const SOURCES = ['src/**/*.ts', 'package-lock.json', 'test/support/process/programs-setup.ts'];
/** Milliseconds after which bundles are deleted that no run has used. */
const UNUSED_MS = 3_600_000;

/**
 * Runs before all test files. It bundles the programs, because a process that loads a few files instead of a thousand
 * starts in half the processor time, and a run starts hundreds of processes. A run reuses the bundles of equal sources.
 */
export async function setup(project: TestProject): Promise<void> {
  const hash = createHash('sha256');
  for (const file of globSync(SOURCES, { cwd: ROOT }).sort())
    hash.update(file).update(readFileSync(join(ROOT, file)));
  const directory = join(CACHE, hash.digest('hex'));
  if (!existsSync(directory)) await makeBundles(directory);
  utimesSync(directory, new Date(), new Date());
  project.provide('programs', directory);
}

async function makeBundles(directory: string): Promise<void> {
  for (const old of globSync(join(CACHE, '*')))
    if (Date.now() - statSync(old).mtimeMs > UNUSED_MS) rmSync(old, { recursive: true });
  const programs = globSync(PROGRAMS, { cwd: ROOT });
  const build = await rolldown({
    cwd: ROOT,
    input: Object.fromEntries(programs.map((file) => [file.replace(/\.ts$/, ''), file])),
    platform: 'node',
    logLevel: 'silent',
    plugins: [ownPlaces],
  });
  // Another run may make the same bundles at the same time, so the directory gets its name when it is complete.
  const unfinished = `${directory}.${process.pid}`;
  const names = { entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' };
  await build.write({ dir: unfinished, ...names });
  await build.close();
  try {
    renameSync(unfinished, directory);
  } catch (error) {
    rmSync(unfinished, { recursive: true });
    if (!existsSync(directory)) throw error;
  }
}

/** Each module finds its other files, such as migrations, pages and threads, beside its source and not beside the bundle. */
const ownPlaces: Plugin = {
  name: 'own-places',
  transform: {
    filter: { code: /\bimport\.meta\.url\b|\b__dirname\b|\b__filename\b/ },
    handler: (code, id) =>
      code
        .replaceAll(/\bimport\.meta\.url\b/g, JSON.stringify(pathToFileURL(id).href))
        .replaceAll(/\b__dirname\b/g, JSON.stringify(dirname(id)))
        .replaceAll(/\b__filename\b/g, JSON.stringify(id)),
  },
};
