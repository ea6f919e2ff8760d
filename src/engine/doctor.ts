import type { DoctorSnapshot } from './command.ts';
import type { DoctorId, EpochMs, LocalDate, SessionId } from './ids.ts';
import { invariant } from './invariant.ts';
import { endsAt, type Slot } from './slot.ts';
import type { Token } from './token.ts';

/** Days of the week as FHIR's DaysOfWeek code system spells them, Monday first as in ISO 8601. */
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** A recurring sitting: yields one slot on each of its weekdays. */
export interface Session {
  readonly id: SessionId;
  readonly weekdays: readonly Weekday[];
  /** Wall-clock time in the doctor's time zone, `HH:MM`. */
  readonly start: string;
  /** Later than `start`; `24:00` is midnight. */
  readonly end: string;
  /** Seats of each of its slots, 1 or more. */
  readonly capacity: number;
}

export interface DoctorFacts {
  readonly id: DoctorId;
  readonly name: string;
  readonly department: string | null;
  /** An IANA time zone name. */
  readonly timeZone: string;
  readonly sessions: readonly Session[];
}

/** A local calendar day of a doctor and the number printed last on it, 0 before the first (R10). */
export interface Day {
  readonly date: LocalDate;
  lastNumber: number;
}

/** A doctor, the doctor's slots and the counters that order what happens to them. Only the engine writes to it. */
export class Doctor {
  facts: DoctorFacts;
  /** Change records so far: the number of the latest one. */
  version = 0;
  /** Bookings accepted so far: the arrival of the latest one. */
  lastArrival = 0;
  /** Patients who are with the doctor: one, apart from those of days gone by whom nobody completed. */
  readonly inConsultation = new Set<Token>();
  /** Slots in which somebody has checked in and is to be called. */
  readonly slotsWithCheckedIn = new Set<Slot>();
  readonly #slots: Slot[] = [];
  readonly #days = new Map<LocalDate, Day>();

  constructor(facts: DoctorFacts) {
    this.facts = facts;
  }

  /** The slots in memory, in the order in which they start, then of their ids. */
  get slots(): readonly Slot[] {
    return this.#slots;
  }

  /** The first slot of a session, of those behind a slot, that still takes bookings; when none does, the latest. */
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

  /** The day of a date, made when it is first asked for. */
  day(date: LocalDate): Day {
    let day = this.#days.get(date);
    if (day === undefined) {
      day = { date, lastNumber: 0 };
      this.#days.set(date, day);
    }
    return day;
  }

  addSlot(slot: Slot): void {
    // From the end: slots are opened day after day, each mostly behind all others.
    const place = this.#slots.findLastIndex((other) => !startsBefore(slot, other)) + 1;
    this.#slots.splice(place, 0, slot);
  }

  removeSlot(slot: Slot): void {
    const place = this.#slots.indexOf(slot);
    invariant(place !== -1, 'a slot is removed once');
    this.#slots.splice(place, 1);
  }

  /** The doctor without slots, as a store would keep it. */
  snapshot(): DoctorSnapshot {
    const { facts, version, lastArrival } = this;
    const lastNumbers = Array.from(
      this.#days.values(),
      ({ date, lastNumber }) => [date, lastNumber] as const,
    );
    return { facts, version, lastArrival, lastNumbers };
  }

  /** Drops the counters of days that are over. */
  evictDaysBefore(date: LocalDate): void {
    for (const day of this.#days.keys()) if (day < date) this.#days.delete(day);
  }
}

const startsAfter = (slot: Slot, other: Slot | undefined): boolean =>
  other === undefined || (slot !== other && slot.facts.startTime >= other.facts.startTime);

/** The order of a doctor's slots: by id where two start together, for a restart must not change it. */
export const startsBefore = ({ facts: a }: Slot, { facts: b }: Slot): boolean =>
  a.startTime === b.startTime ? a.id < b.id : a.startTime < b.startTime;
