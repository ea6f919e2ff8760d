/** Holds all clients back between two of their requests, so that the service can be measured at rest. */
export class Gate {
  #closed: PromiseWithResolvers<undefined> | null = null;
  #idle: PromiseWithResolvers<undefined> | null = null;
  #inside = 0;

  /** Does the work, such as a request, when the gate is open. */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    while (this.#closed !== null) await this.#closed.promise;
    this.#inside += 1;
    try {
      return await work();
    } finally {
      this.#inside -= 1;
      if (this.#inside === 0) this.#idle?.resolve(undefined);
    }
  }

  /** Lets no more work begin; resolves when all work that has begun is done. */
  async close(): Promise<void> {
    this.#closed ??= Promise.withResolvers<undefined>();
    if (this.#inside === 0) return;
    this.#idle = Promise.withResolvers<undefined>();
    await this.#idle.promise;
    this.#idle = null;
  }

  open(): void {
    this.#closed?.resolve(undefined);
    this.#closed = null;
  }
}
