import { Observable } from '../lib/observable.ts';

/** Whose page it is: the doctor, and the room in which the doctor sits. Both stand in the URL, so a bookmark has them. */
export interface Place {
  /** Null until a doctor is chosen. */
  readonly doctorId: string | null;
  /** Null when the room has no name. */
  readonly room: string | null;
}

function placeOf(search: string): Place {
  const query = new URLSearchParams(search);
  return { doctorId: query.get('doctor_id'), room: query.get('room') };
}

/** The place that the URL names. */
export const place = new Observable<Place>(placeOf(location.search));

addEventListener('popstate', () => place.set(placeOf(location.search)));

/** Goes to another place. */
export function goTo({ doctorId, room }: Place): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries({ doctor_id: doctorId, room }))
    if (value === null || value === '') query.delete(name);
    else query.set(name, value);
  history.pushState(null, '', `?${query.toString()}`);
  place.set(placeOf(location.search));
}
