import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { scratchDirectory } from './support/process/scratch.ts';

/** What is not tried once more with the programs under test on PostgreSQL. */
const NOT_ON_POSTGRES = [
  // What is answered before a store is asked anything.
  'test/http/{docs,log,methods,openapi*,sockets,strictness}.test.ts',
  // What of a store's disk the test holds up: it is a store of its own.
  'test/http/durability.test.ts',
  // What has no store, or only ever one of its own.
  'test/service/{calendar,empty-seats,idempotency,ids,roster}.test.ts',
];

const ROOT = fileURLToPath(new URL('..', import.meta.url));

// Every process of a run inherits both.
process.env['TMPDIR'] = scratchDirectory();
// Each of several hundred processes would strip the types of the same files and compile them again.
process.env['NODE_COMPILE_CACHE'] = `${ROOT}node_modules/.cache/compile`;

export default defineConfig({
  root: ROOT,
  test: {
    // The modules of the program are loaded once for all files of a worker: none of them has state that a test changes.
    isolate: false,
    setupFiles: 'test/support/each-file.ts',
    globalSetup: 'test/support/postgres/postgres-setup.ts',
    // Many tests wait for a timer of the program: others use the cores meanwhile.
    maxWorkers: availableParallelism() + 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
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
          include: ['test/{http,service}/**/*.test.ts'],
          exclude: NOT_ON_POSTGRES,
          provide: { isPostgres: true },
        },
      },
    ],
  },
});
