import type { AllocationEngine } from '../../../src/engine/index.ts';
import type { Database, StoreState } from '../../../src/store/index.ts';
import { TransientWriteError } from '../../../src/store/group-commit.ts';
import { openMemoryDatabase } from '../../../src/store/memory/database.ts';

/** A disk that the test controls: free by default, slow while it is held, full until there is space. */
export class TestDisk {
  #gate: PromiseWithResolvers<undefined> | null = null;
  #isFull = false;
  #writes = 0;
  #database: Database | undefined;

  /** Batches that have come to the disk. */
  get writes(): number {
    return this.#writes;
  }

  /** Opens a database in memory whose batches are durable only when this disk has them. */
  open(engine: AllocationEngine): Database {
    this.#database = openMemoryDatabase(engine, () => this.#sync());
    return this.#database;
  }

  /** The state of the store on it. */
  get state(): StoreState | undefined {
    return this.#database?.store.state;
  }

  /** From now on nothing becomes durable. */
  hold(): void {
    this.#gate ??= Promise.withResolvers<undefined>();
  }

  /** Everything that waits becomes durable. */
  release(): void {
    this.#gate?.resolve(undefined);
    this.#gate = null;
  }

  /** The next batch does not fit, nor does any until there is space again. */
  fill(): void {
    this.#isFull = true;
  }

  makeSpace(): void {
    this.#isFull = false;
  }

  async #sync(): Promise<void> {
    this.#writes += 1;
    await this.#gate?.promise;
    if (this.#isFull) throw new TransientWriteError('the disk is full');
  }
}
