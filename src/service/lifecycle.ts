import type { Store } from '../store/index.ts';
import { refusalOf, refused, type Result } from './refusal.ts';

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

  /** Reads when everything is loaded: before, there is nothing to tell. What the store refuses is a refusal. */
  async read<T>(read: () => Promise<Result<T>>): Promise<Result<T>> {
    try {
      return this.#phase === 'loading' ? refused({ code: 'not_durable' }) : await read();
    } catch (error) {
      return refused(refusalOf(error));
    }
  }
}
