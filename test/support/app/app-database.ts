import { join } from 'node:path';
import { inject } from 'vitest';
import { openDatabase } from '../../../src/store/index.ts';
import type { OpenDatabase } from '../store/desk.ts';
import { emptyTables } from '../postgres/postgres.ts';
import { tempDir } from '../process/temp-dir.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Whether the apps of these tests store their state in PostgreSQL. */
    readonly isPostgres: boolean;
  }
}

/** Returns the opener of a new, empty database. Its data may be lost on close, so the test must not restart the app. */
export async function newDatabase(): Promise<OpenDatabase> {
  return inject('isPostgres') ? durableDatabase() : (engine) => openDatabase('memory:', engine);
}

/** Returns the opener of a new, empty database that a restart finds again: every call opens the same database. */
export async function durableDatabase(): Promise<OpenDatabase> {
  const url = await durableUrl();
  return (engine) => openDatabase(url, engine);
}

/** The URL of a new, empty database that a restart finds again. */
export const durableUrl = (): Promise<string> =>
  inject('isPostgres') ? emptyTables() : Promise.resolve(`sqlite:${join(tempDir(), 'opd.db')}`);
