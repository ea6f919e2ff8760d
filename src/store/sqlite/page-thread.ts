import type { StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { PAGE_ITEMS } from '../archive.ts';
import { openForReading } from './open.ts';
import type { PageOrder, PageResult } from './page-client.ts';
import { READS, type SqlValue } from './statements.ts';

// The thread that reads what may be long, so that neither the sort of a hundred thousand rows nor a slow disk delays a
// request. It receives an order for the first or the next page of a query and answers with that page.

const { path } = workerData as { path: string };
const database = openForReading(path);
/** The rows that are left of each query, by its number. */
const queries = new Map<number, Iterator<unknown>>();

function start({ name, values }: NonNullable<PageOrder['query']>): Iterator<unknown> {
  // A statement of its own, because several queries of the same name may be open.
  const statement: StatementSync = database.prepare(READS[name]);
  statement.setReturnArrays(true);
  return statement.iterate(...values);
}

function pageOf({ id, query }: PageOrder): PageResult {
  try {
    const rows = query === undefined ? queries.get(id) : start(query);
    if (rows === undefined) return { id, ok: false, message: 'the query is over' };
    const values: SqlValue[] = [];
    for (let count = 0; count < PAGE_ITEMS; count += 1) {
      const next = rows.next();
      if (next.done === true) {
        queries.delete(id);
        return { id, ok: true, values, isLast: true };
      }
      values.push(...(next.value as SqlValue[]));
    }
    queries.set(id, rows);
    return { id, ok: true, values, isLast: false };
  } catch (error) {
    queries.delete(id);
    return { id, ok: false, message: (error as Error).message };
  }
}

parentPort?.on('message', (order: PageOrder | 'close') => {
  if (order === 'close') {
    database.close();
    parentPort?.close();
  } else if (order.isEnd === true) {
    queries.get(order.id)?.return?.();
    queries.delete(order.id);
  } else parentPort?.postMessage(pageOf(order));
});
