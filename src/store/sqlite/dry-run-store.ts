import type { AllocationEngine } from '../../engine/index.ts';
import { foreignSlots, loadSlots } from '../restore.ts';
import type { Decision, Horizon, Scope, DryRunStore } from '../store.ts';
import { loadInto } from './load.ts';
import { openCurrent } from './open-read-only.ts';
import { Reader } from './reader.ts';

/** A database file as it is at one instant, stopped or live. */
export class SqliteDryRunStore implements DryRunStore {
  readonly #engine: AllocationEngine;
  readonly #reader: Reader;

  /** @throws StoreOpenError when there is no database of this program and its version, or SQLite finds it damaged */
  constructor(engine: AllocationEngine, path: string) {
    this.#engine = engine;
    this.#reader = new Reader(openCurrent(path));
  }

  load(horizon: () => Horizon): Promise<void> {
    loadInto(this.#engine, this.#reader, horizon());
    return Promise.resolve();
  }

  transact<T>(scope: Scope, decide: () => Decision<T>): Promise<T> {
    const foreign = foreignSlots(this.#engine, scope.sessions ?? [], this.#reader);
    const ids = [...(scope.slotIds ?? []), ...foreign];
    loadSlots(this.#engine, ids, (id) => this.#reader.slot(id));
    return Promise.resolve(decide().answer);
  }

  close(): Promise<void> {
    this.#reader.close();
    return Promise.resolve();
  }
}
