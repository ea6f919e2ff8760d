import { Observable } from '../lib/observable.ts';

/** The acts on a token, as `token-acts.ts` describes them. */
export type TokenActName =
  | 'check_in'
  | 'start'
  | 'complete'
  | 'skip'
  | 'no_show'
  | 'move'
  | 'reclassify'
  | 'correct'
  | 'cancel'
  | 'undo';

/** What the panel at the side shows. */
export type Panel =
  | { readonly kind: 'token'; readonly id: string; readonly act: TokenActName | null }
  | { readonly kind: 'slot'; readonly id: string }
  | { readonly kind: 'doctor' }
  | { readonly kind: 'find' };

/** What the desk shows. */
export interface View {
  /** Null for the first doctor of the hospital. */
  readonly doctorId: string | null;
  /** `YYYY-MM-DD`; null for the doctor's own today. */
  readonly date: string | null;
  readonly panel: Panel | null;
}

function viewOf(query: string): View {
  const given = new URLSearchParams(query);
  return { doctorId: given.get('doctor_id'), date: given.get('date'), panel: null };
}

/** The view of this window. Its URL has the doctor and the date, so that a reload shows the same. */
export const view = new Observable<View>(viewOf(location.search));

/** Changes a part of the view. */
export function show(part: Partial<View>): void {
  const next = { ...view.value, ...part };
  view.set(next);
  const query = new URLSearchParams(location.search);
  for (const [name, value] of [
    ['doctor_id', next.doctorId],
    ['date', next.date],
  ] as const)
    if (value === null) query.delete(name);
    else query.set(name, value);
  const text = query.toString();
  history.replaceState(null, '', text === '' ? location.pathname : `?${text}`);
}
