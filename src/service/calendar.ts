import { Temporal } from 'temporal-polyfill';
import {
  endsAt,
  epochMs,
  localDate,
  NEW_SLOT,
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
    // Temporal also takes an offset such as +05:30 and an instant such as 2026-11-23T12:00Z. Neither is the name of a
    // time zone, and an offset has no rules for daylight saving.
    return /^[A-Za-z][A-Za-z0-9._+/-]*$/.test(name);
  } catch {
    return false;
  }
}

/** A calendar day of a time zone, and instants, in epoch milliseconds, from which and before which it is that day. */
interface ZoneDay {
  readonly date: LocalDate;
  readonly from: number;
  readonly until: number;
}

/** The day that was asked for last in each time zone. */
const latestDays = new Map<string, ZoneDay>();

/** The calendar day of an instant in a time zone. It is computed once a day, because every answer asks for it. */
export function localDateAt(at: EpochMs, timeZone: string): LocalDate {
  const latest = latestDays.get(timeZone);
  if (latest !== undefined && at >= latest.from && at < latest.until) return latest.date;
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone);
  const date = local.toPlainDate();
  // A change of the clocks a minute after midnight can bring the day before back.
  const change = local.getTimeZoneTransition('next')?.epochMilliseconds ?? Infinity;
  const until = Math.min(startOf(date.add({ days: 1 }), timeZone), change);
  const day = { date: localDate(date.toString()), from: at, until };
  latestDays.set(timeZone, day);
  return day.date;
}

/** The first instant of a date in a time zone. */
export const startOfDate = (date: LocalDate, timeZone: string): EpochMs =>
  startOf(Temporal.PlainDate.from(date), timeZone);

const startOf = (date: Temporal.PlainDate, timeZone: string): EpochMs =>
  epochMs(date.toZonedDateTime(timeZone).epochMilliseconds);

const DAY_HOURS = 24;

/**
 * The instants at which the hours of a date and of the next one begin by the clock on the wall, in epoch milliseconds,
 * and the end of the last hour. An hour that daylight saving skips has no length; one that it repeats is twice as long.
 */
export function hoursFrom(date: LocalDate, timeZone: string): readonly number[] {
  const midnight = Temporal.PlainDate.from(date).toPlainDateTime();
  return Array.from(
    { length: 2 * DAY_HOURS + 1 },
    (_, hours) => midnight.add({ hours }).toZonedDateTime(timeZone).epochMilliseconds,
  );
}

/** The calendar days of an instant, by time zone. */
export const calendarAt =
  (at: EpochMs) =>
  (timeZone: string): LocalDate =>
    localDateAt(at, timeZone);

/** The date that is `days` days later, or earlier if `days` is negative. */
export const plusDays = (date: LocalDate, days: number): LocalDate =>
  localDate(Temporal.PlainDate.from(date).add({ days }).toString());

/** The number of days from one date to another; negative if the second date is earlier. */
export const daysBetween = (from: LocalDate, to: LocalDate): number =>
  Temporal.PlainDate.from(from).until(to, { largestUnit: 'days' }).days;

/** True if a text is the `YYYY-MM-DD` of a date that exists. */
export function isDate(text: string): boolean {
  try {
    return Temporal.PlainDate.from(text, { overflow: 'reject' }).toString() === text;
  } catch {
    return false;
  }
}

/** The minutes from midnight to `HH:MM`; 1440 for `24:00`. */
export function minutesOf(time: string): number {
  const [hours = '', minutes = ''] = time.split(':');
  return Number(hours) * 60 + Number(minutes);
}

const DAY_MINUTES = 1_440;

/** How far ahead the slots of the sessions are opened, and when a slot ends. */
export interface Horizon {
  readonly horizonDays: number;
  /** Minutes after its end time during which a slot still takes bookings. */
  readonly graceMinutes: number;
}

/**
 * The slots of a doctor's sessions from today, in the doctor's time zone, to `horizonDays` ahead, whether the doctor is
 * on leave or not. The slots of today that have ended are left out. A slot that started yesterday and runs past midnight
 * is included until its end.
 * A wall-clock time that daylight saving skips is moved later by the length of the gap. A time that daylight saving
 * repeats means its first occurrence. If the end would not be later than the start, the slot gets the length of the
 * session.
 * @param isWanted on which dates
 */
export function slotsOf(
  doctor: DoctorFacts,
  at: EpochMs,
  { horizonDays, graceMinutes }: Horizon,
  isWanted: (date: LocalDate) => boolean = () => true,
): SlotFacts[] {
  const today = localDateAt(at, doctor.timeZone);
  const yesterday = Temporal.PlainDate.from(today).subtract({ days: 1 });
  const days = Array.from({ length: horizonDays + 2 }, (_, days) =>
    localDate(yesterday.add({ days }).toString()),
  );
  return days
    .filter(isWanted)
    .flatMap((date) =>
      doctor.sessions
        .flatMap((session) => slotOn(doctor, session, date) ?? [])
        .filter((slot) => endsAt(slot, date < today ? 0 : graceMinutes) > at),
    );
}

/** The slot that a session yields on a date; undefined when it yields none. */
export function slotOn(
  doctor: DoctorFacts,
  session: Session,
  date: LocalDate,
): SlotFacts | undefined {
  const day = Temporal.PlainDate.from(date);
  return isSessionDay(session, day) ? slotOf(doctor, session, day) : undefined;
}

/** Whether a session yields a slot on a date: by its weekdays, its first and last date, and its weeks. */
function isSessionDay(
  { weekdays, validFrom, validUntil, everyWeeks }: Session,
  date: Temporal.PlainDate,
): boolean {
  const text = date.toString();
  if (!weekdays.some((day) => WEEKDAYS[date.dayOfWeek - 1] === day)) return false;
  if (validFrom !== null && text < validFrom) return false;
  if (validUntil !== null && text > validUntil) return false;
  if (validFrom === null || everyWeeks === 1) return true;
  const first = mondayOf(Temporal.PlainDate.from(validFrom));
  const weeks = first.until(mondayOf(date), { largestUnit: 'days' }).days / 7;
  return weeks % everyWeeks === 0;
}

/** The first day of the week of a date, as ISO 8601 counts weeks. */
const mondayOf = (date: Temporal.PlainDate): Temporal.PlainDate =>
  date.subtract({ days: date.dayOfWeek - 1 });

/** The minutes from the start of a session to its end by the clock on the wall, 1 to 1440. */
export function lengthOf({ start, end }: Pick<Session, 'start' | 'end'>): number {
  const minutes = minutesOf(end) - minutesOf(start);
  return minutes > 0 ? minutes : minutes + DAY_MINUTES;
}

function slotOf(doctor: DoctorFacts, session: Session, date: Temporal.PlainDate): SlotFacts {
  const isPastMidnight = minutesOf(session.end) <= minutesOf(session.start);
  const lastDay = isPastMidnight ? date.add({ days: 1 }) : date;
  const startTime = instantOf(date, session.start, doctor.timeZone);
  const wallEnd = instantOf(lastDay, session.end, doctor.timeZone);
  const lengthMs = lengthOf(session) * 60_000;
  return {
    id: slotId(`${session.id}@${date.toString()}`),
    doctorId: doctor.id,
    sessionId: session.id,
    date: localDate(date.toString()),
    startTime,
    endTime: wallEnd > startTime ? wallEnd : epochMs(startTime + lengthMs),
    capacity: session.capacity,
    ...NEW_SLOT,
  };
}

function instantOf(date: Temporal.PlainDate, time: string, timeZone: string): EpochMs {
  const day = time === '24:00' ? date.add({ days: 1 }) : date;
  const plainTime = Temporal.PlainTime.from(time === '24:00' ? '00:00' : time);
  return epochMs(day.toZonedDateTime({ timeZone, plainTime }).epochMilliseconds);
}
