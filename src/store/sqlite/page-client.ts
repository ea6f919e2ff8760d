import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Pages } from '../archive.ts';
import type { ReadName, SqlValue } from './statements.ts';

/** What the thread is asked: the first page of a query, the next page of one, or to end one. */
export interface PageOrder {
  /** The number of the query. */
  readonly id: number;
  /** With the first order of a query. */
  readonly query?: { readonly name: ReadName; readonly values: readonly SqlValue[] };
  /** Whether no more pages are asked for. */
  readonly isEnd?: true;
}

/** A page: flat, because a copy between threads costs by the object. */
export type PageResult =
  | {
      readonly id: number;
      readonly ok: true;
      /** The values of all rows in a row. */
      readonly values: readonly SqlValue[];
      readonly isLast: boolean;
    }
  | { readonly id: number; readonly ok: false; readonly message: string };

type Page = Extract<PageResult, { ok: true }>;

/** The main thread's end of the thread that reads pages. The thread starts with the first query. */
export class PageClient {
  readonly #path: string;
  #worker: Worker | null = null;
  #queries = 0;
  readonly #waiting = new Map<number, PromiseWithResolvers<Page>>();

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Reads the rows of a query in pages.
   * @param columns the names of the columns that the query gives, in their order
   */
  async *pages<Row>(
    columns: readonly string[],
    name: ReadName,
    ...values: readonly SqlValue[]
  ): Pages<Row> {
    this.#queries += 1;
    const id = this.#queries;
    let isOver = false;
    try {
      for (let order: PageOrder = { id, query: { name, values } }; !isOver; order = { id }) {
        const page = await this.#ask(order);
        isOver = page.isLast;
        if (page.values.length > 0) yield rowsOf<Row>(columns, page.values);
      }
    } finally {
      if (!isOver) this.#worker?.postMessage({ id, isEnd: true } satisfies PageOrder);
    }
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    if (worker === null) return;
    const exit = once(worker, 'exit');
    worker.postMessage('close');
    await exit;
  }

  #ask(order: PageOrder): Promise<Page> {
    const page = Promise.withResolvers<Page>();
    this.#waiting.set(order.id, page);
    this.#worker ??= this.#start();
    this.#worker.postMessage(order);
    return page.promise;
  }

  #start(): Worker {
    const worker = new Worker(new URL('./page-thread.ts', import.meta.url), {
      workerData: { path: this.#path },
    });
    worker.on('message', (result: PageResult) => this.#answer(result));
    worker.on('error', (error: Error) => this.#end(error.message));
    worker.on('exit', () => this.#end('the thread has ended'));
    return worker;
  }

  #answer(result: PageResult): void {
    const page = this.#waiting.get(result.id);
    this.#waiting.delete(result.id);
    if (result.ok) page?.resolve(result);
    else page?.reject(unreadable(result.message));
  }

  /** The next query starts a new thread. */
  #end(message: string): void {
    this.#worker = null;
    for (const page of this.#waiting.values()) page.reject(unreadable(message));
    this.#waiting.clear();
  }
}

const unreadable = (message: string): Error =>
  new Error(`The database cannot be read: ${message}.`);

function rowsOf<Row>(columns: readonly string[], values: readonly SqlValue[]): Row[] {
  const rows: Row[] = [];
  for (let from = 0; from < values.length; from += columns.length) {
    const row: Record<string, SqlValue | undefined> = {};
    for (let index = 0; index < columns.length; index += 1)
      row[columns[index] ?? ''] = values[from + index];
    // STRICT tables and the program's own writes guarantee the shape of the rows.
    rows.push(row as Row);
  }
  return rows;
}
