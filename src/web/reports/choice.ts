import type { Schemas } from '../lib/client.ts';
import { Observable } from '../lib/observable.ts';
import { dayFrom } from '../lib/time.ts';

export type Report = Schemas['RangeReport'];

/** The doctors whom a report can be of. */
export interface Doctors {
  readonly active: readonly Schemas['Doctor'][];
  readonly retired: readonly Schemas['Doctor'][];
}

/** What the page reports on. It stands in the URL, so a bookmark has it. */
export interface Choice {
  /** The first and the last date, `YYYY-MM-DD`. */
  readonly from: string;
  readonly to: string;
  /** Of all doctors when both are null. */
  readonly doctor_id: string | null;
  readonly department: string | null;
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

/** The part of the page's URL that names the choice. */
export const search = new Observable(location.search);

addEventListener('popstate', () => search.set(location.search));

/** Reports on something else. Other parts of the URL, such as the language, stay. */
export function choose(next: Choice): void {
  const query = new URLSearchParams(location.search);
  for (const name of ['from', 'to', 'doctor_id', 'department']) query.delete(name);
  for (const [name, value] of Object.entries(queryOf(next))) query.set(name, value);
  history.pushState(null, '', `?${query.toString()}`);
  search.set(location.search);
}

/** The dates that one button chooses: so many days, of which the last is so many days ago. */
export interface Span {
  readonly days: number;
  readonly ago: number;
}

export const datesOf = ({ days, ago }: Span, today: string): Pick<Choice, 'from' | 'to'> => ({
  from: dayFrom(today, 1 - ago - days),
  to: dayFrom(today, -ago),
});
