import { setTimeout as delay } from 'node:timers/promises';
import { NotDurableError, type StoreState } from '../store.ts';
import { failureOf } from './errors.ts';

/** Milliseconds for which a command or a read is tried before it is given up. */
const PATIENCE_MS = 5_000;
/** Milliseconds between two tries, and at most as many again: those who were in each other's way part. */
const PAUSE_MS = 50;

/** Whether the database can be reached, and how long it is waited for. */
export class Health {
  readonly failure: Promise<Error>;
  readonly #fail: (error: Error) => void;
  readonly #ping: () => Promise<unknown>;
  readonly #onAway: () => void;
  #state: StoreState = 'ready';
  #isWatching = false;
  #isClosing = false;

  /**
   * @param ping asks the database for the least there is
   * @param onAway called whenever it has not answered
   */
  constructor(ping: () => Promise<unknown>, onAway: () => void) {
    this.#ping = ping;
    this.#onAway = onAway;
    const failure = Promise.withResolvers<Error>();
    this.failure = failure.promise;
    this.#fail = failure.resolve;
  }

  get state(): StoreState {
    return this.#state;
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** From now on nothing is begun, and nothing tried again. */
  close(): void {
    this.#isClosing = true;
  }

  /** @throws NotDurableError */
  assertWritable(): void {
    if (this.#state !== 'ready' || this.#isClosing)
      throw new NotDurableError('The database cannot be reached right now.');
  }

  /** @throws NotDurableError */
  assertReadable(): void {
    if (this.#state !== 'ready')
      throw new NotDurableError('The database cannot be read right now.');
  }

  /** The instant, on the clock of `performance`, until which what begins now is tried. */
  deadline(): number {
    return performance.now() + PATIENCE_MS;
  }

  isOver(deadline: number): boolean {
    return this.#isClosing || this.#state === 'failed' || performance.now() > deadline;
  }

  /** Waits before another try. */
  pause(): Promise<void> {
    return delay(PAUSE_MS * (1 + Math.random()));
  }

  /** Tries again what is lost with a connection or comes to nothing; what writes nothing alone may be tried so. */
  async withRetry<T>(look: () => Promise<T>): Promise<T> {
    const deadline = this.deadline();
    for (;;) {
      this.assertReadable();
      try {
        return await look();
      } catch (error) {
        const fate = failureOf(error);
        if (fate === 'final') throw error;
        if (fate === 'lost') this.watch();
        if (this.isOver(deadline))
          throw new NotDurableError('The database cannot be read right now.', { cause: error });
        await this.pause();
      }
    }
  }

  /** Stalls the store while the database cannot be reached. */
  watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    void this.#untilReachable().finally(() => {
      this.#isWatching = false;
    });
  }

  /** Ends everything for good. */
  fail(error: Error): void {
    this.#state = 'failed';
    this.#fail(error);
  }

  async #untilReachable(): Promise<void> {
    while (!this.#isClosing && this.#state !== 'failed') {
      try {
        await this.#ping();
        this.#state = 'ready';
        return;
      } catch (error) {
        if (failureOf(error) === 'final') this.fail(error as Error);
        else this.#state = 'stalled';
        this.#onAway();
        await this.pause();
      }
    }
  }
}
