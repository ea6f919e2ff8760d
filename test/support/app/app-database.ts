import { join } from 'node:path';
import { inject } from 'vitest';
import { openDatabase } from '../../../src/store/index.ts';
import type { OpenDatabase } from '../store/desk.ts';
import { emptyTables } from '../postgres/postgres.ts';
import { tempDir } from '../process/temp-dir.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Whether the apps of these tests keep their state in PostgreSQL. */
    readonly isPostgres: boolean;
  }
}

/** For a program that is not started again: a database of the kind that these tests are run on, new and empty. */
export async function newDatabase(): Promise<OpenDatabase> {
  return inject('isPostgres') ? durableDatabase() : (engine) => openDatabase('memory:', engine);
}

/** One that a restart finds again: what opens one and the same database, new and empty, every time. */
export async function durableDatabase(): Promise<OpenDatabase> {
  const url = await durableUrl();
  return (engine) => openDatabase(url, engine);
}

/** A new and empty database by its URL. */
export const durableUrl = (): Promise<string> =>
  inject('isPostgres') ? emptyTables() : Promise.resolve(`sqlite:${join(tempDir(), 'opd.db')}`);
