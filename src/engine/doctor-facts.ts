import type { DoctorId, LocalDate, SessionId } from './ids.ts';

/** Days of the week as FHIR's DaysOfWeek code system spells them, Monday first as in ISO 8601. */
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** A recurring sitting of a doctor: it yields one slot on each of its weekdays. */
export interface Session {
  readonly id: SessionId;
  readonly weekdays: readonly Weekday[];
  /** Wall-clock time in the doctor's time zone, `HH:MM`. */
  readonly start: string;
  /** Wall-clock time, `HH:MM`, later than `start`; `24:00` is midnight. */
  readonly end: string;
  /** Seats of each of its slots, 1 or more. */
  readonly capacity: number;
}

/** Everything that a hospital says about a doctor. */
export interface DoctorFacts {
  readonly id: DoctorId;
  readonly name: string;
  readonly department: string | null;
  /** An IANA time zone name. */
  readonly timeZone: string;
  readonly sessions: readonly Session[];
}

/** A doctor as a store holds it: the facts and the counters, without slots. */
export interface DoctorSnapshot {
  readonly facts: DoctorFacts;
  /** Change records so far, 0 or more. */
  readonly version: number;
  /** The arrival of the latest accepted booking, 0 before the first. */
  readonly lastArrival: number;
  /** For each local day the number printed last on it (R10). */
  readonly lastNumbers: readonly (readonly [LocalDate, number])[];
}
