import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { PostgresServer } from './postgres-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The URL from which the test files of a run get the URL of the PostgreSQL server that they share. */
    readonly sharedPostgres: string;
  }
}

/** Runs before all test files. It starts one PostgreSQL server for all of them when the first file asks for it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  let shared: Promise<PostgresServer> | undefined;
  const endpoint = createServer((_, response) => {
    shared ??= PostgresServer.start();
    shared.then(
      ({ url }) => response.end(url),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  }).listen(0, '127.0.0.1');
  await once(endpoint, 'listening');
  project.provide('sharedPostgres', `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}`);
  return async () => {
    endpoint.close();
    endpoint.closeAllConnections();
    await (await shared?.catch(() => undefined))?.remove();
  };
}
