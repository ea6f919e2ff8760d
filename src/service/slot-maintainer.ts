import type {
  AllocationEngine,
  Doctor,
  DoctorFacts,
  DoctorId,
  EpochMs,
  LocalDate,
  Outcome,
  Slot,
  SlotFacts,
} from '../engine/index.ts';
import type { Store } from '../store/index.ts';
import { calendarAt, plusDays } from './calendar.ts';
import { planOf } from './doctor-plan.ts';
import { applyRoster, SYSTEM } from './roster/apply.ts';
import type { Roster } from './roster/file.ts';

interface SlotKeeperDeps {
  readonly engine: AllocationEngine;
  readonly store: Store;
  readonly clock: () => EpochMs;
  readonly horizonDays: number;
}

/** Days for which the counters of a day are kept in memory: longer than any slot lasts or any clock is wrong. */
const DAY_COUNTER_RETENTION_DAYS = 31;

/**
 * Doctors who are looked after side by side: enough to share commits, and so few that planning their slots at midnight
 * holds nobody up.
 */
const DOCTORS_PER_BATCH_MAX = 50;

/**
 * What happens by itself: keeps the slots of the sessions ready ahead, ends those whose time is over and lets go of
 * those whose day is. It goes by the date at each doctor's place and by what there is to do, not by timers set in
 * advance, so that midnight, daylight saving and a stop of any length are all the same to it.
 */
export class SlotMaintainer {
  readonly #deps: SlotKeeperDeps;
  /** The day on which each doctor's slots were opened last. */
  readonly #opened = new Map<DoctorId, string>();

  constructor(deps: SlotKeeperDeps) {
    this.#deps = deps;
  }

  /**
   * Sets up what a roster says, all of it or, when it cannot be, nothing.
   * @throws RosterError when something is in the way
   */
  async apply(roster: Roster): Promise<void> {
    const todayIn = calendarAt(this.#deps.clock());
    await applyRoster(this.#deps, roster);
    for (const { id, timeZone } of roster.doctors)
      this.#opened.set(id, dayAt(todayIn(timeZone), timeZone));
  }

  /** Does what is due by now; to be called every second or so, and once before anybody is served. */
  async tick(): Promise<void> {
    const { engine, store, clock } = this.#deps;
    // What is due stays due until the disk takes it.
    if (store.state !== 'ready') return;
    const now = clock();
    await store.sync(now);
    const todayIn = calendarAt(now);
    const ids = Array.from(engine.doctors, ({ facts }) => facts.id);
    // Side by side, because those who have something to write share a commit.
    for (let from = 0; from < ids.length; from += DOCTORS_PER_BATCH_MAX) {
      const group = ids.slice(from, from + DOCTORS_PER_BATCH_MAX);
      await Promise.all(group.map((id) => this.#maintain(id, todayIn, now)));
    }
  }

  async #maintain(
    id: DoctorId,
    todayIn: (timeZone: string) => LocalDate,
    now: EpochMs,
  ): Promise<void> {
    const { engine } = this.#deps;
    const facts = engine.doctor(id)?.facts;
    if (facts === undefined) return;
    const today = todayIn(facts.timeZone);
    const day = dayAt(today, facts.timeZone);
    if (this.#opened.get(id) !== day && (await this.#open(facts))) {
      engine.doctor(id)?.evictDaysBefore(plusDays(today, -DAY_COUNTER_RETENTION_DAYS));
      this.#opened.set(id, day);
    }
    if (engine.doctor(id)?.slots.some((slot) => this.#isDue(slot, now)) === true)
      await this.#transact(id, [], (at) => engine.advanceTime(id, at));
    await this.#evictPastSlots(id, today, now);
  }

  /** False when somebody else has revised the doctor meanwhile: the next look plans anew. */
  async #open(facts: DoctorFacts): Promise<boolean> {
    const { engine } = this.#deps;
    const { planned } = planOf(this.#deps, facts);
    const { ok } = await this.#transact(facts.id, planned, (at) =>
      engine.doctor(facts.id)?.facts === facts ? engine.openSlots(facts.id, planned, at) : REVISED,
    );
    return ok;
  }

  /** Whether time has something to do here: somebody waits in a slot that has ended, or beside a free seat (R5, R11). */
  #isDue(slot: Slot, now: EpochMs): boolean {
    return slot.waiting > 0 && (slot.hasUnfilledSeat || this.#deps.engine.hasEnded(slot, now));
  }

  /** What has anything in flight stays for the next time: a slot that is not in memory is on disk as it is. */
  async #evictPastSlots(id: DoctorId, today: LocalDate, now: EpochMs): Promise<void> {
    const { engine, store } = this.#deps;
    const past = (): Slot[] => {
      const doctor = engine.doctor(id);
      const slots = doctor === undefined ? [] : pastSlots(engine, doctor, today, now);
      return slots.length > 0 && store.isSettled(id) ? slots : [];
    };
    if (past().length === 0) return;
    // Somebody else may have put an end off: a slot that goes on must not be taken for a new one when it is heard of.
    await store.read(id, () => undefined);
    for (const slot of past()) if (slot.waiting === 0) engine.evictSlot(slot);
  }

  #transact(
    id: DoctorId,
    planned: readonly SlotFacts[],
    decide: (at: EpochMs) => Outcome<unknown>,
  ): Promise<Outcome<unknown>> {
    const { store, clock } = this.#deps;
    const scope = { doctorIds: [id], slotIds: planned.map((slot) => slot.id) };
    return store.transact(scope, () => {
      const outcome = decide(clock());
      const changes = outcome.ok ? outcome.changes : [];
      return { changes, answer: outcome, origin: SYSTEM, response: null };
    });
  }
}

/** The day at a doctor's place, and the place: the same date comes once more to a doctor who moves west. */
const dayAt = (today: LocalDate, timeZone: string): string => `${today} ${timeZone}`;

/** What becomes of a plan for a doctor who is not as planned for any more. */
const REVISED: Outcome<never> = { ok: false, refusal: { code: 'doctor_not_found' } };

/** The slots that are over and whose day is over: they stand in the order of their days, and mostly today's is first. */
function pastSlots(
  engine: AllocationEngine,
  { slots }: Doctor,
  today: LocalDate,
  now: EpochMs,
): Slot[] {
  const first = slots.findIndex(({ facts }) => facts.date >= today);
  return slots
    .slice(0, first === -1 ? slots.length : first)
    .filter((slot) => engine.isPast(slot.facts, today, now));
}
