import type { Schemas } from '../lib/client.ts';
import { Observable } from '../lib/observable.ts';

export type Report = Schemas['RangeReport'];

/** What the page reports on. It stands in the URL, so a bookmark has it. */
export interface Choice {
  /** The first and the last date, `YYYY-MM-DD`. */
  readonly from: string;
  readonly to: string;
  /** Of all doctors when both are null. */
  readonly doctor_id: string | null;
  readonly department: string | null;
}

/** A date of the calendar as this machine shows it. */
export function isoDate(date: Date): string {
  const parts = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  return parts.map((part) => String(part).padStart(2, '0')).join('-');
}

/** The choice that a URL names: today, unless it names dates. */
export function choiceOf(search: string, today: string): Choice {
  const query = new URLSearchParams(search);
  const from = query.get('from') ?? query.get('to') ?? today;
  return {
    from,
    to: query.get('to') ?? from,
    doctor_id: query.get('doctor_id'),
    department: query.get('department'),
  };
}

/** The query of a choice, without the members that are null. */
export const queryOf = ({ from, to, doctor_id, department }: Choice) => ({
  from,
  to,
  ...(doctor_id === null ? {} : { doctor_id }),
  ...(department === null ? {} : { department }),
});

/** The choice of the URL. */
export const choice = new Observable<Choice>(choiceOf(location.search, isoDate(new Date())));

addEventListener('popstate', () => choice.set(choiceOf(location.search, isoDate(new Date()))));

/** Reports on something else. Other parts of the URL, such as the language, stay. */
export function choose(next: Choice): void {
  const query = new URLSearchParams(location.search);
  for (const name of ['from', 'to', 'doctor_id', 'department']) query.delete(name);
  for (const [name, value] of Object.entries(queryOf(next))) query.set(name, value);
  history.pushState(null, '', `?${query.toString()}`);
  choice.set(next);
}

/** The dates that one button chooses: so many days, of which the last is so many days ago. */
export interface Span {
  readonly days: number;
  readonly ago: number;
}

export function datesOf({ days, ago }: Span, now: Date): Pick<Choice, 'from' | 'to'> {
  const daysAgo = (count: number): string =>
    isoDate(new Date(now.getFullYear(), now.getMonth(), now.getDate() - count));
  return { from: daysAgo(ago + days - 1), to: daysAgo(ago) };
}
