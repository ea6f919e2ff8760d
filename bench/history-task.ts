import { DatabaseSync, type StatementSync } from 'node:sqlite';
import {
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
} from '../src/engine/index.ts';
import { localDateAt, slotsOf } from '../src/service/calendar.ts';
import { createTokenIds } from '../src/service/ids.ts';
import { migrate } from '../src/store/sqlite/open.ts';
import { counterOperations, operationsOf } from '../src/store/sqlite/operations.ts';
import { WRITES, type Operation, type StatementName } from '../src/store/sqlite/statements.ts';
import { serveTask } from './lib/child.ts';
import { accepted, anyClass } from './lib/clinic.ts';
import { Random } from './lib/random.ts';

/** A database as years of service leave it. */
export interface History {
  readonly path: string;
  readonly doctors: number;
  /** Tokens of slots that are over, and live tokens of slots ahead: as many as fit evenly. */
  readonly past: number;
  readonly live: number;
  readonly horizonDays: number;
}

export interface HistoryResult {
  readonly tokens: number;
  /** Live ones of slots ahead. */
  readonly live: number;
  readonly changes: number;
}

const SEED = 20_260_105;
const SESSIONS = [
  ['09:00', '12:00'],
  ['16:00', '19:00'],
] as const;
/** Tokens of a slot ahead and of one that is over: the seats, some waiting, and one in twelve cancelled. */
const CAPACITY = 20;
const BOOKED = 24;
const CANCELLED = 2;
const GRACE_MINUTES = 30;
const DAY_MS = 86_400_000;

/** Writes a hospital's past and future with the program's own engine, migrations and statements. */
class Historian {
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
    // Fast and careless: only a file that is whole is ever looked at.
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

  /** Fills a slot: bookings of all classes, and among them some cancels. */
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

  /** Expires who still waits in slots that are over. */
  end({ facts }: Doctor, at: EpochMs): void {
    const outcome = this.#engine.advanceTime(facts.id, at);
    accepted(outcome);
    if (outcome.ok) this.#write(outcome.changes);
  }

  /** Writes the doctor's counters, lets go of the doctor. */
  leave({ facts, version, lastArrival, slots }: Doctor): void {
    const lastNumbers = new Map(slots.map(({ day: { date, lastNumber } }) => [date, lastNumber]));
    const counters = { facts, version, lastArrival, lastNumbers };
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
  sessions: SESSIONS.map(([start, end], nth) => ({
    id: sessionId(`doctor-${index}-${nth}`),
    weekdays: WEEKDAYS,
    start,
    end,
    capacity: CAPACITY,
  })),
});

/** Writes the database. */
export function writeHistory({ path, doctors, past, live, horizonDays }: History): HistoryResult {
  const now = epochMs(Date.now());
  const slotsPast = Math.ceil(past / BOOKED / doctors);
  const slotsAhead = Math.ceil(live / (BOOKED - CANCELLED) / doctors);
  // One day more: of the first, some may be over already.
  const days = Math.ceil(slotsPast / SESSIONS.length) + 1;
  const start = epochMs(now - days * DAY_MS);
  const historian = new Historian(path);
  for (let index = 0; index < doctors; index += 1) {
    const facts = doctorFacts(index);
    const slots = slotsOf(facts, start, {
      horizonDays: days + horizonDays,
      graceMinutes: GRACE_MINUTES,
    });
    const doctor = historian.open(facts, slots, start);
    const today = localDateAt(now, facts.timeZone);
    const over = slots.filter(({ date }) => date < today);
    const ahead = slots.filter(({ date }) => date > today);
    for (const slot of over.slice(-slotsPast)) historian.fill(slot, CANCELLED, slot.startTime);
    historian.end(doctor, now);
    for (const slot of ahead.slice(0, slotsAhead)) historian.fill(slot, CANCELLED, now);
    historian.leave(doctor);
  }
  historian.close();
  const { tokens, changes } = historian;
  const filled = Math.min(slotsAhead, horizonDays * SESSIONS.length);
  return { tokens, changes, live: doctors * filled * (BOOKED - CANCELLED) };
}

if (process.send !== undefined && import.meta.main) serveTask(writeHistory);
