import { WEEKDAYS, type LocalDate, type Session } from '../engine/index.ts';
import { lengthOf, minutesOf, plusDays } from './calendar.ts';

/** Two sessions of a doctor that sit at the same time. That is allowed, but it is often a mistake. */
export interface Overlap {
  readonly sessions: readonly [string, string];
  /** The first date, from today on, on which the first of the two sits beside the other. */
  readonly date: LocalDate;
}

/** A session in numbers. A day is counted from Thursday, 1 January 1970, a week from the Monday before that day. */
interface Sitting {
  readonly id: string;
  /** 0 is Monday. */
  readonly weekdays: ReadonlySet<number>;
  /** Minutes after midnight. */
  readonly start: number;
  readonly minutes: number;
  readonly firstDay: number;
  readonly lastDay: number;
  readonly everyWeeks: number;
}

const DAY_MS = 86_400_000;
const DAY_MINUTES = 1_440;

/** The sessions that overlap by the clock on the wall, each pair once, in the order of the sessions. */
export function overlapsOf(sessions: readonly Session[], today: LocalDate): Overlap[] {
  const sittings = sessions.map(sittingOf);
  return sittings.flatMap((a, index) =>
    sittings.slice(index + 1).flatMap((b): Overlap[] => {
      const day = firstSharedDay(a, b, dayOf(today));
      if (day === Infinity) return [];
      return [{ sessions: [a.id, b.id], date: plusDays(today, day - dayOf(today)) }];
    }),
  );
}

const sittingOf = (session: Session): Sitting => ({
  id: session.id,
  weekdays: new Set(session.weekdays.map((day) => WEEKDAYS.indexOf(day))),
  start: minutesOf(session.start),
  minutes: lengthOf(session),
  firstDay: session.validFrom === null ? 0 : dayOf(session.validFrom),
  lastDay: session.validUntil === null ? Infinity : dayOf(session.validUntil),
  everyWeeks: session.everyWeeks,
});

/** The first day from `today` on, on which a slot of `a` starts that has a minute in common with one of `b`. */
function firstSharedDay(a: Sitting, b: Sitting, today: number): number {
  // A session may run past midnight, so it may overlap with one that starts on the day before or after.
  const days = [-1, 0, 1].map((offset) => {
    const startB = b.start + offset * DAY_MINUTES;
    const shareTime = a.start < startB + b.minutes && startB < a.start + a.minutes;
    return shareTime ? firstDayWith(a, b, offset, today) : Infinity;
  });
  return Math.min(...days);
}

/** The first day from `today` on, on which `a` yields a slot and `b` yields one `offset` days later. */
function firstDayWith(a: Sitting, b: Sitting, offset: number, today: number): number {
  const from = Math.max(today, a.firstDay, b.firstDay - offset);
  const until = Math.min(a.lastDay, b.lastDay - offset);
  // After so many weeks everything repeats. One more is searched, because the first may have begun already.
  const weeks = leastCommonMultiple(a.everyWeeks, b.everyWeeks) + 1;
  for (let day = from; day <= Math.min(until, from + weeks * 7); day += 1)
    if (sits(a, day) && sits(b, day + offset)) return day;
  return Infinity;
}

const dayOf = (date: LocalDate): number => Date.parse(date) / DAY_MS;
const weekOf = (day: number): number => Math.floor((day + 3) / 7);

/** Whether a session has a slot on a day within its first and its last. */
const sits = ({ weekdays, firstDay, everyWeeks }: Sitting, day: number): boolean =>
  weekdays.has(day + 3 - weekOf(day) * 7) && (weekOf(day) - weekOf(firstDay)) % everyWeeks === 0;

function leastCommonMultiple(a: number, b: number): number {
  let [divisor, rest] = [a, b];
  while (rest > 0) [divisor, rest] = [rest, divisor % rest];
  return (a / divisor) * b;
}
