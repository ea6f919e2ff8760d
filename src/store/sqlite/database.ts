import type { AllocationEngine } from '../../engine/index.ts';
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
  return soleOwnerDatabase({
    isDurable: true,
    engine,
    rows,
    commits: new GroupCommit(writer.write),
    hints,
    load: (horizon) => loadInto(engine, rows, horizon),
    close: async () => {
      rows.close();
      await pages.close();
      await client.close();
      owner.close();
    },
  });
}
