import type { Logger } from 'pino';

/** Failed attempts of an address in a minute that are answered as such. Further ones are told to wait. */
export const ATTEMPTS_MAX = 10;
const WINDOW_MS = 60_000;
/** Addresses that are remembered. Of more, the one that failed first is forgotten. */
const ADDRESSES_MAX = 10_000;

interface Window {
  readonly endsAtMs: number;
  count: number;
}

/**
 * Counts the failed attempts of each address and logs them, with the public id of the key and never the secret. A key
 * that is right is accepted whatever its address did, because many clients share the address of a proxy.
 */
export class FailedAttempts {
  readonly #logger: Logger;
  readonly #windows = new Map<string, Window>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /**
   * Takes note of a failed attempt.
   * @returns false when the address has failed too often in this minute and must wait
   */
  note(address: string, facts: object): boolean {
    const window = this.#windowOf(address);
    window.count += 1;
    if (window.count > ATTEMPTS_MAX) return false;
    this.#logger.warn({ ...facts, address }, 'An access key was refused.');
    return true;
  }

  #windowOf(address: string): Window {
    const nowMs = performance.now();
    const known = this.#windows.get(address);
    if (known !== undefined && known.endsAtMs > nowMs) return known;
    // The map is in the order in which addresses began to fail.
    this.#windows.delete(address);
    const [oldest] = this.#windows.keys();
    if (this.#windows.size >= ADDRESSES_MAX && oldest !== undefined) this.#windows.delete(oldest);
    const window = { endsAtMs: nowMs + WINDOW_MS, count: 0 };
    this.#windows.set(address, window);
    return window;
  }
}
