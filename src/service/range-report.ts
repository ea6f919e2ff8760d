import type { DoctorId, EpochMs, LocalDate, PatientClass } from '../engine/index.ts';
import { daysBetween, hoursFrom, plusDays } from './calendar.ts';
import { HourSum, type HourCounts } from './hour-sum.ts';
import { addDay, DaySum, readDay, type DayChanges, type DayCounts } from './report.ts';

/** A day of a range, over all doctors of the report. */
export interface DateCounts extends DayCounts {
  readonly date: LocalDate;
}

/** What happened from one date to another. */
export interface RangeReport extends DayCounts {
  readonly from: LocalDate;
  readonly to: LocalDate;
  /** The doctor and the department that were asked for; null for all. */
  readonly doctorId: DoctorId | null;
  readonly department: string | null;
  /** Doctors that the report covers, also those without a slot in the range. */
  readonly doctors: number;
  /** The instant up to which the report counts. */
  readonly at: EpochMs;
  /** The hours 0 to 23 of the doctors' clocks. */
  readonly byHour: readonly HourCounts[];
  /** Every date of the range. */
  readonly byDay: readonly DateCounts[];
}

/** The change records of one doctor's day. */
export interface DoctorDay extends DayChanges {
  readonly date: LocalDate;
  readonly timeZone: string;
}

/** What happened from one date to another. */
export interface RangeRecord extends Omit<RangeReport, keyof DayCounts | 'byHour' | 'byDay'> {
  readonly days: Iterable<DoctorDay>;
  /** The class table, in its order. */
  readonly classes: readonly PatientClass[];
}

/**
 * The report of some days of some doctors: the sum of the reports of each doctor's days, and the waits of all of them
 * together. One day of one doctor is in memory at a time.
 * @throws RequestEndedError when the request has ended
 */
export async function rangeReportOf(
  { days, classes, ...head }: RangeRecord,
  ended: AbortSignal,
): Promise<RangeReport> {
  const range = new DaySum(classes);
  const { from, to } = head;
  const byDate = new Map(datesFrom(from, to).map((date) => [date, new DaySum(classes)]));
  const hours = new HourSum();
  const startsOf = hoursInZones();
  for (const { date, timeZone, ...changes } of days) {
    const hoursOfDay = hours.day(startsOf(date, timeZone));
    const day = await readDay(changes, ended, (change) => hoursOfDay.take(change));
    for (const slot of day.slots) hoursOfDay.addSlot(slot);
    const ofDate = byDate.get(date);
    await addDay(day, ofDate === undefined ? [range] : [range, ofDate], ended);
  }
  return {
    ...head,
    ...range.counts(),
    byHour: hours.counts(),
    byDay: Array.from(byDate, ([date, sum]) => ({ date, ...sum.counts() })),
  };
}

const datesFrom = (from: LocalDate, to: LocalDate): readonly LocalDate[] =>
  Array.from({ length: daysBetween(from, to) + 1 }, (_, days) => plusDays(from, days));

/** `hoursFrom`, computed once for each date and time zone, because most doctors are in one time zone. */
function hoursInZones(): typeof hoursFrom {
  const known = new Map<string, readonly number[]>();
  return (date, timeZone) => {
    const key = `${date} ${timeZone}`;
    const starts = known.get(key) ?? hoursFrom(date, timeZone);
    known.set(key, starts);
    return starts;
  };
}
