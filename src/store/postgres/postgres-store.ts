import type {
  AllocationEngine,
  Change,
  DoctorFacts,
  DoctorId,
  EpochMs,
  LocalDate,
  SlotId,
  TokenId,
} from '../../engine/index.ts';
import type {
  ChangeRecord,
  Decision,
  Horizon,
  StoredResponse,
  Scope,
  Store,
  StoredSlot,
  StoredToken,
} from '../store.ts';
import { Dispatcher } from './dispatcher.ts';
import { Health } from './health.ts';
import { Loader, DOCTORS_PER_LOAD_MAX } from './loader.ts';
import { migrate } from './open.ts';
import { Reader } from './reader.ts';
import { Pool } from './pool.ts';

/**
 * One PostgreSQL database, of any number of processes. A doctor's row is the lock on everything of the doctor's; its
 * version tells whether another process has changed what is in the engine.
 */
export class PostgresStore implements Store {
  readonly isDurable = true;
  readonly #engine: AllocationEngine;
  readonly #url: string;
  readonly #pool: Pool;
  readonly #health: Health;
  readonly #reader: Reader;
  readonly #loader: Loader;
  readonly #dispatcher: Dispatcher;

  /** @param url of a database, which is connected to when it is loaded */
  constructor(engine: AllocationEngine, url: string) {
    this.#engine = engine;
    this.#url = url;
    const pool = new Pool(url);
    const health = new Health(
      () => pool.ping(),
      () => this.#dispatcher.expireOverdue(),
    );
    const reader = new Reader((...statement) => health.withRetry(() => pool.query(...statement)));
    const locked = new Set<DoctorId>();
    const loader = new Loader(engine, (id) => locked.has(id));
    this.#dispatcher = new Dispatcher({ engine, loader, pool, reader, health }, locked);
    this.#pool = pool;
    this.#health = health;
    this.#reader = reader;
    this.#loader = loader;
  }

  get state(): Store['state'] {
    return this.#health.state;
  }

  get failure(): Promise<Error> {
    return this.#health.failure;
  }

  async load(horizon: () => Horizon): Promise<void> {
    this.#loader.horizon = horizon;
    await migrate(this.#url);
    await this.#bring([...(await this.#reader.timeZones()).keys()]);
  }

  async sync(now: EpochMs): Promise<void> {
    const timeZones = [...(await this.#reader.timeZones())];
    const elsewhere = timeZones.filter(
      ([id, timeZone]) => this.#engine.doctor(id)?.facts.timeZone !== timeZone,
    );
    await this.#bring(elsewhere.map(([id]) => id));
    const waitedFor = await this.#reader.waitedFor(now);
    const unseen = waitedFor.filter(({ id, delayMinutes }) => {
      const slot = this.#engine.slot(id);
      return !slot?.waiting || slot.facts.delayMinutes !== delayMinutes;
    });
    await this.#bring(unseen.map(({ doctorId }) => doctorId));
  }

  transact<T>(scope: Scope, decide: () => Decision<T>): Promise<T> {
    return this.#dispatcher.transact(scope, decide);
  }

  read<T>(doctorId: DoctorId, look: () => T): Promise<T> {
    return this.#dispatcher.read(doctorId, look);
  }

  isSettled(doctorId: DoctorId): boolean {
    return this.state !== 'failed' && this.#dispatcher.isSettled(doctorId);
  }

  async ownerOf(id: SlotId): Promise<DoctorId | undefined> {
    // A slot never gets another doctor; a session may.
    return this.#engine.slot(id)?.facts.doctorId ?? this.#reader.ownerOf(id);
  }

  doctors(): Promise<readonly DoctorFacts[]> {
    return this.#reader.doctors();
  }

  token(id: TokenId): Promise<StoredToken | undefined> {
    return this.#reader.token(id);
  }

  history(id: TokenId): Promise<readonly ChangeRecord[]> {
    return this.#reader.history(id);
  }

  slot(id: SlotId): Promise<StoredSlot | undefined> {
    return this.#reader.slot(id);
  }

  slots(
    doctorId: DoctorId,
    from: LocalDate,
    to: LocalDate,
    except: ReadonlySet<SlotId>,
  ): Promise<readonly StoredSlot[]> {
    return this.#reader.slots(doctorId, from, to, except);
  }

  slotChanges(slotId: SlotId): Promise<readonly Change[]> {
    return this.#reader.slotChanges(slotId);
  }

  storedResponse(caller: string, key: string, now: EpochMs): Promise<StoredResponse | undefined> {
    return this.#reader.storedResponse(caller, key, now);
  }

  async close(): Promise<void> {
    this.#health.close();
    await this.#dispatcher.drain();
    await this.#pool.close();
  }

  /** Brings doctors into the engine as they are on record. */
  async #bring(ids: readonly DoctorId[]): Promise<void> {
    for (let from = 0; from < ids.length; from += DOCTORS_PER_LOAD_MAX)
      await Promise.all(
        ids.slice(from, from + DOCTORS_PER_LOAD_MAX).map((id) => this.read(id, () => undefined)),
      );
  }
}
