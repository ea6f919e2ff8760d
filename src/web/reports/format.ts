import { locale } from '../lib/time.ts';
import { say, sayCode } from '../lib/words.ts';

/** A number of a table; a dash for none. */
export const numberOf = (value: number | null): string =>
  value === null ? '–' : new Intl.NumberFormat(locale()).format(value);

/** A share of 1 in percent, to a tenth. */
export const percentOf = (share: number | null): string =>
  share === null
    ? '–'
    : new Intl.NumberFormat(locale(), { style: 'percent', maximumFractionDigits: 1 }).format(share);

/** A date, `YYYY-MM-DD`, which belongs to no time zone, in words: `Mon, 23 Nov`. */
export const dayOf = (date: string): string => dateIn(date, { weekday: 'short' });

/** A date with its year. */
export const dateOf = (date: string): string => dateIn(date, { weekday: 'short', year: 'numeric' });

const dateIn = (date: string, more: Intl.DateTimeFormatOptions): string =>
  new Intl.DateTimeFormat(locale(), {
    ...more,
    day: 'numeric',
    month: 'short',
    timeZone: 'UTC',
  }).format(new Date(`${date}T00:00:00Z`));

/** The days of the week from Monday on, in short. The first of January 2024 was a Monday. */
export const weekdays = (): readonly string[] =>
  Array.from({ length: 7 }, (_, day) =>
    new Intl.DateTimeFormat(locale(), { weekday: 'short', timeZone: 'UTC' }).format(
      new Date(Date.UTC(2024, 0, 1 + day)),
    ),
  );

/** The day of the week of a date: 0 is Monday. */
export const weekdayOf = (date: string): number =>
  (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7;

/** The name of a class; of a class that the hospital added, the code. */
export const classOf = (type: string): string => sayCode('class', type) ?? type;

/** The day, hour and minute of an instant. */
export const clockOf = (instant: string, timeZone: string): string =>
  new Intl.DateTimeFormat(locale(), {
    timeZone,
    ...{ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  }).format(new Date(instant));

/** Minutes in words. */
export const minutesOf = (minutes: number | null): string =>
  minutes === null ? '–' : say('reports.minutes', { minutes: numberOf(minutes) });
