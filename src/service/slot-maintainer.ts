import { isDeepStrictEqual } from 'node:util';
import {
  isDoctor,
  type AllocationEngine,
  type Change,
  type DoctorFacts,
  type DoctorId,
  type EpochMs,
  type LocalDate,
  type LocalInstant,
  type Slot,
} from '../engine/index.ts';
import type { Scope, Store } from '../store/index.ts';
import { calendarAt, plusDays } from './calendar.ts';
import { planOf } from './doctor-plan.ts';
import { withHospital } from './holidays.ts';
import { applyRoster, SYSTEM } from './roster/apply.ts';
import type { Roster } from './roster/file.ts';
import { transact } from './transact.ts';

interface SlotMaintainerDeps {
  readonly engine: AllocationEngine;
  readonly store: Store;
  readonly clock: () => EpochMs;
  readonly horizonDays: number;
}

/** Days for which a day's counter stays in memory: longer than from the date of any slot to the end of its grace. */
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
   * @returns the demo doctors that have retired because of it
   * @throws RosterError when the roster is rejected
   */
  async apply(roster: Roster): Promise<{ readonly retired: readonly DoctorId[] }> {
    const todayIn = calendarAt(this.#deps.clock());
    const changes = await applyRoster(this.#deps, roster);
    for (const { id, timeZone } of roster.doctors)
      this.#openedDays.set(id, dayAt(todayIn(timeZone), timeZone));
    const retired = changes.flatMap((change) =>
      change.kind === 'doctor_set' && isDoctor(change.doctor) && change.doctor.isRetired
        ? [change.doctorId]
        : [],
    );
    return { retired };
  }

  /** Does everything that is due now. It is called about once a second, and once before the first request is served. */
  async tick(): Promise<void> {
    const { engine, store, clock } = this.#deps;
    // The tick can be skipped, because slots that are due stay due until the store accepts commands again.
    if (store.state !== 'ready') return;
    const now = clock();
    await store.sync(now);
    const todayIn = calendarAt(now);
    const doctors = [...engine.doctors].filter(({ facts }) => isDoctor(facts));
    const ids = doctors.map(({ facts }) => facts.id);
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
    if (this.#openedDays.get(id) !== day && (await this.#openSlots(facts)) === 'opened')
      this.#openedDays.set(id, day);
    if (engine.doctor(id)?.slots.some((slot) => this.#isDue(slot, now)) === true)
      await this.#advanceTime(id);
    await this.#evictPast(id, { at: now, today });
  }

  /** Opens the slots up to the horizon. If the plan is outdated, the next tick makes a new one. */
  #openSlots(facts: DoctorFacts): Promise<Opening> {
    const { engine } = this.#deps;
    const slotIds = planOf(this.#deps, facts).planned.map(({ id }) => id);
    return this.#transact<Opening>({ doctorIds: withHospital(facts.id), slotIds }, (at) => {
      // The facts are compared by their values, because the store may have loaded the same doctor anew.
      if (!isDeepStrictEqual(engine.doctor(facts.id)?.facts, facts))
        return { changes: [], answer: 'planOutdated' };
      // The plan is made anew, because another process may have changed the doctor's slots since the first one.
      const { planned } = planOf(this.#deps, facts);
      const outcome = engine.openSlots(facts.id, planned, at);
      return outcome.ok
        ? { changes: outcome.changes, answer: 'opened' }
        : { changes: [], answer: 'refused' };
    });
  }

  /** Expires the waitlist of ended slots (R11) and seats waiters on free seats (R5). */
  #advanceTime(id: DoctorId): Promise<undefined> {
    return this.#transact({ doctorIds: [id] }, (at) => {
      const outcome = this.#deps.engine.advanceTime(id, at);
      return { changes: outcome.ok ? outcome.changes : [], answer: undefined };
    });
  }

  /** Whether a token waits in an ended slot, which must expire it (R11), or beside a free seat, which it must get (R5). */
  #isDue(slot: Slot, now: EpochMs): boolean {
    return slot.waiting > 0 && (slot.hasUnfilledSeat || this.#deps.engine.hasEnded(slot, now));
  }

  /** Keeps slots with uncommitted changes in memory until the next tick, because an evicted slot is reloaded from disk. */
  async #evictPast(id: DoctorId, now: LocalInstant): Promise<void> {
    const { engine, store } = this.#deps;
    const isDue = (): boolean => engine.evictableSlots(id, now).length > 0 && store.isSettled(id);
    if (!isDue()) return;
    // Another process may have postponed a slot's end. The read makes the doctor current, so a running slot is not evicted.
    await store.read(id, () => undefined);
    if (!isDue()) return;
    const past = engine.evictableSlots(id, now).map(({ facts }) => facts.id);
    await store.transact({ doctorIds: [id] }, () => ({
      ...{ changes: [], answer: undefined, origin: SYSTEM, response: null },
      past,
    }));
    const isFound = ({ facts }: Slot): boolean => past.includes(facts.id);
    if (isDue() && engine.evictableSlots(id, now).every(isFound))
      engine.evictPast(id, now, plusDays(now.today, -DAY_COUNTER_RETENTION_DAYS));
  }

  #transact<T>(
    scope: Scope,
    decide: (at: EpochMs) => { readonly changes: readonly Change[]; readonly answer: T },
  ): Promise<T> {
    const { engine, store, clock } = this.#deps;
    return transact(engine, store, scope, () => ({
      ...decide(clock()),
      origin: SYSTEM,
      response: null,
    }));
  }
}

/** A local date with its time zone, because a doctor who moves west has the same date twice. */
const dayAt = (today: LocalDate, timeZone: string): string => `${today} ${timeZone}`;
