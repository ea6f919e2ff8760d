import type { AllocationEngine, SlotId } from '../../engine/index.ts';
import type { Database } from '../database.ts';
import { GroupCommit } from '../group-commit.ts';
import { RecentChanges, RECENT_MAX } from '../recent-changes.ts';
import { soleOwnerDatabase } from '../sole-owner.ts';
import { BatchWriter } from './batch-writer.ts';
import { loadInto } from './load.ts';
import { migrate, openForReading, prepareFile, takeOwnership } from './open.ts';
import { PageClient } from './page-client.ts';
import { SlotIndex } from './slot-index.ts';
import { SqliteStoredRows } from './stored-rows.ts';
import { WriterClient } from './writer-client.ts';

/**
 * One SQLite file with one owner. Commands are decided in memory. Their changes go in batches to one writer
 * thread, and they are answered when that thread has synced. Reads come from memory, from a connection of their own, or in pages from another thread.
 * @param file the path of the database; the file is created when it does not exist
 * @param recentMax see `RECENT_MAX`
 * @throws StoreOpenError saying in one sentence why the file cannot be used
 */
export function openSqliteDatabase(
  engine: AllocationEngine,
  file: string,
  recentMax = RECENT_MAX,
): Database {
  const path = prepareFile(file);
  const owner = takeOwnership(path);
  try {
    migrate(path);
  } catch (error) {
    owner.close();
    throw error;
  }
  const index = new SlotIndex(engine);
  const noteIndexed = (id: SlotId): void => index.noteIndexed(id);
  const pages = new PageClient(path);
  const rows = new SqliteStoredRows(openForReading(path), { pages, noteIndexed });
  const client = new WriterClient(path);
  const recent = new RecentChanges(rows.lastPosition(), recentMax);
  const writer = new BatchWriter(engine, { client, index, recent });
  const commits = new GroupCommit(writer.write);
  return soleOwnerDatabase({
    isDurable: true,
    engine,
    rows,
    commits,
    recent,
    load: async (horizon) => {
      const slots = loadInto(engine, rows, horizon, noteIndexed);
      const past = slots.map(({ facts }) => facts.id);
      const origin = { actor: 'system', reason: null };
      const decision = { changes: [], answer: null, origin, response: null, past };
      await commits.transact([], () => decision);
      for (const slot of slots) engine.evictSlot(slot);
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
