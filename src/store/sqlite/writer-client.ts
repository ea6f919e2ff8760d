import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { TransientWriteError } from '../group-commit.ts';
import type { WriteBatch } from './batch.ts';

export type WriteResult =
  | { readonly ok: true }
  /** `errcode` is SQLite's; 0 when SQLite reports no error. */
  | { readonly ok: false; readonly message: string; readonly errcode: number };

/** The outcome of `truncateLog`. */
export interface LogTruncation {
  readonly isTruncated: boolean;
}

/** Full, busy, locked: the same batch may fit later. The extended one is the shared-memory file on a full disk. */
const TRANSIENT_PRIMARY = new Set([13, 5, 6]);
const SQLITE_IOERR_SHMSIZE = 4874;

const isTransient = (errcode: number): boolean =>
  TRANSIENT_PRIMARY.has(errcode & 0xff) || errcode === SQLITE_IOERR_SHMSIZE;

/** The main thread's end of the writer thread: one batch at a time. */
export class WriterClient {
  readonly #worker: Worker;
  #current: PromiseWithResolvers<undefined> | null = null;
  #truncation: PromiseWithResolvers<boolean> | null = null;
  #death: Error | null = null;

  constructor(path: string) {
    this.#worker = new Worker(new URL('./writer.ts', import.meta.url), { workerData: { path } });
    this.#worker.on('message', (result: WriteResult | LogTruncation) => {
      if ('isTruncated' in result) this.#truncated(result);
      else this.#answer(result);
    });
    this.#worker.on('error', (error: Error) => this.#die(error));
    this.#worker.on('exit', () => this.#die(new Error('the thread has ended')));
  }

  /**
   * Resolves when the batch is one durable transaction.
   * @throws TransientWriteError nothing was written, the same batch may succeed later
   */
  write({ statements, values }: WriteBatch): Promise<undefined> {
    if (this.#death !== null) return Promise.reject(this.#death);
    this.#current = Promise.withResolvers();
    this.#worker.postMessage({ statements, values } satisfies WriteBatch);
    return this.#current.promise;
  }

  /**
   * Moves everything from the write-ahead log into the database and empties the log.
   * @returns false when a reader prevents it now
   */
  truncateLog(): Promise<boolean> {
    if (this.#death !== null) return Promise.reject(this.#death);
    this.#truncation ??= Promise.withResolvers();
    this.#worker.postMessage('truncate');
    return this.#truncation.promise;
  }

  async close(): Promise<void> {
    if (this.#death !== null) return;
    const exit = once(this.#worker, 'exit');
    this.#worker.postMessage('close');
    await exit;
  }

  #answer(result: WriteResult): void {
    const current = this.#current;
    this.#current = null;
    if (result.ok) return current?.resolve(undefined);
    const { message, errcode } = result;
    // 0: the message is a sentence of the writer, not of SQLite.
    if (errcode === 0) return current?.reject(new Error(message));
    const failure = isTransient(errcode) ? TransientWriteError : Error;
    current?.reject(new failure(`The database cannot be written (SQLite ${errcode}): ${message}.`));
  }

  #truncated({ isTruncated }: LogTruncation): void {
    this.#truncation?.resolve(isTruncated);
    this.#truncation = null;
  }

  #die(cause: Error): void {
    this.#death ??= new Error(`The writer of the database has died: ${cause.message}.`, { cause });
    this.#current?.reject(this.#death);
    this.#current = null;
    this.#truncation?.reject(this.#death);
    this.#truncation = null;
  }
}
