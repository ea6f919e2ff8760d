import { parentPort, workerData } from 'node:worker_threads';
import { openForWriting } from './open.ts';
import type { WriteBatch, WriteResult } from './writer-client.ts';
import { WRITES } from './statements.ts';

// The one thread that writes to the database. It receives a batch and answers with the outcome. It knows the statements,
// but not what they mean.

const { path } = workerData as { path: string };
const database = openForWriting(path);
const statements = Object.values(WRITES).map((sql) => database.prepare(sql));
const arities = Object.values(WRITES).map((sql) => sql.split('?').length - 1);

function write({ statements: indexes, values }: WriteBatch): WriteResult {
  try {
    database.exec('BEGIN IMMEDIATE');
    let from = 0;
    for (const index of indexes) {
      const to = from + (arities[index] ?? 0);
      statements[index]?.run(...values.slice(from, to));
      from = to;
    }
    database.exec('COMMIT');
    return { ok: true };
  } catch (error) {
    // A full disk rolls back by itself; anything else is rolled back here, so that the batch can be tried again whole.
    if (database.isTransaction) database.exec('ROLLBACK');
    const { message, errcode } = error as Error & { errcode?: number };
    return { ok: false, message, errcode: errcode ?? 0 };
  }
}

parentPort?.on('message', (batch: WriteBatch | 'close') => {
  if (batch === 'close') {
    database.close();
    parentPort?.close();
  } else parentPort?.postMessage(write(batch));
});
