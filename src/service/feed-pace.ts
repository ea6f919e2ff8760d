import type { EventLoopUtilization } from 'node:perf_hooks';

/** Milliseconds from the end of a piece of work to the next one, at least: when the event loop is idle, and when it is busy. */
const PAUSE_MIN_MS = { idle: 1, busy: 20 } as const;
/** The same at most. */
const PAUSE_MAX_MS = 1_000;
/** The share of the time since the last piece of work from which on the event loop counts as busy. */
const BUSY_SHARE = 0.2;
/** Items a millisecond from which on the process counts as busy too, because a client that needs the processor lets it wait. */
const BUSY_RATE = 0.1;

/** Pieces of work whose mean is the cost of one: the kernel counts the processor time of a thread in steps of some milliseconds. */
const MEAN_OF = 8;

/**
 * Decides when work that repeats may begin again, so that it takes a small share of the processor while others need it.
 *
 * While the process is idle, the pause is as long as a piece of work, so the work begins at once in almost all cases.
 * While others keep it busy, the pause is many times as long, but never longer than a second.
 */
export class FeedPace {
  readonly #busyPauses: number;
  #costMs: number | null = null;
  #endMs = -PAUSE_MAX_MS;
  /** Items a millisecond between the ends of the last two pieces of work. */
  #rate = 0;
  #loopAtEnd: EventLoopUtilization = performance.eventLoopUtilization();

  /** @param busyPauses how many times as long as a piece of work the pause is while the process is busy */
  constructor(busyPauses: number) {
    this.#busyPauses = busyPauses;
  }

  /** A piece of work has ended that took so many milliseconds of processor time for so many items. */
  worked(costMs: number, items: number): void {
    this.#rate = items / (performance.now() - this.#endMs);
    this.#costMs = (this.#costMs ?? costMs) * (1 - 1 / MEAN_OF) + costMs / MEAN_OF;
    this.#endMs = performance.now();
    this.#loopAtEnd = performance.eventLoopUtilization();
  }

  /** Milliseconds after which to ask again; 0 when the next piece of work may begin. */
  get waitMs(): number {
    const costMs = this.#costMs ?? 0;
    const pausedMs = performance.now() - this.#endMs;
    const idleMs = pauseOf(costMs, PAUSE_MIN_MS.idle);
    if (pausedMs < idleMs) return idleMs - pausedMs;
    const restMs = pauseOf(costMs * this.#busyPauses, PAUSE_MIN_MS.busy) - pausedMs;
    if (restMs <= 0 || !this.#isBusy) return 0;
    // The pause has doubled until then, so a long pause needs few timers and ends soon after the load.
    return Math.min(pausedMs, restMs);
  }

  /** Whether others have kept the event loop busy since the last piece of work, or many items come. */
  get #isBusy(): boolean {
    const { utilization } = performance.eventLoopUtilization(this.#loopAtEnd);
    return utilization >= BUSY_SHARE || this.#rate >= BUSY_RATE;
  }
}

const pauseOf = (ms: number, minMs: number): number => Math.min(Math.max(ms, minMs), PAUSE_MAX_MS);
