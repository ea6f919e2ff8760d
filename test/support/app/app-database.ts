import { join } from 'node:path';
import { afterAll, inject, onTestFinished } from 'vitest';
import { createStore } from '../../../src/store/index.ts';
import { migrate } from '../../../src/store/postgres/open.ts';
import type { OpenStore } from '../store/desk.ts';
import { createDatabase, type Database } from '../postgres/postgres.ts';
import { runSql } from '../store/run-sql.ts';
import { tempDir } from '../process/temp-dir.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Whether the apps of these tests keep their state in PostgreSQL. */
    readonly isPostgres: boolean;
  }
}

/** For a program that is not started again: a database of the kind that these tests are run on, new and empty. */
export async function anyDatabase(): Promise<OpenStore> {
  return inject('isPostgres') ? durableDatabase() : (engine) => createStore('memory:', engine);
}

/** One that a restart finds again: what opens one and the same database, new and empty, every time. */
export async function durableDatabase(): Promise<OpenStore> {
  const url = await durableUrl();
  return (engine) => createStore(url, engine);
}

/** A new and empty database by its URL. */
export const durableUrl = (): Promise<string> =>
  inject('isPostgres') ? postgresUrl() : Promise.resolve(`sqlite:${join(tempDir(), 'opd.db')}`);

// To make a database and drop it takes longer than most tests: the tests of a file pass theirs on, emptied.
const free: string[] = [];
const drops: Database['drop'][] = [];
afterAll(() => Promise.all(drops.map((drop) => drop())));

async function postgresUrl(): Promise<string> {
  const url = free.pop() ?? (await newUrl());
  onTestFinished(async () => {
    await runSql(url, EMPTY);
    free.push(url);
  });
  return url;
}

async function newUrl(): Promise<string> {
  const { url } = await createDatabase((drop) => void drops.push(drop));
  await migrate(url);
  return url;
}

/** Leaves what the migrations have put there. To delete few rows is quicker than to truncate their tables. */
const EMPTY = `DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT tablename FROM pg_tables
    WHERE schemaname = current_schema() AND tablename NOT IN ('migrations', 'setup')
  LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
END $$`;
