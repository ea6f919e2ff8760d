import { useEffect, useState } from 'preact/hooks';
import { serviceNow } from './service-time.ts';
import { language } from './words.ts';

const TIME = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
const DATE = { weekday: 'long', day: 'numeric', month: 'long' } as const;

/** The formats that were used, because making one takes longer than using it. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** The language of the page as `Intl` names it. English is that of India, and digits are those of the printed token. */
export const locale = (): string => `${language.value}-IN-u-nu-latn`;

/** A format in the language of the page. */
function formatOf(timeZone: string, parts: typeof TIME | typeof DATE): Intl.DateTimeFormat {
  const name = `${language.value} ${timeZone} ${parts === TIME ? 'time' : 'date'}`;
  const format = formats.get(name) ?? new Intl.DateTimeFormat(locale(), { ...parts, timeZone });
  formats.set(name, format);
  return format;
}

/**
 * The hour and minute of an instant. The time zone is that of a doctor, as the service gives it: the machine with the
 * browser may be set to another one.
 */
export const timeOf = (instant: string | number, timeZone: string): string =>
  formatOf(timeZone, TIME).format(new Date(instant));

/** The date of an instant in words. */
export const dateOf = (instant: string | number, timeZone: string): string =>
  formatOf(timeZone, DATE).format(new Date(instant));

/** The date of an instant as `YYYY-MM-DD`. */
export const isoDateOf = (instant: string | number, timeZone: string): string =>
  new Intl.DateTimeFormat('en-CA', { timeZone }).format(new Date(instant));

/** The date some days after a date, both as `YYYY-MM-DD`. */
export function dayFrom(date: string, days: number): string {
  const day = new Date(`${date}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() + days);
  return day.toISOString().slice(0, 10);
}

/** The hour and minute of an instant; behind the date, unless it is today. */
export const whenOf = (instant: string | number, timeZone: string): string =>
  isoDateOf(instant, timeZone) === isoDateOf(serviceNow(), timeZone)
    ? timeOf(instant, timeZone)
    : `${dateOf(instant, timeZone)}, ${timeOf(instant, timeZone)}`;

/** The current time of the service, in milliseconds since the epoch. The component is rendered again after each `periodMs`. */
export function useNow(periodMs: number): number {
  const [now, setNow] = useState(serviceNow());
  useEffect(() => {
    const timer = setInterval(() => setNow(serviceNow()), periodMs);
    return () => clearInterval(timer);
  }, [periodMs]);
  return now;
}
