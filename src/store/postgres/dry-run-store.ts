import type { AllocationEngine, DoctorId } from '../../engine/index.ts';
import type { Decision, Horizon, Scope, DryRunStore } from '../store.ts';
import { Loader, DOCTORS_PER_LOAD_MAX } from './loader.ts';
import { openForReading } from './open.ts';
import type { ReadTransaction } from './read-transaction.ts';

/** A database as it is at one instant, stopped or live; one that is empty has nothing in it. */
export class PostgresDryRunStore implements DryRunStore {
  readonly #engine: AllocationEngine;
  readonly #url: string;
  readonly #loader: Loader;
  #view: ReadTransaction | undefined;

  /** @param url of a database, which is connected to when it is loaded */
  constructor(engine: AllocationEngine, url: string) {
    this.#engine = engine;
    this.#url = url;
    this.#loader = new Loader(engine, () => false);
  }

  /** @throws StoreOpenError when it cannot be reached, is not ours or of another version */
  async load(horizon: () => Horizon): Promise<void> {
    this.#loader.horizon = horizon;
    this.#view = await openForReading(this.#url);
    if (this.#view === undefined) return;
    const doctors = await this.#view.send('SELECT id, version FROM doctors');
    for (let from = 0; from < doctors.length; from += DOCTORS_PER_LOAD_MAX) {
      const some = doctors.slice(from, from + DOCTORS_PER_LOAD_MAX);
      const ids = some.map(({ id }) => id as DoctorId);
      await this.#loader.load(ids, some, this.#view.run);
    }
  }

  async transact<T>(scope: Scope, decide: () => Decision<T>): Promise<T> {
    const doctorIds = Array.from(this.#engine.doctors, ({ facts }) => facts.id);
    if (this.#view !== undefined)
      await this.#loader.loadSlots(doctorIds, scope.slotIds ?? [], this.#view.run);
    return decide().answer;
  }

  async close(): Promise<void> {
    await this.#view?.close();
  }
}
