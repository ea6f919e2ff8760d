import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import { PostgresServer } from '../../test/support/postgres/postgres-server.ts';
import {
  mountMemoryDisk,
  remountMemoryDisk,
  removeMemoryDisk,
  whyNoMount,
} from '../../test/support/process/memory-disk.ts';
import { runSql } from '../../test/support/store/run-sql.ts';
import { temporaryDirectory } from '../lib/temporary.ts';
import type { Fault } from './timeline.ts';

/** The database of a soak. */
export interface SoakDatabase {
  readonly url: string;
  /** The faults that the database itself can have. */
  readonly faults: readonly Fault[];
  /** Faults that this machine does not permit, each with the reason. */
  readonly skipped: readonly string[];
  readonly remove: () => void | Promise<void>;
}

/** Room for the database and its journal. A file system in memory takes only what its files take. */
const ROOM = 'size=4g';
/** Bytes that are left free when the disk is filled. */
const REST = 16_384;

/** A database on a file system of its own, which can be full; without one if this machine does not permit it. */
function sqliteDatabase(): Promise<SoakDatabase> {
  const reason = whyNoMount();
  if (reason !== null) {
    const directory = temporaryDirectory();
    return Promise.resolve({
      url: `sqlite:${join(directory.path, 'soak.db')}`,
      faults: [],
      skipped: [`full disk (skipped: ${reason})`],
      remove: () => directory.remove(),
    });
  }
  const directory = mountMemoryDisk(ROOM);
  const remove = (): void => removeMemoryDisk(directory);
  process.once('exit', remove);
  return Promise.resolve({
    url: `sqlite:${join(directory, 'soak.db')}`,
    faults: [{ phase: 'full disk', run: (meanwhile) => fillDisk(directory, meanwhile) }],
    skipped: [],
    remove: () => {
      process.off('exit', remove);
      remove();
    },
  });
}

/** Makes the file system as small as its files, and large again afterwards. */
async function fillDisk(directory: string, meanwhile: () => Promise<void>): Promise<void> {
  for (;;) {
    const { blocks, bfree, bsize } = statfsSync(directory);
    try {
      remountMemoryDisk(directory, `size=${(blocks - bfree) * bsize + REST}`);
      break;
    } catch {
      // The database has grown meanwhile by more than the rest.
    }
  }
  await meanwhile();
  remountMemoryDisk(directory, ROOM);
}

/** Ends all sessions of the service at once. */
const CUT = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'opd'`;

async function postgresDatabase(): Promise<SoakDatabase> {
  const server = await PostgresServer.start({ fsync: 'on', autovacuum: 'on' });
  return {
    url: server.url,
    faults: [
      {
        phase: 'cut connections',
        run: async (meanwhile) => {
          await runSql(server.superuserUrl, CUT);
          await meanwhile();
        },
      },
      {
        phase: 'database crash',
        run: async (meanwhile) => {
          await server.stop('immediate');
          await meanwhile();
          await server.start();
        },
      },
    ],
    skipped: [],
    remove: () => server.remove(),
  };
}

const memoryDatabase = (): Promise<SoakDatabase> =>
  Promise.resolve({
    url: 'memory:',
    faults: [],
    skipped: [],
    remove: () => undefined,
  });

/** The databases that can be soaked. */
export const DATABASES = {
  sqlite: sqliteDatabase,
  postgres: postgresDatabase,
  memory: memoryDatabase,
} as const satisfies Readonly<Record<string, () => Promise<SoakDatabase>>>;
export type DatabaseName = keyof typeof DATABASES;

export const isDatabaseName = (name: string): name is DatabaseName =>
  Object.hasOwn(DATABASES, name);
