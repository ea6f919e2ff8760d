import type { Store } from '../store/index.ts';

/** Where the process stands: it loads, then runs, then stops. */
export class Lifecycle {
  #phase: 'loading' | 'running' | 'stopping' = 'loading';
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  run(): void {
    this.#phase = 'running';
  }

  stop(): void {
    this.#phase = 'stopping';
  }

  /** Why no command is taken now; undefined when one is. */
  get unreadiness(): 'not_durable' | 'stopping' | undefined {
    if (this.#phase === 'stopping') return 'stopping';
    return this.#phase === 'loading' || this.#store.state !== 'ready' ? 'not_durable' : undefined;
  }

  /** Nothing can be read before it is loaded. */
  get isLoading(): boolean {
    return this.#phase === 'loading';
  }
}
