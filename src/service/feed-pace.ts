import type { EventLoopUtilization } from 'node:perf_hooks';
import { threadMs } from '../background/index.ts';

/** Milliseconds from the end of a piece of work to the next one, at least: when the process is idle, and when it is busy. */
const PAUSE_MIN_MS = { idle: 1, busy: 20 } as const;
/** The same at most. */
const PAUSE_MAX_MS = 1_000;
/** The share of the time since the last piece of work from which on the event loop counts as busy. */
const BUSY_SHARE = 0.2;
/** Items a millisecond from which on the process counts as busy too, because a client that needs the processor lets it wait. */
const BUSY_RATE = 0.1;
/** Pieces of work whose mean is the cost of a receiver: the kernel counts the processor time of a thread in steps of some milliseconds. */
const MEAN_OF = 8;

/** A piece of work that has ended. */
export interface PacedWork {
  /** Milliseconds of processor time. */
  readonly costMs: number;
  /** Those who got something by it. */
  readonly receivers: number;
  /** What came since the piece of work before. */
  readonly items: number;
}

/**
 * Decides when work that repeats may begin again, so that it takes a small share of the processor while others need it.
 *
 * While the process is idle, the pause is as long as a piece of work, so the work begins at once in almost all cases. While
 * others keep it busy, the pause ends when they have had many times as much processor time of this thread, and after a
 * second at the latest. Their processor time counts and not the clock, because other programs may use the machine.
 */
export class FeedPace {
  readonly #othersPart: number;
  readonly #mean = { costMs: 0, receivers: 0 };
  /** Milliseconds that the last piece of work has cost, by the mean of a receiver: the receivers may be many at once. */
  #costMs = 0;
  #endMs = -PAUSE_MAX_MS;
  #threadEndMs = 0;
  /** Items a millisecond between the ends of the last two pieces of work. */
  #rate = 0;
  #loopAtEnd: EventLoopUtilization = performance.eventLoopUtilization();

  /** @param othersPart how many times as much processor time as the work others get while the process is busy */
  constructor(othersPart: number) {
    this.#othersPart = othersPart;
  }

  worked({ costMs, receivers, items }: PacedWork): void {
    this.#rate = items / (performance.now() - this.#endMs);
    const mean = this.#mean;
    const kept = mean.receivers === 0 ? 0 : 1 - 1 / MEAN_OF;
    mean.costMs = mean.costMs * kept + costMs * (1 - kept);
    mean.receivers = mean.receivers * kept + receivers * (1 - kept);
    this.#costMs = mean.receivers === 0 ? costMs : (mean.costMs / mean.receivers) * receivers;
    this.#endMs = performance.now();
    this.#threadEndMs = threadMs();
    this.#loopAtEnd = performance.eventLoopUtilization();
  }

  /** Milliseconds after which to ask again; 0 when the next piece of work may begin. */
  get waitMs(): number {
    const costMs = this.#costMs;
    const pausedMs = performance.now() - this.#endMs;
    if (pausedMs >= PAUSE_MAX_MS) return 0;
    const idleMs = Math.min(Math.max(costMs, PAUSE_MIN_MS.idle), PAUSE_MAX_MS);
    if (pausedMs < idleMs) return idleMs - pausedMs;
    if (!this.#isBusy) return 0;
    const othersMs = threadMs() - this.#threadEndMs;
    const shortMs = PAUSE_MIN_MS.busy - pausedMs;
    if (shortMs <= 0 && othersMs >= costMs * this.#othersPart) return 0;
    // A thread has at most as much processor time as passes by the clock. At the latest the pause has doubled when this is
    // asked again, so a long pause needs few timers and ends soon after the load.
    const restMs =
      shortMs > 0 ? shortMs : Math.max(costMs * this.#othersPart - othersMs, PAUSE_MIN_MS.busy);
    return Math.min(restMs, pausedMs, PAUSE_MAX_MS - pausedMs);
  }

  /** Whether others have kept the event loop busy since the last piece of work, or many items come. */
  get #isBusy(): boolean {
    const { utilization } = performance.eventLoopUtilization(this.#loopAtEnd);
    return utilization >= BUSY_SHARE || this.#rate >= BUSY_RATE;
  }
}
