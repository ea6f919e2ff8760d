import type { Logger } from 'pino';

/** Milliseconds without a refusal after which a time of refusals has ended. */
const QUIET_MS = 5_000;

/** Logs each time of refusals with two lines, because a line for each refusal would load a busy service even more. */
export class RefusalLog {
  readonly #logger: Logger;
  readonly #texts: { readonly begin: string; readonly end: string };
  #count = 0;
  #startedMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(logger: Logger, texts: { readonly begin: string; readonly end: string }) {
    this.#logger = logger;
    this.#texts = texts;
  }

  /** Counts a refusal. The first one begins a time of refusals. */
  count(): void {
    this.#count += 1;
    if (this.#timer === undefined) this.#begin();
  }

  #begin(): void {
    this.#startedMs = performance.now();
    this.#logger.warn(this.#texts.begin);
    let counted = 0;
    this.#timer = setInterval(() => {
      if (this.#count === counted) this.#end();
      counted = this.#count;
    }, QUIET_MS).unref();
  }

  #end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    const seconds = Math.round((performance.now() - this.#startedMs) / 1_000);
    this.#logger.info({ refused: this.#count, seconds }, this.#texts.end);
    this.#count = 0;
  }
}
