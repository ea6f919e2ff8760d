import type { AllocationEngine } from '../../../src/engine/index.ts';
import type { Database, StoreState } from '../../../src/store/index.ts';
import { TransientWriteError } from '../../../src/store/group-commit.ts';
import { openMemoryDatabase } from '../../../src/store/memory/database.ts';

/** A disk that the test controls. It writes nothing while it is held, and fails every write while it is full. */
export class TestDisk {
  #gate: PromiseWithResolvers<undefined> | null = null;
  #isFull = false;
  #writes = 0;
  #database: Database | undefined;

  /** The number of batches that the store has sent to the disk. */
  get writes(): number {
    return this.#writes;
  }

  /** Opens a database in memory whose batches are durable only when this disk has written them. */
  open(engine: AllocationEngine): Database {
    this.#database = openMemoryDatabase(engine, () => this.#sync());
    return this.#database;
  }

  /** The state of the store on this disk. */
  get state(): StoreState | undefined {
    return this.#database?.store.state;
  }

  /** From now on no batch becomes durable, until `release`. */
  hold(): void {
    this.#gate ??= Promise.withResolvers<undefined>();
  }

  /** The waiting batches are written, and the disk writes at once again. */
  release(): void {
    this.#gate?.resolve(undefined);
    this.#gate = null;
  }

  /** From now on every batch fails, until `makeSpace`. */
  fill(): void {
    this.#isFull = true;
  }

  /** From now on the disk is no longer full. */
  makeSpace(): void {
    this.#isFull = false;
  }

  async #sync(): Promise<void> {
    this.#writes += 1;
    await this.#gate?.promise;
    if (this.#isFull) throw new TransientWriteError('the disk is full');
  }
}
