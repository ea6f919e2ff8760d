import {
  doctorId,
  type DoctorId,
  type EpochMs,
  type LeaveId,
  type LocalDate,
  type SessionId,
} from './ids.ts';

/** Days of the week as FHIR's DaysOfWeek code system spells them, Monday first as in ISO 8601. */
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** A recurring sitting of a doctor: it yields one slot on each of its weekdays. */
export interface Session {
  readonly id: SessionId;
  readonly weekdays: readonly Weekday[];
  /** Wall-clock time in the doctor's time zone, `HH:MM`. */
  readonly start: string;
  /** Wall-clock time, `HH:MM`; `24:00` is midnight. A time that is not later than `start` is on the next day. */
  readonly end: string;
  /** Seats of each of its slots, 1 or more. */
  readonly capacity: number;
  /** The first date on which it may yield a slot; null when it always has. */
  readonly validFrom: LocalDate | null;
  /** The last date on which it may yield a slot; null when it has no end. */
  readonly validUntil: LocalDate | null;
  /** 1 or more: it yields slots in every n-th week, counted from the week of `validFrom`. */
  readonly everyWeeks: number;
}

/** Dates on which no session of the doctor yields a slot (R24). */
export interface Leave {
  readonly id: LeaveId;
  readonly from: LocalDate;
  /** The last date, not before `from`. */
  readonly to: LocalDate;
  readonly reason: string;
}

/** The order of a doctor's leaves. */
export const byFirstDate = (a: Leave, b: Leave): number =>
  a.from === b.from ? (a.id < b.id ? -1 : 1) : a.from < b.from ? -1 : 1;

/** Whether a date is one of the dates of these leaves. */
export const isOnLeave = (leaves: readonly Leave[], date: LocalDate): boolean =>
  leaves.some(({ from, to }) => from <= date && date <= to);

/** Whether two descriptions are of one leave with the same dates. The reason may differ. */
export const hasSameDates = (a: Leave, b: Leave | undefined): boolean =>
  a.id === b?.id && a.from === b.from && a.to === b.to;

/** Whether two leaves are the same in every fact. */
export const sameLeave = (a: Leave, b: Leave | undefined): boolean =>
  hasSameDates(a, b) && a.reason === b?.reason;

/** The facts that a session has when nothing has been said about them. */
export const NEW_SESSION = {
  validFrom: null,
  validUntil: null,
  everyWeeks: 1,
} as const satisfies Partial<Session>;

/** Everything that a hospital says about a doctor. */
export interface DoctorFacts {
  readonly id: DoctorId;
  readonly name: string;
  readonly department: string | null;
  /** An IANA time zone name. */
  readonly timeZone: string;
  readonly sessions: readonly Session[];
  /** How many patients may be in consultation at once, 1 or more (R19). */
  readonly rooms: number;
  /** In the order of their first dates, then of their ids. */
  readonly leaves: readonly Leave[];
  /** Whether the doctor has left: no session yields a slot, and lists leave the doctor out. */
  readonly isRetired: boolean;
  /** What the screens of the hospital announce. Only the hospital's own record has one. */
  readonly announcement?: string;
}

/** The facts that a doctor has when nothing has been said about them. */
export const NEW_DOCTOR = {
  rooms: 1,
  leaves: [],
  isRetired: false,
} as const satisfies Partial<DoctorFacts>;

/**
 * The id of the record that holds the hospital's holidays, as the leaves of a doctor without sessions (R24), and its
 * announcement. Stores, change records and other processes need nothing else for them. No caller can name it, because ids
 * have no `*`.
 */
export const HOSPITAL = doctorId('*');

/** The hospital's own record. */
export const hospitalFacts = (holidays: readonly Leave[], announcement?: string): DoctorFacts => ({
  id: HOSPITAL,
  name: 'Holidays',
  department: null,
  timeZone: 'UTC',
  sessions: [],
  rooms: 1,
  leaves: holidays.toSorted(byFirstDate),
  isRetired: true,
  ...(announcement === undefined ? {} : { announcement }),
});

/** Whether a record is a doctor's. Every list and every count of doctors uses this predicate or `isListed`. */
export const isDoctor = ({ id }: Pick<DoctorFacts, 'id'>): boolean => id !== HOSPITAL;

/** Whether lists show the doctor: not the record of the holidays, and not a doctor who is retired. */
export const isListed = (facts: DoctorFacts): boolean => isDoctor(facts) && !facts.isRetired;

/** A doctor as a store holds it: the facts and the counters, without slots. */
export interface DoctorSnapshot {
  readonly facts: DoctorFacts;
  /** Change records so far, 0 or more. */
  readonly version: number;
  /** The arrival of the latest accepted booking, 0 before the first. */
  readonly lastArrival: number;
  /** The instant at which the doctor's break ends; null when there is none. */
  readonly breakUntil: EpochMs | null;
  /** For each local day the number printed last on it (R10). */
  readonly lastNumbers: readonly (readonly [LocalDate, number])[];
}
