import type { AllocationEngine, DoctorId, EpochMs, SlotId } from '../../engine/index.ts';
import type { Decision, Horizon, Scope, Store } from '../store.ts';
import type { CommitFeed } from './commit-feed.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Health } from './health.ts';
import { DOCTORS_PER_LOAD_MAX, type Loader } from './loader.ts';
import type { Pool } from './pool.ts';
import type { Reader } from './reader.ts';

export interface PostgresStoreDeps {
  readonly engine: AllocationEngine;
  readonly pool: Pool;
  readonly health: Health;
  readonly reader: Reader;
  readonly loader: Loader;
  readonly dispatcher: Dispatcher;
  readonly feed: CommitFeed;
  /** Brings the tables up to this program's version. */
  readonly migrate: () => Promise<void>;
}

/**
 * One PostgreSQL database, used by any number of processes. The row of a doctor is the lock on everything of the doctor.
 * The version in it tells whether another process has changed what is in the engine.
 */
export class PostgresStore implements Store {
  readonly isDurable = true;
  readonly #deps: PostgresStoreDeps;

  constructor(deps: PostgresStoreDeps) {
    this.#deps = deps;
  }

  get state(): Store['state'] {
    return this.#deps.health.state;
  }

  get queueLength(): number {
    return this.#deps.dispatcher.queueLength;
  }

  get failure(): Promise<Error> {
    return this.#deps.health.failure;
  }

  async load(horizon: () => Horizon): Promise<void> {
    const { loader, migrate, reader } = this.#deps;
    loader.horizon = horizon;
    await migrate();
    await this.#load([...(await reader.timeZones()).keys()]);
  }

  async sync(now: EpochMs): Promise<void> {
    const { engine, reader } = this.#deps;
    const timeZones = [...(await reader.timeZones())];
    const changed = timeZones.filter(
      ([id, timeZone]) => engine.doctor(id)?.facts.timeZone !== timeZone,
    );
    await this.#load(changed.map(([id]) => id));
    const slots = await reader.slotsToEnd(now);
    const unseen = slots.filter(({ id, delayMinutes }) => {
      const slot = engine.slot(id);
      return !slot?.waiting || slot.facts.delayMinutes !== delayMinutes;
    });
    await this.#load(unseen.map(({ doctorId }) => doctorId));
  }

  transact<T>(scope: Scope, decide: () => Decision<T>): Promise<T> {
    const { dispatcher, feed } = this.#deps;
    let hasChanges = false;
    const answered = dispatcher.transact(scope, () => {
      const decision = decide();
      hasChanges = decision.changes.length > 0;
      return decision;
    });
    answered.then(
      () => hasChanges && feed.publish(),
      () => undefined,
    );
    return answered;
  }

  read<T>(doctorId: DoctorId, readEngine: () => T): Promise<T> {
    return this.#deps.dispatcher.read(doctorId, readEngine);
  }

  isSettled(doctorId: DoctorId): boolean {
    return this.state !== 'failed' && this.#deps.dispatcher.isSettled(doctorId);
  }

  async ownerOf(id: SlotId): Promise<DoctorId | undefined> {
    const { engine, reader } = this.#deps;
    // A slot never gets another doctor, but the id of a session may: it is not asked of the engine.
    return engine.slot(id)?.facts.doctorId ?? reader.ownerOf(id);
  }

  async close(): Promise<void> {
    const { health, dispatcher, feed, pool } = this.#deps;
    const watching = health.close();
    await dispatcher.drain();
    await feed.close();
    await pool.close();
    await watching;
  }

  /** Loads doctors into the engine as they are stored now. */
  async #load(ids: readonly DoctorId[]): Promise<void> {
    for (let from = 0; from < ids.length; from += DOCTORS_PER_LOAD_MAX)
      await Promise.all(
        ids.slice(from, from + DOCTORS_PER_LOAD_MAX).map((id) => this.read(id, () => undefined)),
      );
  }
}
