/** Milliseconds for which an answer waits at least, and from one sending to the next. */
const PAUSE_MS = 2;
/** Answers that are sent for each millisecond that has passed. */
const ANSWERS_PER_MS = 7;

/**
 * Sends refusals at a bounded rate, those that have waited longest first. A client sends its next request when it has its
 * answer, so this slows down clients that repeat a refused request at once. Otherwise they would fill each turn of the
 * event loop with refusals, and the accepted requests would wait for their turn.
 */
export class Pacer {
  #waiting: (() => void)[] = [];
  #sentMs = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param send sends the answer; it is called once, when it is the turn of this answer */
  add(send: () => void): void {
    this.#waiting.push(send);
    if (this.#timer !== undefined) return;
    this.#sentMs = performance.now();
    this.#timer = setTimeout(this.#sendSome, PAUSE_MS);
  }

  // The number depends on the time that has passed, because the turns of a busy event loop are long and of different lengths.
  readonly #sendSome = (): void => {
    const now = performance.now();
    const count = Math.ceil((now - this.#sentMs) * ANSWERS_PER_MS);
    this.#sentMs = now;
    for (const send of this.#waiting.splice(0, count)) send();
    this.#timer = this.#waiting.length > 0 ? setTimeout(this.#sendSome, PAUSE_MS) : undefined;
  };
}
