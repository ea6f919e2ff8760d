import { write } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { publish } from '../telemetry/index.ts';

/** The file descriptor of standard output. */
const STANDARD_OUTPUT = 1;
/** Characters of log lines that wait to be written. Later lines are dropped, because a command must not wait for the log. */
export const WAITING_MAX = 2 * 1024 * 1024;
/** Milliseconds between a failed write and the next try. */
const RETRY_MS = 20;

/**
 * Writes log lines to standard output. The log only informs, so no failure of it reaches its callers.
 *
 * One write is in flight at a time, and the lines that come meanwhile wait. A write that fails is retried, whatever the
 * reason: the disk is full, the terminal or the reader has gone, or the reader is slow. When too many characters wait,
 * new lines are dropped and counted. As soon as a write succeeds, a line with the count takes their place.
 */
export class LogOutput {
  /**
   * Whether a person sees the lines on a terminal. The access to `process.stdout` has a second purpose: Node makes a
   * pipe or a socket non-blocking then. Otherwise a write to a reader that has stopped reading would occupy a thread
   * for ever, and the exit of a process waits for its threads.
   */
  readonly isTerminal = process.stdout.isTTY;
  readonly #onDropped: (lines: number) => void;
  #waiting: string[] = [];
  #waitingLength = 0;
  #dropped = 0;
  /** Whether lines are being written, the pauses before retries included. */
  #isBusy = false;
  #isEnding = false;
  #afterWriting = Promise.withResolvers<undefined>();

  /** @param onDropped logs how many lines were dropped; the line that it logs is not dropped */
  constructor(onDropped: (lines: number) => void) {
    this.#onDropped = onDropped;
  }

  /** Takes one or more whole lines. */
  write(lines: string): void {
    if (this.#waitingLength > WAITING_MAX) {
      this.#dropped += 1;
      publish('opd:log-dropped', () => ({ lines: 1 }));
      return;
    }
    this.#waiting.push(lines);
    this.#waitingLength += lines.length;
    if (!this.#isBusy) this.#writeWaiting();
  }

  /**
   * Writes the last lines. Lines that cannot be written within `ms` milliseconds are lost.
   * @returns after twice that time at most, whether the process can exit. It cannot while a system call that writes does
   *   not return, for example because a person has stopped the terminal with Ctrl-S.
   */
  async end(ms: number): Promise<boolean> {
    if (await this.#hasWrittenWithin(ms)) return true;
    this.#isEnding = true;
    return this.#hasWrittenWithin(ms);
  }

  #hasWrittenWithin(ms: number): Promise<boolean> {
    if (!this.#isBusy) return Promise.resolve(true);
    return Promise.race([
      this.#afterWriting.promise.then(() => true),
      delay(ms, false, { ref: false }),
    ]);
  }

  #writeWaiting(): void {
    this.#isBusy = true;
    const bytes = Buffer.from(this.#waiting.join(''));
    this.#waiting = [];
    this.#waitingLength = 0;
    const dropped = this.#dropped;
    this.#dropped = 0;
    // No line waits now, so the line about the dropped ones follows the last line before them.
    if (dropped > 0) this.#onDropped(dropped);
    this.#write(bytes);
  }

  #write(bytes: Buffer): void {
    write(STANDARD_OUTPUT, bytes, (error, count) => {
      if (this.#isEnding) this.#rest();
      else if (error !== null) setTimeout(() => this.#write(bytes), RETRY_MS);
      else if (count < bytes.length) this.#write(bytes.subarray(count));
      else if (this.#waiting.length > 0) this.#writeWaiting();
      else this.#rest();
    });
  }

  #rest(): void {
    this.#isBusy = false;
    this.#afterWriting.resolve(undefined);
    this.#afterWriting = Promise.withResolvers();
  }
}
