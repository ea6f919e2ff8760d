import type { DoctorFacts, DoctorSnapshot } from './doctor-facts.ts';
import type { EpochMs, LocalDate, SessionId } from './ids.ts';
import { invariant } from './invariant.ts';
import type { Day, Slot, SlotOwner, Token } from './slot.ts';
import { endsAt } from './slot-facts.ts';

/** A doctor with the slots in memory and the doctor's counters. Only the engine writes to it. */
export class Doctor implements SlotOwner {
  facts: DoctorFacts;
  /** Change records so far: the version of the latest one. */
  version = 0;
  /** Bookings accepted so far: the arrival of the latest one. */
  lastArrival = 0;
  /** Tokens in consultation: one at most, and beside it those of past days that were never completed. */
  readonly inConsultation = new Set<Token>();
  /** Slots with at least one checked-in token. */
  readonly slotsWithCheckedIn = new Set<Slot>();
  readonly #slots: Slot[] = [];
  readonly #days = new Map<LocalDate, Day>();

  constructor(facts: DoctorFacts) {
    this.facts = facts;
  }

  /** The slots in memory, ordered by start time, then by id. */
  get slots(): readonly Slot[] {
    return this.#slots;
  }

  /**
   * The first slot of a session that still takes bookings; when none does, the latest slot of the session.
   * @param after when given, only slots that start no earlier than this one count, and not this one itself
   */
  nextSlotOfSession(
    sessionId: SessionId,
    at: EpochMs,
    graceMinutes: number,
    after?: Slot,
  ): Slot | undefined {
    let latest: Slot | undefined;
    for (const slot of this.#slots) {
      if (slot.facts.sessionId !== sessionId || !startsAfter(slot, after)) continue;
      latest = slot;
      if (slot.facts.closedReason === null && at < endsAt(slot.facts, graceMinutes)) return slot;
    }
    return latest;
  }

  /** The day of a date; the first call for a date creates it. */
  day(date: LocalDate): Day {
    let day = this.#days.get(date);
    if (day === undefined) {
      day = { date, lastNumber: 0 };
      this.#days.set(date, day);
    }
    return day;
  }

  /** Inserts a slot in the order of start times. */
  addSlot(slot: Slot): void {
    // The search runs from the end because slots are opened day after day: a new slot is mostly the last one.
    const place = this.#slots.findLastIndex((other) => !startsBefore(slot, other)) + 1;
    this.#slots.splice(place, 0, slot);
  }

  /** @throws InvariantError when the slot is not one of the doctor's slots in memory */
  removeSlot(slot: Slot): void {
    const place = this.#slots.indexOf(slot);
    invariant(place !== -1, 'a slot is removed from the doctor that has it');
    this.#slots.splice(place, 1);
  }

  /**
   * A copy with copies of all slots and tokens in memory: what an answer shows that is made while the doctor goes on
   * changing. The time that it takes grows with the live tokens.
   */
  copy(): Doctor {
    const copy = new Doctor(this.facts);
    copy.version = this.version;
    copy.lastArrival = this.lastArrival;
    for (const { date, lastNumber } of this.#days.values()) copy.day(date).lastNumber = lastNumber;
    for (const slot of this.#slots) copy.addSlot(slot.copyFor(copy));
    return copy;
  }

  /** The facts and the counters, without slots: what a store holds of a doctor. */
  snapshot(): DoctorSnapshot {
    const { facts, version, lastArrival } = this;
    const lastNumbers = Array.from(
      this.#days.values(),
      ({ date, lastNumber }) => [date, lastNumber] as const,
    );
    return { facts, version, lastArrival, lastNumbers };
  }

  /** Evicts the number counters of all days before this date. */
  evictDaysBefore(date: LocalDate): void {
    for (const day of this.#days.keys()) if (day < date) this.#days.delete(day);
  }
}

const startsAfter = (slot: Slot, other: Slot | undefined): boolean =>
  other === undefined || (slot !== other && slot.facts.startTime >= other.facts.startTime);

/** The order of a doctor's slots: by start time, then by id, because a restart must not change the order. */
export const startsBefore = ({ facts: a }: Slot, { facts: b }: Slot): boolean =>
  a.startTime === b.startTime ? a.id < b.id : a.startTime < b.startTime;
