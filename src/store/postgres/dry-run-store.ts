import type { AllocationEngine, DoctorId } from '../../engine/index.ts';
import type { Decision, Horizon, Scope, DryRunStore } from '../store.ts';
import { Loader, DOCTORS_PER_LOAD_MAX } from './loader.ts';
import { openForReading } from './open.ts';
import type { ReadTransaction } from './read-transaction.ts';

/** A snapshot of a database, stopped or live, on which commands are decided and nothing is stored. */
export class PostgresDryRunStore implements DryRunStore {
  readonly #engine: AllocationEngine;
  readonly #url: string;
  readonly #loader: Loader;
  #transaction: ReadTransaction | undefined;

  /** @param url of a database; `load` connects to it */
  constructor(engine: AllocationEngine, url: string) {
    this.#engine = engine;
    this.#url = url;
    this.#loader = new Loader(engine, () => false);
  }

  /** @throws StoreOpenError when the database cannot be reached, belongs to another program or has another version */
  async load(horizon: () => Horizon): Promise<void> {
    this.#loader.horizon = horizon;
    this.#transaction = await openForReading(this.#url);
    if (this.#transaction === undefined) return;
    const doctors = await this.#transaction.send('SELECT id, version FROM doctors');
    for (let from = 0; from < doctors.length; from += DOCTORS_PER_LOAD_MAX) {
      const some = doctors.slice(from, from + DOCTORS_PER_LOAD_MAX);
      const ids = some.map(({ id }) => id as DoctorId);
      await this.#loader.load(ids, some, this.#transaction.run);
    }
  }

  async transact<T>(scope: Scope, decide: () => Decision<T>): Promise<T> {
    const doctorIds = Array.from(this.#engine.doctors, ({ facts }) => facts.id);
    if (this.#transaction !== undefined)
      await this.#loader.loadSlots(doctorIds, [scope], this.#transaction.run);
    return decide().answer;
  }

  async close(): Promise<void> {
    await this.#transaction?.close();
  }
}
