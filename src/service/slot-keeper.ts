import { setImmediate } from 'node:timers/promises';
import {
  invariant,
  slotId,
  type AllocationEngine,
  type Change,
  type Doctor,
  type DoctorFacts,
  type DoctorId,
  type DoctorPlan,
  type EpochMs,
  type Outcome,
  type SlotFacts,
  type SlotId,
  type TakenSessions,
} from '../engine/index.ts';
import type { Store } from '../store/index.ts';
import { localDateAt, plusDays, slotsOf } from './calendar.ts';
import { RosterError } from './roster.ts';

interface SlotKeeperDeps {
  readonly engine: AllocationEngine;
  readonly store: Store;
  readonly clock: () => EpochMs;
  readonly horizonDays: number;
}

/** Days for which the counters of a day are kept in memory: longer than any slot lasts or any clock is wrong. */
const COUNTERS_DAYS = 31;

/** Who is on record for what the program does by itself. */
const SYSTEM = { actor: 'system', reason: null } as const;

/**
 * Keeps the slots of the sessions ready ahead and lets go of those that are over. It goes by the date at each doctor's
 * place, so that midnight, daylight saving and a stop of any length are all the same to it.
 */
export class SlotKeeper {
  readonly #deps: SlotKeeperDeps;
  /** The day on which each doctor's slots were opened last. */
  readonly #opened = new Map<DoctorId, string>();

  constructor(deps: SlotKeeperDeps) {
    this.#deps = deps;
  }

  /**
   * Sets these doctors up as a roster says, all of them or, when it cannot be, none.
   * @throws RosterError when ids of theirs are another doctor's
   */
  async apply(roster: readonly DoctorFacts[]): Promise<void> {
    const { engine, clock } = this.#deps;
    // Before planning: if midnight comes meanwhile, the next tick opens what is missing.
    const now = clock();
    const plans: DoctorPlan[] = [];
    for (const facts of roster) {
      plans.push({ facts, planned: this.#plan(facts) });
      // A roster of thousands takes seconds: who asks meanwhile whether the process lives gets an answer.
      await setImmediate();
    }
    const scope = { doctorIds: roster.map(({ id }) => id), slotIds: plans.flatMap(slotIdsOf) };
    const taken = await this.#deps.store.transact(scope, () => {
      const answer = engine.takenSessions(plans);
      const changes = answer.length === 0 ? putAll(engine, plans, now) : [];
      return { changes, answer, origin: SYSTEM, kept: null };
    });
    if (taken.length > 0) throw new RosterError(sentenceOf(taken));
    for (const { id, timeZone } of roster) this.#opened.set(id, dayAt(now, timeZone));
  }

  /** To be called every minute or so, and once before anybody is served. */
  async tick(): Promise<void> {
    for (const doctor of [...this.#deps.engine.doctors]) {
      await this.#open(doctor);
      await this.#fill(doctor);
      this.#letGo(doctor);
    }
  }

  async #open({ facts }: Doctor): Promise<void> {
    const { engine, clock } = this.#deps;
    const today = dayAt(clock(), facts.timeZone);
    if (this.#opened.get(facts.id) === today) return;
    const planned = this.#plan(facts);
    await this.#transact(facts.id, planned, () => engine.openSlots(facts.id, planned, clock()));
    this.#opened.set(facts.id, today);
  }

  /** An end put off, by a longer grace or by a clock put right, leaves seats free beside those who wait (R5). */
  async #fill({ facts, slots }: Doctor): Promise<void> {
    const { engine, clock } = this.#deps;
    if (slots.some((slot) => slot.isUnfilled))
      await this.#transact(facts.id, [], () => engine.fillSeats(facts.id, clock()));
  }

  /** What has anything in flight stays for the next time: a slot that is not in memory is on disk as it is. */
  #letGo(doctor: Doctor): void {
    const { engine, store, clock } = this.#deps;
    const settled = store.settled(doctor.facts.id);
    // Nobody waits for it here: a disk that is full by then must not end the process.
    if (settled !== undefined) return void settled.catch(() => undefined);
    const now = clock();
    for (const slot of [...doctor.slots]) if (engine.hasEnded(slot, now)) engine.forgetSlot(slot);
    doctor.forgetDaysBefore(plusDays(localDateAt(now, doctor.facts.timeZone), -COUNTERS_DAYS));
  }

  #plan(facts: DoctorFacts): SlotFacts[] {
    const { engine, clock, horizonDays } = this.#deps;
    const { graceMinutes } = engine.rules;
    return slotsOf(facts, clock(), { horizonDays, graceMinutes });
  }

  #transact(
    id: DoctorId,
    planned: readonly SlotFacts[],
    decide: () => Outcome<unknown>,
  ): Promise<Outcome<unknown>> {
    const scope = { doctorIds: [id], slotIds: planned.map((slot) => slot.id) };
    return this.#deps.store.transact(scope, () => {
      const outcome = decide();
      const changes = outcome.ok ? outcome.changes : [];
      return { changes, answer: outcome, origin: SYSTEM, kept: null };
    });
  }
}

/** The day at a doctor's place, and the place: the same date comes once more to a doctor who moves west. */
const dayAt = (at: EpochMs, timeZone: string): string => `${localDateAt(at, timeZone)} ${timeZone}`;

/** What a plan touches: its slots, and slots over and gone from memory whose ids its sessions would take. */
export const slotIdsOf = ({ facts, planned }: DoctorPlan): SlotId[] => [
  ...planned.map(({ id }) => id),
  ...facts.sessions.map(({ id }) => slotId(id)),
];

const putAll = (engine: AllocationEngine, plans: readonly DoctorPlan[], at: EpochMs): Change[] =>
  plans.flatMap(({ facts, planned }) => {
    const outcome = engine.putDoctor(facts, planned, at);
    invariant(outcome.ok, 'doctors none of whose sessions are taken can be put');
    return [...outcome.changes];
  });

const sentenceOf = (taken: readonly TakenSessions[]): string => {
  const doctors = taken.map(
    ({ doctorId, sessionIds }) => `doctor ${doctorId}: id_taken (${sessionIds.join(', ')})`,
  );
  return `The roster cannot be applied, and nothing of it was: ${doctors.join('; ')}. These ids are in use by another doctor's sessions or by slots: give the sessions other ids.`;
};
