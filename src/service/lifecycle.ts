import type { Store } from '../store/index.ts';
import { refusalOf, refused, type Result } from './refusal.ts';

/** The phase of the process: it loads, then runs, then stops. */
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

  /** Why the service takes no command now; undefined when it does. */
  get unreadiness(): 'not_durable' | 'stopping' | undefined {
    if (this.#phase === 'stopping') return 'stopping';
    return this.#phase === 'loading' || this.#store.state !== 'ready' ? 'not_durable' : undefined;
  }

  /**
   * Runs a read when everything is loaded; before that the read is refused with `not_durable`. An error with which the
   * store refuses the read becomes a refusal too.
   */
  async read<T>(read: () => Promise<Result<T>>): Promise<Result<T>> {
    try {
      return this.#phase === 'loading' ? refused({ code: 'not_durable' }) : await read();
    } catch (error) {
      return refused(refusalOf(error));
    }
  }
}
