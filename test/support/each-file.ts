import { afterAll } from 'vitest';
import { dropTables } from './postgres/postgres.ts';
import { killServers } from './process/server-process.ts';

// Vitest runs this for each test file, whereas the modules of a worker are loaded once for all of its files.
afterAll(dropTables);
afterAll(killServers);
