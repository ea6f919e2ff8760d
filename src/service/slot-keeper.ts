import {
  type AllocationEngine,
  type Doctor,
  type DoctorFacts,
  type DoctorId,
  type EpochMs,
  type LocalDate,
  type Outcome,
  type SlotFacts,
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

/** Days after the date it starts on in which a slot is over for certain: its length and its grace are a day at most each. */
const SLOT_DAYS_MAX = 3;

/** Who is on record for what the program does by itself. */
const SYSTEM = { actor: 'system', reason: null } as const;

/**
 * Keeps the slots of the sessions ready ahead and lets go of those that are over. It goes by the date at each doctor's
 * place, so that midnight, daylight saving and a stop of any length are all the same to it.
 */
export class SlotKeeper {
  readonly #deps: SlotKeeperDeps;
  /** The local date up to which each doctor's slots have been opened. */
  readonly #opened = new Map<DoctorId, LocalDate>();

  constructor(deps: SlotKeeperDeps) {
    this.#deps = deps;
  }

  /**
   * Sets these doctors up as a roster says.
   * @throws RosterError when an id of theirs is another doctor's
   */
  async apply(roster: readonly DoctorFacts[]): Promise<void> {
    const { engine, clock } = this.#deps;
    for (const facts of roster) {
      const planned = this.#plan(facts);
      const decide = (): Outcome<unknown> => engine.putDoctor(facts, planned, clock());
      const outcome = await this.#transact(facts.id, planned, decide);
      if (!outcome.ok)
        throw new RosterError(
          `The roster cannot be applied: doctor ${facts.id}: ${outcome.refusal.code}.`,
        );
    }
  }

  /** To be called every minute or so, and once before anybody is served. */
  async tick(): Promise<void> {
    for (const doctor of [...this.#deps.engine.doctors]) {
      await this.#open(doctor);
      this.#letGo(doctor);
    }
  }

  async #open({ facts }: Doctor): Promise<void> {
    const { engine, clock } = this.#deps;
    const today = localDateAt(clock(), facts.timeZone);
    if (this.#opened.get(facts.id) === today) return;
    const planned = this.#plan(facts);
    await this.#transact(facts.id, planned, () => engine.openSlots(facts.id, planned, clock()));
    this.#opened.set(facts.id, today);
  }

  /** What has anything in flight stays for the next time: a slot that is not in memory is on disk as it is. */
  #letGo(doctor: Doctor): void {
    const { engine, store, clock } = this.#deps;
    const settled = store.settled(doctor.facts.id);
    // Nobody waits for it here: a disk that is full by then must not end the process.
    if (settled !== undefined) return void settled.catch(() => undefined);
    const now = clock();
    for (const slot of [...doctor.slots]) if (engine.hasEnded(slot, now)) engine.forgetSlot(slot);
    doctor.forgetDaysBefore(plusDays(localDateAt(now, doctor.facts.timeZone), -SLOT_DAYS_MAX));
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
