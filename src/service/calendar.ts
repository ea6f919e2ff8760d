import { Temporal } from 'temporal-polyfill';
import {
  endsAt,
  epochMs,
  localDate,
  slotId,
  WEEKDAYS,
  type DoctorFacts,
  type EpochMs,
  type LocalDate,
  type Session,
  type SlotFacts,
} from '../engine/index.ts';

/** True for a time zone name that this machine's time zone database knows. */
export function isTimeZone(name: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
    // An offset such as +05:30 has no daylight-saving rules, an instant such as 2026-11-23T12:00Z is taken for its zone:
    // neither is a name of the database.
    return /^[A-Za-z][A-Za-z0-9._+/-]*$/.test(name);
  } catch {
    return false;
  }
}

/** The calendar day it is in a time zone at an instant. */
export const localDateAt = (at: EpochMs, timeZone: string): LocalDate =>
  localDate(
    Temporal.Instant.fromEpochMilliseconds(at)
      .toZonedDateTimeISO(timeZone)
      .toPlainDate()
      .toString(),
  );

/** Tells the calendar day it is at an instant in each time zone; worked out once for a zone, for it is asked by the thousand. */
export function calendarAt(at: EpochMs): (timeZone: string) => LocalDate {
  const dates = new Map<string, LocalDate>();
  return (timeZone) => {
    const date = dates.get(timeZone) ?? localDateAt(at, timeZone);
    dates.set(timeZone, date);
    return date;
  };
}

/** The day `days` later; earlier when negative. */
export const plusDays = (date: LocalDate, days: number): LocalDate =>
  localDate(Temporal.PlainDate.from(date).add({ days }).toString());

/** Days from one date to another. */
export const daysBetween = (from: LocalDate, to: LocalDate): number =>
  Temporal.PlainDate.from(from).until(to, { largestUnit: 'days' }).days;

/** Whether `YYYY-MM-DD` names a day that exists. */
export function isDate(text: string): boolean {
  try {
    return Temporal.PlainDate.from(text, { overflow: 'reject' }).toString() === text;
  } catch {
    return false;
  }
}

/** Minutes since midnight of `HH:MM`; `24:00` is 1440. */
export function minutesOf(time: string): number {
  const [hours = '', minutes = ''] = time.split(':');
  return Number(hours) * 60 + Number(minutes);
}

/** How far ahead sessions have their slots ready, and when a slot is over. */
export interface Horizon {
  readonly horizonDays: number;
  readonly graceMinutes: number;
}

/**
 * The slots that a doctor's sessions yield from today, in the doctor's time zone, to `horizonDays` ahead, without
 * those of today that are over.
 * Wall-clock times that daylight saving skips move on by the gap, those it repeats mean the first; a session keeps
 * its length where skipping would leave nothing of it.
 */
export function slotsOf(
  doctor: DoctorFacts,
  at: EpochMs,
  { horizonDays, graceMinutes }: Horizon,
): SlotFacts[] {
  const today = Temporal.PlainDate.from(localDateAt(at, doctor.timeZone));
  const dates = Array.from({ length: horizonDays + 1 }, (_, days) => today.add({ days }));
  return dates.flatMap((date) =>
    doctor.sessions
      .filter(({ weekdays }) => weekdays.some((day) => WEEKDAYS[date.dayOfWeek - 1] === day))
      .map((session) => slotOf(doctor, session, date))
      .filter((slot) => endsAt(slot, graceMinutes) > at),
  );
}

function slotOf(doctor: DoctorFacts, session: Session, date: Temporal.PlainDate): SlotFacts {
  const startTime = instantOf(date, session.start, doctor.timeZone);
  const wallEnd = instantOf(date, session.end, doctor.timeZone);
  const lengthMs = (minutesOf(session.end) - minutesOf(session.start)) * 60_000;
  return {
    id: slotId(`${session.id}@${date.toString()}`),
    doctorId: doctor.id,
    sessionId: session.id,
    date: localDate(date.toString()),
    startTime,
    endTime: wallEnd > startTime ? wallEnd : epochMs(startTime + lengthMs),
    delayMinutes: 0,
    capacity: session.capacity,
    closedReason: null,
  };
}

function instantOf(date: Temporal.PlainDate, time: string, timeZone: string): EpochMs {
  const day = time === '24:00' ? date.add({ days: 1 }) : date;
  const plainTime = Temporal.PlainTime.from(time === '24:00' ? '00:00' : time);
  return epochMs(day.toZonedDateTime({ timeZone, plainTime }).epochMilliseconds);
}
