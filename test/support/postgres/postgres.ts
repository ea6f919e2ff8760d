import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { inject, onTestFinished } from 'vitest';
import { migrate } from '../../../src/store/postgres/open.ts';
import { PostgresServer, type PostgresSettings } from './postgres-server.ts';
import { runSql } from '../store/run-sql.ts';

export interface Database {
  readonly url: string;
  /** Ends all sessions of the database and removes it. */
  readonly drop: () => Promise<void>;
}

/**
 * Creates an empty database for a test.
 * @param whenOver registers the function that drops the database; by default it runs when the test ends
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

// The tests of a file reuse databases, because creating, migrating and dropping one takes longer than most tests.
const free: Tables[] = [];
const made: Tables[] = [];

interface Tables extends Database {
  /** The session that empties the database. It stays open, because opening one takes longer than emptying. */
  readonly session: postgres.Sql;
}

/**
 * The URL of a database with the empty tables of this program, for a test that changes only rows. The next test of the
 * file gets the same database, emptied.
 */
export async function emptyTables(): Promise<string> {
  const tables = free.pop() ?? (await newTables());
  onTestFinished(async () => {
    await tables.session.unsafe(EMPTY);
    free.push(tables);
  });
  return tables.url;
}

async function newTables(): Promise<Tables> {
  const database = await createDatabase(() => undefined);
  await migrate(database.url);
  const session = postgres(database.url, { max: 1, fetch_types: false });
  const tables = { ...database, session };
  made.push(tables);
  return tables;
}

/** Drops the databases that the tests of a file have reused. */
export async function dropTables(): Promise<void> {
  free.length = 0;
  const drops = made.splice(0).map(async ({ session, drop }) => {
    await session.end();
    await drop();
  });
  await Promise.all(drops);
}

/** Deletes all rows except those of the migrations. Deleting few rows is faster than truncating their tables. */
const EMPTY = `DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT tablename FROM pg_tables
    WHERE schemaname = current_schema() AND tablename NOT IN ('migrations', 'setup')
  LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
END $$`;

/** A server for a test that stops it or needs other settings. It is removed when the test ends. */
export async function ownServer(settings: PostgresSettings = {}): Promise<PostgresServer> {
  const server = await PostgresServer.start(settings);
  onTestFinished(() => server.remove());
  return server;
}

/** The URL of the server that `TEST_DATABASE_URL` names, or else of the server of this run. */
export async function sharedServer(): Promise<string> {
  const { TEST_DATABASE_URL } = process.env;
  if (TEST_DATABASE_URL !== undefined) return TEST_DATABASE_URL;
  const answer = await fetch(inject('sharedPostgres'));
  const text = await answer.text();
  if (answer.ok) return text;
  throw new Error(`PostgreSQL does not start; TEST_DATABASE_URL may name another. ${text}`);
}
