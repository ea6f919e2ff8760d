import { join } from 'node:path';
import { openDatabase } from '../../../src/store/index.ts';
import { emptyTables } from '../postgres/postgres.ts';
import { tempDir } from '../process/temp-dir.ts';
import type { OpenDatabase } from './desk.ts';

/** A kind of database that the contracts are run on. */
export interface DatabaseUnderTest {
  /** Called once a test: makes what opens one and the same database, new and empty, every time. */
  readonly database: () => OpenDatabase | Promise<OpenDatabase>;
  /** Why nothing can survive a restart; null when everything must. */
  readonly losesEverything: string | null;
  /** Whether nobody else writes to the database: then a command is decided the moment it is given. */
  readonly isSoleOwner: boolean;
}

export const MEMORY: DatabaseUnderTest = {
  database: () => (engine) => openDatabase('memory:', engine),
  losesEverything: 'memory: is for trying out, nothing is written',
  isSoleOwner: true,
};

export const SQLITE: DatabaseUnderTest = {
  database: () => {
    const file = join(tempDir(), 'opd.db');
    return (engine) => openDatabase(`sqlite:${file}`, engine);
  },
  losesEverything: null,
  isSoleOwner: true,
};

export const POSTGRES: DatabaseUnderTest = {
  database: async () => {
    const url = await emptyTables();
    return (engine) => openDatabase(url, engine);
  },
  losesEverything: null,
  isSoleOwner: false,
};
