import type { AllocationEngine, EpochMs } from '../../engine/index.ts';
import { CommitHints } from '../commit-hints.ts';
import type { Database } from '../database.ts';
import { GroupCommit } from '../group-commit.ts';
import { soleOwnerDatabase } from '../sole-owner.ts';
import { BatchWriter } from './batch-writer.ts';
import { loadInto } from './load.ts';
import { migrate, openForReading, prepareFile, takeOwnership } from './open.ts';
import { PageClient } from './page-client.ts';
import { SqliteStoredRows } from './stored-rows.ts';
import { WriterClient } from './writer-client.ts';

/**
 * One SQLite file with one owner. Commands are decided in memory at once. Their changes go in batches to one writer
 * thread, and they are answered when that thread has synced. Reads come from memory, from a connection of their own, or in pages from another thread.
 * @param file the path of the database; the file is created when it does not exist
 * @throws StoreOpenError saying in one sentence why the file cannot be used
 */
export function openSqliteDatabase(engine: AllocationEngine, file: string): Database {
  const path = prepareFile(file);
  const owner = takeOwnership(path);
  try {
    migrate(path);
  } catch (error) {
    owner.close();
    throw error;
  }
  const pages = new PageClient(path);
  const rows = new SqliteStoredRows(openForReading(path), pages);
  const client = new WriterClient(path);
  const hints = new CommitHints();
  const writer = new BatchWriter(engine, client, hints);
  const commits = new GroupCommit(writer.write);
  // A process that ended while slots left its memory has not given all their tokens their place in the index.
  const indexPastSlots = async (now: EpochMs): Promise<void> => {
    const past = rows.unindexedSlots(now).filter((id) => engine.slot(id) === undefined);
    const origin = { actor: 'system', reason: null };
    await commits.transact([], () => ({ changes: [], answer: null, origin, response: null, past }));
  };
  return soleOwnerDatabase({
    isDurable: true,
    engine,
    rows,
    commits,
    hints,
    load: async (horizon) => {
      loadInto(engine, rows, horizon);
      await indexPastSlots(horizon.now);
    },
    clean: () => client.truncateLog(),
    close: async () => {
      rows.close();
      await pages.close();
      await client.close();
      owner.close();
    },
  });
}
