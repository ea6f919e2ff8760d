import { setTimeout as delay } from 'node:timers/promises';
import { BackgroundTask } from '../../background/index.ts';
import { causeOf, publish, publishRun } from '../../telemetry/index.ts';
import { NotDurableError, type StoreState } from '../store.ts';
import { classifyFailure, isServerUnwritable } from './errors.ts';

/** Milliseconds for which a command or a read is retried before it is refused. */
const RETRY_WINDOW_MS = 5_000;
/** Milliseconds between two tries, and at random up to twice as many, because rivals must not retry in step. */
const RETRY_PAUSE_MS = 50;

/**
 * Whether the database can be reached, and how long commands and reads are retried.
 *
 * The store begins *ready*. Every part that sees a lost connection or a slow transaction calls `watch`, which pings
 * until one ping succeeds. A ping that fails makes the store *stalled*: new commands and reads are refused at once, and
 * `onUnreachable` lets the dispatcher refuse those that have waited too long. A ping that succeeds makes it *ready*
 * again. `fail`, after an error that no retry can mend, makes it *failed* for ever. `close` ends watching and retrying.
 *
 * A server that answers but stores nothing, for example on a full disk, does not make the store stalled, because reads
 * go on and each command finds out for itself. `noteRefused` and `noteStored` only publish when that begins and ends.
 */
export class Health {
  /** Resolves with the error that made the store fail. */
  readonly failure: Promise<Error>;
  readonly #resolveFailure: (error: Error) => void;
  readonly #ping: () => Promise<unknown>;
  readonly #onUnreachable: () => void;
  readonly #watcher: BackgroundTask;
  #state: StoreState = 'ready';
  #stalledAtMs = 0;
  /** When the server began to refuse writes, on the clock of `performance`; null when it takes them. */
  #unwritableAtMs: number | null = null;
  #isClosing = false;

  /**
   * @param ping sends the smallest statement, and rejects when the database does not answer in time
   * @param onUnreachable called after every ping that has failed
   */
  constructor(ping: () => Promise<unknown>, onUnreachable: () => void) {
    this.#ping = ping;
    this.#onUnreachable = onUnreachable;
    const failure = Promise.withResolvers<Error>();
    this.failure = failure.promise;
    this.#resolveFailure = failure.resolve;
    this.#watcher = new BackgroundTask({
      name: 'database-health',
      periodMs: RETRY_PAUSE_MS,
      retryMs: RETRY_PAUSE_MS,
      work: () => this.#check(),
      onRun: publishRun,
    });
  }

  get state(): StoreState {
    return this.#state;
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Refuses new commands and ends all retries and pings. Resolves when the last ping is over. */
  close(): Promise<void> {
    this.#isClosing = true;
    return this.#watcher.stop();
  }

  /** @throws NotDurableError when the store takes no commands */
  assertWritable(): void {
    if (this.#state !== 'ready' || this.#isClosing)
      throw new NotDurableError('The database cannot be reached right now.');
  }

  /** @throws NotDurableError when the store serves no reads */
  assertReadable(): void {
    if (this.#state !== 'ready')
      throw new NotDurableError('The database cannot be read right now.');
  }

  /** The instant, on the clock of `performance`, until which a command or read that comes now is retried. */
  deadlineMs(): number {
    return performance.now() + RETRY_WINDOW_MS;
  }

  /** Whether a command or read with this deadline is refused instead of retried. */
  isOver(deadlineMs: number): boolean {
    return this.#isClosing || this.#state === 'failed' || performance.now() > deadlineMs;
  }

  /** Waits before a retry. */
  pause(): Promise<void> {
    return delay(RETRY_PAUSE_MS * (1 + Math.random()));
  }

  /**
   * Runs a read of the database and retries it. Only reads may use this, because a retry would repeat a write.
   * @throws NotDurableError when the database cannot be read in time
   */
  async withRetry<T>(read: () => Promise<T>): Promise<T> {
    const deadlineMs = this.deadlineMs();
    for (;;) {
      this.assertReadable();
      try {
        return await read();
      } catch (error) {
        const failure = classifyFailure(error);
        if (failure === 'fatal') throw error;
        if (failure === 'connectionLost') this.watch();
        if (this.isOver(deadlineMs))
          throw new NotDurableError('The database cannot be read right now.', { cause: error });
        await this.pause();
      }
    }
  }

  /** Takes note that commands were refused, because the database has not stored them in time. */
  noteRefused(cause: unknown): void {
    if (this.#unwritableAtMs !== null || !isServerUnwritable(cause)) return;
    this.#unwritableAtMs = performance.now();
    // The messages of these errors name files and limits, but quote no row.
    publish('opd:commit-stalled', () => ({ cause: cause.message }));
  }

  /** Takes note that the database has stored changes. */
  noteStored(): void {
    if (this.#unwritableAtMs === null) return;
    const stalledMs = performance.now() - this.#unwritableAtMs;
    this.#unwritableAtMs = null;
    publish('opd:commit-recovered', () => ({ stalledMs }));
  }

  /** Pings the database until it answers. The store is stalled from the first ping that fails to the one that succeeds. */
  watch(): void {
    if (this.#isClosing || this.#state === 'failed') return;
    this.#watcher.start(0);
  }

  /** Makes the store fail. It does not recover. */
  fail(error: Error): void {
    if (this.#state === 'failed') return;
    this.#state = 'failed';
    publish('opd:store-failed', () => ({ cause: causeOf(error) }));
    this.#resolveFailure(error);
  }

  /** One ping. It throws to be retried, and stops the watcher when no other ping is needed. */
  async #check(): Promise<void> {
    try {
      await this.#ping();
      this.#recover();
    } catch (error) {
      if (classifyFailure(error) === 'fatal') this.fail(error as Error);
      else this.#stall(error);
      this.#onUnreachable();
      // A failed store is not pinged any more.
      if (this.#state !== 'failed') throw error;
    }
    void this.#watcher.stop();
  }

  #stall(cause: unknown): void {
    if (this.#state !== 'ready') return;
    this.#state = 'stalled';
    this.#stalledAtMs = performance.now();
    publish('opd:database-unreachable', () => ({ cause: causeOf(cause) }));
  }

  #recover(): void {
    if (this.#state !== 'stalled') return;
    this.#state = 'ready';
    const unreachableMs = performance.now() - this.#stalledAtMs;
    publish('opd:database-reachable', () => ({ unreachableMs }));
  }
}
