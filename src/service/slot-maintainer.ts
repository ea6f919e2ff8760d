import type {
  Accepted,
  AllocationEngine,
  Doctor,
  DoctorFacts,
  DoctorId,
  EpochMs,
  LocalDate,
  Slot,
} from '../engine/index.ts';
import type { Scope, Store } from '../store/index.ts';
import { calendarAt, plusDays } from './calendar.ts';
import { planOf } from './doctor-plan.ts';
import { applyRoster, SYSTEM } from './roster/apply.ts';
import type { Roster } from './roster/file.ts';
import { transact, type ClassifiedDecision } from './transact.ts';

interface SlotMaintainerDeps {
  readonly engine: AllocationEngine;
  readonly store: Store;
  readonly clock: () => EpochMs;
  readonly horizonDays: number;
}

/** Days for which a day's counters stay in memory: longer than any slot lasts and any clock is wrong. */
const DAY_COUNTER_RETENTION_DAYS = 31;

/** Doctors maintained at once: enough to share commits, and few enough that planning at midnight delays no request. */
const DOCTORS_PER_BATCH_MAX = 50;

/** How an attempt to open planned slots ended. `planOutdated`: the doctor was revised after the plan was made. */
type Opening = 'opened' | 'planOutdated' | 'refused';

/**
 * Maintains the slots of all doctors as time passes: opens the slots of sessions ahead, expires the waitlist of ended
 * slots (R11) and evicts past slots from memory. Each tick compares the state with the local date of each doctor and
 * does what is due. No timer is set in advance, so midnight, daylight saving and any downtime are one case.
 */
export class SlotMaintainer {
  readonly #deps: SlotMaintainerDeps;
  /** For each doctor, the local date and time zone for which slots were opened last. */
  readonly #openedDays = new Map<DoctorId, string>();

  constructor(deps: SlotMaintainerDeps) {
    this.#deps = deps;
  }

  /**
   * Applies a roster, all of it or nothing.
   * @throws RosterError when the roster is rejected
   */
  async apply(roster: Roster): Promise<void> {
    const todayIn = calendarAt(this.#deps.clock());
    await applyRoster(this.#deps, roster);
    for (const { id, timeZone } of roster.doctors)
      this.#openedDays.set(id, dayAt(todayIn(timeZone), timeZone));
  }

  /** Does everything that is due now. It is called about once a second, and once before the first request is served. */
  async tick(): Promise<void> {
    const { engine, store, clock } = this.#deps;
    // The tick can be skipped, because slots that are due stay due until the store accepts commands again.
    if (store.state !== 'ready') return;
    const now = clock();
    await store.sync(now);
    const todayIn = calendarAt(now);
    const ids = Array.from(engine.doctors, ({ facts }) => facts.id);
    // The doctors of a group are maintained at once, because their changes then share a commit.
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
    if (this.#openedDays.get(id) !== day && (await this.#openSlots(facts)) === 'opened') {
      engine.doctor(id)?.evictDaysBefore(plusDays(today, -DAY_COUNTER_RETENTION_DAYS));
      this.#openedDays.set(id, day);
    }
    if (engine.doctor(id)?.slots.some((slot) => this.#isDue(slot, now)) === true)
      await this.#advanceTime(id);
    await this.#evictPastSlots(id, today, now);
  }

  /** Opens the slots up to the horizon. If the plan is outdated, the next tick makes a new one. */
  #openSlots(facts: DoctorFacts): Promise<Opening> {
    const { engine } = this.#deps;
    const { planned } = planOf(this.#deps, facts);
    const slotIds = planned.map(({ id }) => id);
    return this.#transact<Opening>({ doctorIds: [facts.id], slotIds }, (at) => {
      if (engine.doctor(facts.id)?.facts !== facts) return { ...UNCHANGED, answer: 'planOutdated' };
      const outcome = engine.openSlots(facts.id, planned, at);
      return outcome.ok
        ? { ...changesOf(outcome), answer: 'opened' }
        : { ...UNCHANGED, answer: 'refused' };
    });
  }

  /** Expires the waitlist of ended slots (R11) and seats waiters on free seats (R5). */
  #advanceTime(id: DoctorId): Promise<undefined> {
    return this.#transact({ doctorIds: [id] }, (at) => {
      const outcome = this.#deps.engine.advanceTime(id, at);
      return { ...(outcome.ok ? changesOf(outcome) : UNCHANGED), answer: undefined };
    });
  }

  /** Whether a token waits in an ended slot, which must expire it (R11), or beside a free seat, which it must get (R5). */
  #isDue(slot: Slot, now: EpochMs): boolean {
    return slot.waiting > 0 && (slot.hasUnfilledSeat || this.#deps.engine.hasEnded(slot, now));
  }

  /** Keeps slots with uncommitted changes in memory until the next tick, because an evicted slot is reloaded from disk. */
  async #evictPastSlots(id: DoctorId, today: LocalDate, now: EpochMs): Promise<void> {
    const { engine, store } = this.#deps;
    const past = (): Slot[] => {
      const doctor = engine.doctor(id);
      const slots = doctor === undefined ? [] : pastSlots(engine, doctor, today, now);
      return slots.length > 0 && store.isSettled(id) ? slots : [];
    };
    if (past().length === 0) return;
    // Another process may have postponed a slot's end. The read makes the doctor current, so a running slot is not evicted.
    await store.read(id, () => undefined);
    for (const slot of past()) if (slot.waiting === 0) engine.evictSlot(slot);
  }

  #transact<T>(
    scope: Scope,
    decide: (at: EpochMs) => Changes & { readonly answer: T },
  ): Promise<T> {
    const { store, clock } = this.#deps;
    return transact(store, scope, () => ({ ...decide(clock()), origin: SYSTEM, response: null }));
  }
}

/** The changes of a decision, and the classes of their tokens. */
type Changes = Pick<ClassifiedDecision<unknown>, 'changes' | 'patientTypes'>;

const UNCHANGED: Changes = { changes: [], patientTypes: [] };

const changesOf = ({ changes, patientTypes }: Accepted<unknown>): Changes => ({
  changes,
  patientTypes,
});

/** A local date with its time zone, because a doctor who moves west has the same date twice. */
const dayAt = (today: LocalDate, timeZone: string): string => `${today} ${timeZone}`;

/** The slots that have ended and whose day is over. Slots are sorted by day, so usually the first slot is of today. */
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
