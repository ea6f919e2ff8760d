import type { DoctorFacts, DoctorSnapshot } from './doctor-facts.ts';
import type { EpochMs, LocalDate, LocalInstant, SessionId } from './ids.ts';
import { invariant } from './invariant.ts';
import type { Day, Slot, SlotOwner, Token } from './slot.ts';
import { endsAt, intakeOf, startsBefore } from './slot-facts.ts';

/** Which slots of a session the session's id can mean. */
export interface WantedSlots {
  /** Only slots that start no earlier than this one count, and not this one itself. */
  readonly after?: Slot;
  /** Slots that do not count, because the command is about to close them. */
  readonly except?: ReadonlySet<Slot>;
}

/** A doctor with the slots in memory and the doctor's counters. Only the engine writes to it. */
export class Doctor implements SlotOwner {
  facts: DoctorFacts;
  /** Change records so far: the version of the latest one. */
  version = 0;
  /** Bookings accepted so far: the arrival of the latest one. */
  lastArrival = 0;
  breakUntil: EpochMs | null = null;
  /** Tokens in consultation: as many as rooms at most (R19), and beside them those of past days that were never completed. */
  readonly inConsultation = new Set<Token>();
  /**
   * From this instant on, memory has every slot that is not past, and every day counter that a new slot needs. Null
   * when nothing of the doctor was evicted or left in the store.
   */
  completeFrom: LocalInstant | null = null;
  readonly #slots: Slot[] = [];
  readonly #days = new Map<LocalDate, Day>();

  constructor(facts: DoctorFacts) {
    this.facts = facts;
  }

  /**
   * Whether memory has every slot of the doctor from this date on. A slot is not past before its day is over, so no slot
   * of `completeFrom`'s day or a later one was evicted or left in the store.
   */
  hasDaysFrom(date: LocalDate): boolean {
    return this.completeFrom === null || date >= this.completeFrom.today;
  }

  /** The slots in memory, ordered by start time, then by id. */
  get slots(): readonly Slot[] {
    return this.#slots;
  }

  /**
   * The first slot of a session that has not ended and still takes bookings (R23, R25); when none does, the first one that
   * has not ended. Undefined when every slot of the session has ended: such slots may have been evicted, so none of them
   * is given.
   * @param wanted which slots count
   */
  nextSlotOfSession(
    sessionId: SessionId,
    at: EpochMs,
    graceMinutes: number,
    { after, except }: WantedSlots = {},
  ): Slot | undefined {
    let closed: Slot | undefined;
    for (const slot of this.#slots) {
      if (slot.facts.sessionId !== sessionId || !startsAfter(slot, after)) continue;
      if (at >= endsAt(slot.facts, graceMinutes)) continue;
      const isLeftOut = except?.has(slot) === true || slot.isClosed;
      if (!isLeftOut && intakeOf(slot.facts) !== 'NONE') return slot;
      closed ??= slot;
    }
    return closed;
  }

  /** The day of a date; the first call for a date creates it. */
  day(date: LocalDate): Day {
    let day = this.#days.get(date);
    if (day === undefined) {
      day = { date, lastNumber: 0, slots: [] };
      this.#days.set(date, day);
    }
    return day;
  }

  /** Inserts a slot in the order of start times. */
  addSlot(slot: Slot): void {
    insertByStart(this.#slots, slot);
    insertByStart(slot.day.slots, slot);
  }

  /** @throws InvariantError when the slot is not one of the doctor's slots in memory */
  removeSlot(slot: Slot): void {
    const place = this.#slots.indexOf(slot);
    invariant(place !== -1, 'a slot is removed from the doctor that has it');
    this.#slots.splice(place, 1);
    slot.day.slots.splice(slot.day.slots.indexOf(slot), 1);
  }

  /**
   * A copy with copies of all slots and tokens in memory: what an answer shows that is made while the doctor goes on
   * changing. The time that it takes grows with the tokens.
   */
  copy(): Doctor {
    const copy = new Doctor(this.facts);
    copy.version = this.version;
    copy.lastArrival = this.lastArrival;
    copy.breakUntil = this.breakUntil;
    for (const { date, lastNumber } of this.#days.values()) copy.day(date).lastNumber = lastNumber;
    for (const slot of this.#slots) copy.addSlot(slot.copyFor(copy));
    return copy;
  }

  /** The facts and the counters, without slots: what a store holds of a doctor. */
  snapshot(): DoctorSnapshot {
    const { facts, version, lastArrival, breakUntil } = this;
    const lastNumbers = Array.from(
      this.#days.values(),
      ({ date, lastNumber }) => [date, lastNumber] as const,
    );
    return { facts, version, lastArrival, lastNumbers, breakUntil };
  }

  /** Evicts the number counters of the days before this date of which no slot is in memory. */
  evictDaysBefore(date: LocalDate): void {
    const used = new Set(this.#slots.map((slot) => slot.day));
    for (const day of this.#days.values())
      if (day.date < date && !used.has(day)) this.#days.delete(day.date);
  }
}

function insertByStart(slots: Slot[], slot: Slot): void {
  // The search runs from the end because slots are opened day after day: a new slot is mostly the last one.
  const place = slots.findLastIndex((other) => !startsBefore(slot.facts, other.facts)) + 1;
  slots.splice(place, 0, slot);
}

const startsAfter = (slot: Slot, other: Slot | undefined): boolean =>
  other === undefined || (slot !== other && slot.facts.startTime >= other.facts.startTime);
