import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { PostgresServer } from './postgres-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the run's test files ask for the URL of the server that they share. */
    readonly sharedPostgres: string;
  }
}

/** Before all test files: a PostgreSQL server for all of them, started when the first of them asks for it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  let shared: Promise<PostgresServer> | undefined;
  const door = createServer((_, response) => {
    shared ??= PostgresServer.start();
    shared.then(
      ({ url }) => response.end(url),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  }).listen(0, '127.0.0.1');
  await once(door, 'listening');
  project.provide('sharedPostgres', `http://127.0.0.1:${(door.address() as AddressInfo).port}`);
  return async () => {
    door.close();
    door.closeAllConnections();
    await (await shared?.catch(() => undefined))?.remove();
  };
}
