import type { EpochMs } from '../engine/index.ts';
import type { Store } from '../store/index.ts';
import { calendarAt } from './calendar.ts';

/**
 * Loads the doctors, and the slots that can still change, into the engine. A slot that has ended is left out once its
 * day is over in the doctor's time zone.
 */
export function load(store: Pick<Store, 'load'>, clock: () => EpochMs): Promise<void> {
  let minute = NaN;
  let todayIn = calendarAt(clock());
  return store.load(() => {
    const now = clock();
    // The store asks before every command. Dates are computed once a minute, because time zones differ by whole minutes.
    if (Math.floor(now / 60_000) !== minute) todayIn = calendarAt(now);
    minute = Math.floor(now / 60_000);
    return { now, todayIn };
  });
}
