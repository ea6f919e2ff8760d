/** The result of one run. */
export interface BackgroundRun {
  readonly name: string;
  readonly ms: number;
  /** What the work threw; undefined if the run succeeded. */
  readonly error: unknown;
  /** Runs that have failed since the task was made, this one included. */
  readonly faultCount: number;
}

export interface BackgroundTaskOptions {
  readonly name: string;
  /** Milliseconds from the end of one run to the start of the next. */
  readonly periodMs: number;
  /**
   * Milliseconds from the end of a failed run to its retry, and at random up to twice as many, because processes that
   * disturb each other must not retry in step.
   */
  readonly retryMs: number;
  readonly work: () => Promise<void>;
  /** Called after every run, for logs and telemetry. It must not throw. */
  readonly onRun?: (run: BackgroundRun) => void;
}

/**
 * Work that repeats by itself: the one contract of everything that runs in the background.
 *
 * A new task is *idle*. `start` makes it *waiting*: a timer counts to the first run. When the timer ends, the task is
 * *running*; when the work ends, it is *waiting* again, for one period after a success and for the shorter pause of a
 * retry after a fault. A fault never leaves the task: it is counted and passed to `onRun`. `run` starts a run at once
 * in every state, and joins the run that is under way, so there is never more than one. `stop` makes the task *idle*
 * and resolves when the run under way has ended; a stopped task can be started again.
 *
 * The timer is not unreferenced: a process that starts a task stops it before it ends.
 */
export class BackgroundTask {
  readonly #options: BackgroundTaskOptions;
  #isStarted = false;
  #timer: NodeJS.Timeout | undefined;
  #current: Promise<void> | undefined;
  #faultCount = 0;

  constructor(options: BackgroundTaskOptions) {
    this.#options = options;
  }

  /** Runs that have failed since the task was made. */
  get faultCount(): number {
    return this.#faultCount;
  }

  /**
   * Begins to repeat. A task that is started already stays as it is.
   * @param firstRunMs milliseconds until the first run
   */
  start(firstRunMs = this.#options.periodMs): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    // The end of a run that is still under way sets the timer itself.
    if (this.#current === undefined) this.#schedule(firstRunMs);
  }

  /** Ends the repetition. Resolves when the run under way is over; do not await it inside the work itself. */
  async stop(): Promise<void> {
    this.#isStarted = false;
    clearTimeout(this.#timer);
    await this.#current;
  }

  /** Runs the work now, or joins the run that is under way. Resolves when the run is over, also after a fault. */
  run(): Promise<void> {
    clearTimeout(this.#timer);
    this.#current ??= this.#runOnce();
    return this.#current;
  }

  async #runOnce(): Promise<void> {
    const { name, periodMs, retryMs, onRun } = this.#options;
    const startedMs = performance.now();
    let error: unknown;
    let pauseMs = periodMs;
    try {
      await this.#work();
    } catch (cause) {
      error = cause;
      this.#faultCount += 1;
      pauseMs = retryMs * (1 + Math.random());
    }
    this.#current = undefined;
    if (this.#isStarted) this.#schedule(pauseMs);
    onRun?.({ name, ms: performance.now() - startedMs, error, faultCount: this.#faultCount });
  }

  /** Asynchronous, because work that throws at once must end its run no earlier than `run` has stored it. */
  async #work(): Promise<void> {
    await this.#options.work();
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => void this.run(), delayMs);
  }
}
