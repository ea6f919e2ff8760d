import { afterAll } from 'vitest';
import { dropTables } from './postgres/postgres.ts';
import { killServers } from './process/server-process.ts';

// Vitest runs this file once for each test file. Other modules are loaded once for all test files of a worker.
afterAll(dropTables);
afterAll(killServers);
