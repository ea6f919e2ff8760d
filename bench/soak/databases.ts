import { lchownSync, statfsSync, statSync } from 'node:fs';
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

/** A file system of its own for a database, and the faults that it can have. */
interface Disk extends Omit<SoakDatabase, 'url' | 'remove'> {
  readonly directory: string;
  readonly remove: () => void;
}

/** A file system that can be full; a directory that cannot if this machine permits no other. */
function openDisk(): Disk {
  const reason = whyNoMount();
  if (reason !== null) {
    const directory = temporaryDirectory();
    return {
      ...{ directory: directory.path, faults: [], remove: () => directory.remove() },
      skipped: [`full disk (skipped: ${reason})`],
    };
  }
  const directory = mountMemoryDisk(ROOM);
  const remove = (): void => removeMemoryDisk(directory);
  process.once('exit', remove);
  return {
    directory,
    faults: [{ phase: 'full disk', run: (meanwhile) => fillDisk(directory, meanwhile) }],
    skipped: [],
    remove: () => {
      process.off('exit', remove);
      remove();
    },
  };
}

function sqliteDatabase(): Promise<SoakDatabase> {
  const { directory, ...disk } = openDisk();
  return Promise.resolve({ ...disk, url: `sqlite:${join(directory, 'soak.db')}` });
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
  const disk = openDisk();
  await storeTablesOn(disk.directory, server);
  return {
    url: server.url,
    faults: [
      ...disk.faults,
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
    skipped: disk.skipped,
    remove: async () => {
      await server.remove();
      disk.remove();
    },
  };
}

/** Makes the server store the tables of the service in this directory. Its journal stays where it is. */
async function storeTablesOn(directory: string, { superuserUrl }: PostgresServer): Promise<void> {
  const [{ path } = {}] = await runSql(
    superuserUrl,
    `SELECT setting AS path FROM pg_settings WHERE name = 'data_directory'`,
  );
  const { uid, gid } = statSync(String(path));
  lchownSync(directory, uid, gid);
  await runSql(superuserUrl, `CREATE TABLESPACE soak OWNER opd LOCATION '${directory}'`);
  await runSql(superuserUrl, 'ALTER ROLE opd SET default_tablespace = soak');
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
