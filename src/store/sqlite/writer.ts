import { parentPort, workerData } from 'node:worker_threads';
import { BatchExecutor, RowNotFoundError, type WriteBatch } from './batch.ts';
import { DatabaseFiles } from './database-files.ts';
import { BUSY_TIMEOUT_MS, openForWriting } from './open.ts';
import type { LogTruncation, WriteResult } from './writer-client.ts';

// The one thread that writes to the database. It receives a batch and answers with the outcome. It knows the statements,
// but not what they mean.

const { path } = workerData as { path: string };
const database = openForWriting(path);
const executor = new BatchExecutor(database);
const files = new DatabaseFiles(path);

const OTHER_WRITER = `Another process has written to the database ${path}, and the latest commands of this process do not follow from what is stored. They were not stored and not answered with success. Only one process may use the database: end the other one.`;
const FILES_GONE = `The files of the database ${path} were deleted or replaced while this process used them. It stores nothing more, because a restart would not find it. Put the files back or restore a backup before the next start.`;

function write(batch: WriteBatch): WriteResult {
  try {
    database.exec('BEGIN IMMEDIATE');
    executor.execute(batch);
    database.exec('COMMIT');
    // After the commit, because files that were deleted before it have not got the batch that this thread would report.
    return files.areInPlace() ? { ok: true } : { ok: false, message: FILES_GONE, errcode: 0 };
  } catch (error) {
    // A full disk rolls back by itself; anything else is rolled back here, so that the batch can be tried again whole.
    if (database.isTransaction) database.exec('ROLLBACK');
    if (error instanceof RowNotFoundError) return { ok: false, message: OTHER_WRITER, errcode: 0 };
    const { message, errcode } = error as Error & { errcode?: number };
    return { ok: false, message, errcode: errcode ?? 0 };
  }
}

function truncateLog(): LogTruncation {
  try {
    // The next batch must not wait for a reader that holds an old snapshot.
    database.exec('PRAGMA busy_timeout = 0');
    const result = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
    return { isTruncated: result?.['busy'] === 0 };
  } catch {
    // A full disk, for example. The log is as it was, and the next try may succeed.
    return { isTruncated: false };
  } finally {
    database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  }
}

parentPort?.on('message', (batch: WriteBatch | 'truncate' | 'close') => {
  if (batch === 'close') {
    database.close();
    parentPort?.close();
  } else parentPort?.postMessage(batch === 'truncate' ? truncateLog() : write(batch));
});
