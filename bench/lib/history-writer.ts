import { DatabaseSync } from 'node:sqlite';
import {
  AllocationEngine,
  DEFAULT_CLASSES,
  type Change,
  type Doctor,
  type DoctorFacts,
  type EpochMs,
  type Outcome,
  type SlotFacts,
  type TokenId,
} from '../../src/engine/index.ts';
import { createTokenIds } from '../../src/service/ids.ts';
import { migrate } from '../../src/store/sqlite/open.ts';
import { BatchBuilder, BatchExecutor } from '../../src/store/sqlite/batch.ts';
import { addCounters, addDecisions } from '../../src/store/sqlite/batch-writer.ts';
import { INDEX_ALL } from '../../src/store/sqlite/statements.ts';
import { anyClass } from './classes.ts';
import { accepted } from './engine-clinic.ts';
import { Random } from './random.ts';

const SEED = 20_260_105;

/** Minutes after the end of a slot in which it takes bookings, in a database that this writer fills. */
export const GRACE_MINUTES = 30;

/** What happens in a slot that is filled. */
interface Filling {
  readonly booked: number;
  /** Of the booked tokens. */
  readonly cancelled: number;
}

/** Writes past and coming days of a hospital with the engine, the migrations and the statements of the service. */
export class HistoryWriter {
  readonly #engine = new AllocationEngine({
    classes: DEFAULT_CLASSES,
    graceMinutes: GRACE_MINUTES,
    waitlistMax: 1_000_000,
  });
  readonly #database: DatabaseSync;
  readonly #executor: BatchExecutor;
  readonly #newId = createTokenIds();
  readonly #random = new Random(SEED);
  tokens = 0;
  changes = 0;

  constructor(path: string) {
    migrate(path);
    this.#database = new DatabaseSync(path);
    // Without synchronization, because the file is only used if it was written to the end.
    this.#database.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; BEGIN');
    this.#executor = new BatchExecutor(this.#database);
  }

  #write(changes: readonly Change[]): void {
    const origin = { actor: 'anonymous', reason: null };
    const decision = { changes, origin, response: null, answer: null };
    const batch = new BatchBuilder();
    addDecisions(batch, [decision], this.changes + 1);
    this.changes += changes.length;
    this.#executor.execute(batch);
  }

  /** Adds a doctor with these slots. */
  open(facts: DoctorFacts, slots: readonly SlotFacts[], at: EpochMs): Doctor {
    return this.run((engine) => engine.putDoctor(facts, slots, at));
  }

  /**
   * Fills a slot with bookings of all classes and cancels some of them.
   * @returns the ids of all booked tokens
   */
  fill(facts: SlotFacts, { booked, cancelled }: Filling, at: EpochMs): TokenId[] {
    const ids: TokenId[] = [];
    for (let nth = 0; nth < booked; nth += 1) {
      const tokenId = this.#newId(at);
      ids.push(tokenId);
      const booking = {
        doctorId: facts.doctorId,
        slotId: facts.id,
        tokenId,
        patientName: `Patient ${this.tokens}`,
        patientId: null,
        patientType: anyClass(this.#random).type,
        at,
      };
      this.run((engine) => engine.book(booking));
      this.tokens += 1;
    }
    for (const tokenId of this.#random.sample(ids, cancelled))
      this.run((engine) => engine.cancel({ tokenId, at }));
    return ids;
  }

  /** Runs a command on the engine; returns its value. */
  run<T>(command: (engine: AllocationEngine) => Outcome<T>): T {
    const outcome = command(this.#engine);
    this.#write(outcome.ok ? outcome.changes : []);
    return accepted(outcome);
  }

  /** Expires the waiting tokens of slots that have ended (R11). */
  end({ facts }: Doctor, at: EpochMs): void {
    this.run((engine) => engine.advanceTime(facts.id, at));
  }

  /** Writes the doctor's counters and evicts the doctor from memory. */
  evict(doctor: Doctor): void {
    const days = [...new Set(doctor.slots.map(({ day }) => day))];
    const batch = new BatchBuilder();
    addCounters(batch, { doctor, versionBefore: 0, setsDoctor: true, days });
    this.#executor.execute(batch);
    this.#engine.evictDoctor(doctor.facts.id);
  }

  close(): void {
    this.#database.exec(`${INDEX_ALL} COMMIT; PRAGMA wal_checkpoint(TRUNCATE)`);
    this.#database.close();
  }
}
