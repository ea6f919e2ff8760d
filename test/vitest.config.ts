import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { scratchDirectory } from './support/process/scratch.ts';
import { isThorough, seed } from './support/seed.ts';

/** Test files that are not run a second time with PostgreSQL as the database. */
const NOT_ON_POSTGRES = [
  // These requests are answered before the store is used.
  'test/http/{admission,connections,docs,hosts,identity-provider,log,methods,openapi*,origins,pages,precedence,problem,rate-limits,roles,sockets,strictness}.test.ts',
  // These tests use their own stores, whose disks they block.
  'test/http/{durability,stalled-reads}.test.ts',
  // These tests have no store, or always the same kind of store.
  'test/service/{calendar,duplicate-fields,empty-seats,idempotency,ids,key-registry,roster}.test.ts',
];

const ROOT = fileURLToPath(new URL('..', import.meta.url));

// One seed for all workers of a run.
process.env['SEED'] ??= String(seed);

/** How many runs repeat all files on PostgreSQL: each run repeats a part, chosen by the seed, a thorough run all of them. */
const PARTS = isThorough ? 1 : 5;
const REPEATED = globSync('test/{http,service}/**/*.test.ts', { cwd: ROOT })
  .sort()
  .filter((_file, index) => index % PARTS === seed % PARTS);

// The processes of a run inherit both variables. A run starts hundreds of processes of the same files, and each process
// would compile these files again if it had no cache.
process.env['TMPDIR'] ??= scratchDirectory();
process.env['NODE_COMPILE_CACHE'] = `${ROOT}node_modules/.cache/compile`;

export default defineConfig({
  root: ROOT,
  test: {
    // A worker loads the program's modules once for all its files, because no module has state that a test changes.
    isolate: false,
    setupFiles: 'test/support/each-file.ts',
    globalSetup: [
      'test/support/postgres/postgres-setup.ts',
      'test/support/browser/browser-setup.ts',
      'test/support/process/programs-setup.ts',
    ],
    // There are more workers than cores, because many tests wait for a timer and use no core meanwhile.
    maxWorkers: availableParallelism() + 2,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    coverage: { include: ['src/**'] },
    projects: [
      {
        extends: true,
        test: { name: 'all', include: ['test/**/*.test.ts'], provide: { isPostgres: false } },
      },
      {
        extends: true,
        test: {
          name: 'postgres',
          include: REPEATED,
          exclude: NOT_ON_POSTGRES,
          provide: { isPostgres: true },
        },
      },
    ],
  },
});
