import { randomUUID } from 'node:crypto';
import { inject, onTestFinished } from 'vitest';
import { PostgresServer, type PostgresSettings } from './postgres-server.ts';
import { runSql } from '../store/run-sql.ts';

export interface Database {
  readonly url: string;
  /** Ends all its sessions and removes it. */
  readonly drop: () => Promise<void>;
}

/**
 * A new, empty database for a test.
 * @param whenOver is told what drops it at the end: that of the test, if nothing else is said
 */
export async function createDatabase(
  whenOver: (drop: Database['drop']) => void = onTestFinished,
): Promise<Database> {
  const server = await sharedServer();
  const name = `opd_test_${randomUUID().replaceAll('-', '')}`;
  await runSql(server, `CREATE DATABASE ${name} TEMPLATE template0`);
  const drop = async (): Promise<void> => {
    await runSql(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  };
  whenOver(drop);
  const url = new URL(server);
  url.pathname = name;
  return { url: url.href, drop };
}

/** A server for a test that stops it or sets it up otherwise; it is removed when the test is over. */
export async function ownServer(settings: PostgresSettings = {}): Promise<PostgresServer> {
  const server = await PostgresServer.start(settings);
  onTestFinished(() => server.remove());
  return server;
}

/** What `TEST_DATABASE_URL` names, or the server of this run. */
async function sharedServer(): Promise<string> {
  const { TEST_DATABASE_URL } = process.env;
  if (TEST_DATABASE_URL !== undefined) return TEST_DATABASE_URL;
  const answer = await fetch(inject('sharedPostgres'));
  const text = await answer.text();
  if (answer.ok) return text;
  throw new Error(`PostgreSQL does not start; TEST_DATABASE_URL may name another. ${text}`);
}
