import { performance } from 'node:perf_hooks';
import { threadMs } from '../background/index.ts';

/** Milliseconds of processor time that a message takes (`npm run bench -- --only webhooks`). */
const MESSAGE_MS = 0.25;
/** The part of its processor time that a busy thread spends on messages. */
const SHARE = 0.08;
/** The part of a period for which the event loop runs, from which on the thread counts as busy. */
const BUSY_SHARE = 0.5;
/** Milliseconds after which the thread is judged again. */
const PERIOD_MS = 250;
/** Messages that may be saved up while the thread is busy. */
const CREDIT_MAX = 10;
/** Milliseconds until a message that waits asks again. */
const RETRY_MS = 10;

/** For how long the event loop of a thread has waited and run, and the processor time of the thread, in milliseconds. */
export interface Usage {
  readonly idleMs: number;
  readonly activeMs: number;
  readonly processorMs: number;
}

function usageOfThread(): Usage {
  const { idle, active } = performance.eventLoopUtilization();
  return { idleMs: idle, activeMs: active, processorMs: threadMs() };
}

/**
 * Gives messages their turn, the first that asks first. A message costs as much as two bookings. So while commands keep the
 * thread busy, all messages together get a small part of its processor time; otherwise each is sent at once.
 */
export class Pace {
  readonly #usage: () => Usage;
  readonly #waiting: (() => void)[] = [];
  /** The usage at the begin of the period. */
  #begin: Usage;
  #isBusy = false;
  #credit = CREDIT_MAX;
  /** The processor time for which there was credit. */
  #creditedMs: number;
  #timer: NodeJS.Timeout | undefined;

  /** @param usage by default that of this thread */
  constructor(usage: () => Usage = usageOfThread) {
    this.#usage = usage;
    this.#begin = usage();
    this.#creditedMs = this.#begin.processorMs;
  }

  /** Resolves when the next message may be sent. */
  async turn(): Promise<void> {
    if (this.#waiting.length === 0 && this.#take()) return;
    await new Promise<void>((begin) => {
      this.#waiting.push(begin);
      this.#timer ??= setTimeout(() => this.#serve(), RETRY_MS);
    });
  }

  #serve(): void {
    this.#timer = undefined;
    while (this.#waiting.length > 0 && this.#take()) this.#waiting.shift()?.();
    if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.#serve(), RETRY_MS);
  }

  /** Whether a message may be sent now, which it is then. */
  #take(): boolean {
    const now = this.#usage();
    this.#judge(now);
    const earned = ((now.processorMs - this.#creditedMs) * SHARE) / MESSAGE_MS;
    this.#creditedMs = now.processorMs;
    this.#credit = Math.min(this.#credit + earned, CREDIT_MAX);
    if (this.#isBusy && this.#credit < 1) return false;
    this.#credit = Math.max(this.#credit - 1, 0);
    return true;
  }

  /** Says at the end of a period whether the thread was busy. */
  #judge(now: Usage): void {
    const activeMs = now.activeMs - this.#begin.activeMs;
    const periodMs = activeMs + now.idleMs - this.#begin.idleMs;
    if (periodMs < PERIOD_MS) return;
    this.#isBusy = activeMs >= periodMs * BUSY_SHARE;
    this.#begin = now;
  }
}
