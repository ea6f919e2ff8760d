import { setImmediate } from 'node:timers/promises';
import { OverloadedError, PAGE_ITEMS } from '../store/index.ts';

/** Large reads that are made at once. Each of them holds the tokens of one doctor or the changes of one day. */
const ACTIVE_MAX = 4;
/** Large reads that wait for their turn; any further one is refused. */
const WAITING_MAX = 50;

/** The request of a read has its answer, or its client has gone: no more work must be done for it. */
export class RequestEndedError extends Error {
  override readonly name = 'RequestEndedError';
  readonly code = 'OPD_REQUEST_ENDED';
}

/** A large read that waits for its turn. */
interface Waiter {
  readonly begin: () => void;
}

/** Bounds how many large reads are made at once, because each of them needs memory and processor time. */
export class LargeReads {
  #active = 0;
  readonly #waiting = new Set<Waiter>();
  readonly #begun = new WeakSet<AbortSignal>();

  /**
   * Waits until a large read may begin. It is over when its request has ended. A request has one place, however many
   * slots it reads.
   * @throws OverloadedError when too many large reads wait
   * @throws RequestEndedError when the request ends meanwhile
   */
  async begin(ended: AbortSignal): Promise<void> {
    ended.throwIfAborted();
    if (this.#begun.has(ended)) return;
    if (this.#active < ACTIVE_MAX) this.#active += 1;
    else await this.#wait(ended);
    // A request can end between the moment at which it got the place and this one.
    if (ended.aborted) this.#finish();
    ended.throwIfAborted();
    this.#begun.add(ended);
    ended.addEventListener('abort', () => this.#finish(), { once: true });
  }

  #wait(ended: AbortSignal): Promise<void> {
    if (this.#waiting.size >= WAITING_MAX)
      throw new OverloadedError('Too many large reads are in progress.');
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const leave = (): void => {
      this.#waiting.delete(waiter);
      reject(ended.reason as Error);
    };
    const waiter = {
      begin: () => {
        ended.removeEventListener('abort', leave);
        resolve(undefined);
      },
    };
    this.#waiting.add(waiter);
    ended.addEventListener('abort', leave, { once: true });
    return promise;
  }

  /** The place of a read that is over goes to the one that has waited longest. */
  #finish(): void {
    for (const waiter of this.#waiting) {
      this.#waiting.delete(waiter);
      waiter.begin();
      return;
    }
    this.#active -= 1;
  }
}

/**
 * Gives the slices of a large read one after another. After each of them other requests are handled.
 * @throws RequestEndedError when the request has ended
 */
export async function* inTurns<Slice>(
  slices: Iterable<Slice> | AsyncIterable<Slice>,
  ended: AbortSignal,
): AsyncGenerator<Slice> {
  for await (const slice of slices) {
    ended.throwIfAborted();
    yield slice;
    await setImmediate();
  }
}

/** Cuts a list into slices of `PAGE_ITEMS`: each is about a millisecond of work. */
export function* slicesOf<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let from = 0; from < items.length; from += PAGE_ITEMS)
    yield items.slice(from, from + PAGE_ITEMS);
}
