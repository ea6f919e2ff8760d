/** Calls listeners when changes have become durable. Commits of one turn of the event loop share a call. */
export class CommitHints {
  readonly #listeners = new Set<() => unknown>();
  #isScheduled = false;

  /**
   * See `ChangeLog.onCommit`.
   * @returns ends the subscription; false when it has ended before
   */
  subscribe(listener: () => unknown): () => boolean {
    // A function of its own, so that one listener may subscribe twice.
    const call = (): unknown => listener();
    this.#listeners.add(call);
    return () => this.#listeners.delete(call);
  }

  /** Whether anybody listens. */
  get isHeard(): boolean {
    return this.#listeners.size > 0;
  }

  /** Calls the listeners soon, apart from the caller: no commit waits for a listener or fails with it. */
  publish(): void {
    if (this.#isScheduled || !this.isHeard) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      for (const call of this.#listeners) void ignoringErrors(call);
    });
  }
}

async function ignoringErrors(call: () => unknown): Promise<void> {
  try {
    await call();
  } catch {
    // No caller could act on it: the change log works, and the listener has failed.
  }
}
