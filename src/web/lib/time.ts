import { useEffect, useState } from 'preact/hooks';
import { serviceNow } from './service-time.ts';
import { language } from './words.ts';

/** The language as `Intl` names it. English is that of India, and digits are those of the printed token. */
const locale = (): string => `${language.value}-IN-u-nu-latn`;

/** The hour and minute of an instant, in the time zone of the machine. */
export const timeOf = (instant: string | number): string =>
  new Intl.DateTimeFormat(locale(), {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(new Date(instant));

/** The date of an instant in words. */
export const dateOf = (instant: string | number): string =>
  new Intl.DateTimeFormat(locale(), { weekday: 'long', day: 'numeric', month: 'long' }).format(
    new Date(instant),
  );

/** The current time of the service, in milliseconds since the epoch. The component is rendered again after each `periodMs`. */
export function useNow(periodMs: number): number {
  const [now, setNow] = useState(serviceNow());
  useEffect(() => {
    const timer = setInterval(() => setNow(serviceNow()), periodMs);
    return () => clearInterval(timer);
  }, [periodMs]);
  return now;
}
