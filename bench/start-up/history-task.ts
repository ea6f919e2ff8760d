import { DatabaseSync, type StatementSync } from 'node:sqlite';
import {
  NEW_DOCTOR,
  NEW_SESSION,
  AllocationEngine,
  DEFAULT_CLASSES,
  doctorId,
  epochMs,
  sessionId,
  WEEKDAYS,
  type Change,
  type Doctor,
  type DoctorFacts,
  type EpochMs,
  type SlotFacts,
  type TokenId,
} from '../../src/engine/index.ts';
import { localDateAt, slotsOf } from '../../src/service/calendar.ts';
import { createTokenIds } from '../../src/service/ids.ts';
import { migrate } from '../../src/store/sqlite/open.ts';
import { counterOperations, operationsOf } from '../../src/store/sqlite/batch-writer.ts';
import { WRITES, type Operation, type StatementName } from '../../src/store/sqlite/statements.ts';
import { serveTask } from '../lib/child.ts';
import { anyClass } from '../lib/classes.ts';
import { accepted } from '../lib/engine-clinic.ts';
import { Random } from '../lib/random.ts';

/** The size of a database that was used for years. */
export interface History {
  readonly path: string;
  readonly doctors: number;
  /** The approximate number of tokens in slots of past days. */
  readonly past: number;
  /** The approximate number of live tokens in slots of coming days. */
  readonly live: number;
  readonly horizonDays: number;
}

export interface HistoryResult {
  readonly tokens: number;
  /** Live tokens in slots of coming days. */
  readonly live: number;
  readonly changes: number;
}

const SEED = 20_260_105;
const SESSIONS = [
  ['09:00', '12:00'],
  ['16:00', '19:00'],
] as const;
/** Each slot has 20 seats and 24 bookings, of which 2 are cancelled. */
const CAPACITY = 20;
const BOOKED = 24;
const CANCELLED = 2;
const GRACE_MINUTES = 30;
const DAY_MS = 86_400_000;

/** Writes past and coming days of a hospital with the engine, the migrations and the statements of the service. */
class HistoryWriter {
  readonly #engine = new AllocationEngine({
    classes: DEFAULT_CLASSES,
    graceMinutes: GRACE_MINUTES,
    waitlistMax: 1_000,
  });
  readonly #database: DatabaseSync;
  readonly #statements: Record<StatementName, StatementSync>;
  readonly #newId = createTokenIds();
  readonly #random = new Random(SEED);
  tokens = 0;
  changes = 0;

  constructor(path: string) {
    migrate(path);
    this.#database = new DatabaseSync(path);
    // Without synchronization, because the file is only used if it was written to the end.
    this.#database.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; BEGIN');
    this.#statements = Object.fromEntries(
      Object.entries(WRITES).map(([name, sql]) => [name, this.#database.prepare(sql)]),
    ) as Record<StatementName, StatementSync>;
  }

  #run([name, values]: Operation): void {
    this.#statements[name].run(...values);
  }

  #write(changes: readonly Change[]): void {
    this.changes += changes.length;
    const origin = { actor: 'anonymous', reason: null };
    for (const operation of operationsOf({ changes, origin, response: null, answer: null }))
      this.#run(operation);
  }

  /** Adds a doctor with these slots. */
  open(facts: DoctorFacts, slots: readonly SlotFacts[], at: EpochMs): Doctor {
    const outcome = this.#engine.putDoctor(facts, slots, at);
    const doctor = accepted(outcome);
    this.#write(outcome.ok ? outcome.changes : []);
    return doctor;
  }

  /** Fills a slot with bookings of all classes and cancels some of them. */
  fill(facts: SlotFacts, cancelled: number, at: EpochMs): void {
    const ids: TokenId[] = [];
    for (let booked = 0; booked < BOOKED; booked += 1) {
      const tokenId = this.#newId(at);
      ids.push(tokenId);
      const outcome = this.#engine.book({
        doctorId: facts.doctorId,
        slotId: facts.id,
        tokenId,
        patientName: `Patient ${this.tokens}`,
        patientId: null,
        patientType: anyClass(this.#random).type,
        at,
      });
      this.tokens += 1;
      accepted(outcome);
      if (outcome.ok) this.#write(outcome.changes);
    }
    for (const tokenId of this.#random.sample(ids, cancelled)) {
      const outcome = this.#engine.cancel({ tokenId, at });
      accepted(outcome);
      if (outcome.ok) this.#write(outcome.changes);
    }
  }

  /** Expires the waiting tokens of slots that have ended (R11). */
  end({ facts }: Doctor, at: EpochMs): void {
    const outcome = this.#engine.advanceTime(facts.id, at);
    accepted(outcome);
    if (outcome.ok) this.#write(outcome.changes);
  }

  /** Writes the doctor's counters and evicts the doctor from memory. */
  evict({ facts, version, lastArrival, breakUntil, slots }: Doctor): void {
    const lastNumbers = new Map(slots.map(({ day: { date, lastNumber } }) => [date, lastNumber]));
    const counters = {
      ...{ facts, version, versionBefore: 0, lastArrival, breakUntil, lastNumbers },
    };
    for (const operation of counterOperations(counters)) this.#run(operation);
    this.#engine.evictDoctor(facts.id);
  }

  close(): void {
    this.#database.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)');
    this.#database.close();
  }
}

const doctorFacts = (index: number): DoctorFacts => ({
  id: doctorId(`doctor-${index}`),
  name: `Dr. ${index}`,
  department: null,
  timeZone: 'UTC',
  ...NEW_DOCTOR,
  sessions: SESSIONS.map(([start, end], nth) => ({
    id: sessionId(`doctor-${index}-${nth}`),
    weekdays: WEEKDAYS,
    start,
    end,
    capacity: CAPACITY,
    ...NEW_SESSION,
  })),
});

/** Writes the database; returns its real numbers of tokens, live tokens and change records. */
export function writeHistory({ path, doctors, past, live, horizonDays }: History): HistoryResult {
  const now = epochMs(Date.now());
  const slotsPast = Math.ceil(past / BOOKED / doctors);
  const slotsComing = Math.ceil(live / (BOOKED - CANCELLED) / doctors);
  // One day more, because some slots of the first day may have ended already.
  const days = Math.ceil(slotsPast / SESSIONS.length) + 1;
  const start = epochMs(now - days * DAY_MS);
  const writer = new HistoryWriter(path);
  for (let index = 0; index < doctors; index += 1) {
    const facts = doctorFacts(index);
    const slots = slotsOf(facts, start, {
      horizonDays: days + horizonDays,
      graceMinutes: GRACE_MINUTES,
    });
    const doctor = writer.open(facts, slots, start);
    const today = localDateAt(now, facts.timeZone);
    const ended = slots.filter(({ date }) => date < today);
    const coming = slots.filter(({ date }) => date > today);
    for (const slot of ended.slice(-slotsPast)) writer.fill(slot, CANCELLED, slot.startTime);
    writer.end(doctor, now);
    for (const slot of coming.slice(0, slotsComing)) writer.fill(slot, CANCELLED, now);
    writer.evict(doctor);
  }
  writer.close();
  const { tokens, changes } = writer;
  const filled = Math.min(slotsComing, horizonDays * SESSIONS.length);
  return { tokens, changes, live: doctors * filled * (BOOKED - CANCELLED) };
}

if (process.send !== undefined && import.meta.main) serveTask(writeHistory);
