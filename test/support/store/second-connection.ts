import { DatabaseSync } from 'node:sqlite';
import { onTestFinished } from 'vitest';

/** A connection to an SQLite database that a store uses. It waits while the store writes, and is closed after the test. */
export function secondConnection(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 10_000 });
  onTestFinished(() => database.close());
  return database;
}

/** Locks the database until the returned function is called. */
export function occupy(file: string): () => void {
  const database = secondConnection(file);
  database.exec('BEGIN IMMEDIATE');
  return () => database.exec('ROLLBACK');
}
