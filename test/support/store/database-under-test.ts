import { join } from 'node:path';
import { openDatabase, type Database } from '../../../src/store/index.ts';
import { openMemoryDatabase } from '../../../src/store/memory/database.ts';
import { openSqliteDatabase } from '../../../src/store/sqlite/database.ts';
import { emptyTables } from '../postgres/postgres.ts';
import { tempDir } from '../process/temp-dir.ts';
import type { OpenDatabase } from './desk.ts';

/** A kind of database on which the contract tests run. */
export interface DatabaseUnderTest {
  /** Called once per test. Returns a function that opens the same database at each call; at first it is empty. */
  readonly database: () => OpenDatabase | Promise<OpenDatabase>;
  /** Why a restart loses all data; null when a restart must lose nothing. */
  readonly whyNotDurable: string | null;
  /** Whether no other process writes to the database. If so, `transact` decides a command synchronously. */
  readonly isSoleOwner: boolean;
}

export const MEMORY: DatabaseUnderTest = {
  database: () => (engine) => openDatabase('memory:', engine),
  whyNotDurable: 'a database in memory writes nothing to disk',
  isSoleOwner: true,
};

export const SQLITE: DatabaseUnderTest = {
  database: () => {
    const file = join(tempDir(), 'opd.db');
    return (engine) => openDatabase(`sqlite:${file}`, engine);
  },
  whyNotDurable: null,
  isSoleOwner: true,
};

/** A reader listens, so the latest changes are in memory: so few that a test also reads the others from the rows. */
const RECENT_MAX = 4;

function heard(database: Database): Database {
  database.changeLog.onCommit(() => undefined);
  return database;
}

export const HEARD_MEMORY: DatabaseUnderTest = {
  ...MEMORY,
  database: () => (engine) => heard(openMemoryDatabase(engine, null, RECENT_MAX)),
};

export const HEARD_SQLITE: DatabaseUnderTest = {
  ...SQLITE,
  database: () => {
    const file = join(tempDir(), 'opd.db');
    return (engine) => heard(openSqliteDatabase(engine, file, RECENT_MAX));
  },
};

export const POSTGRES: DatabaseUnderTest = {
  database: async () => {
    const url = await emptyTables();
    return (engine) => openDatabase(url, engine);
  },
  whyNotDurable: null,
  isSoleOwner: false,
};
