import type { EpochMs } from '../engine/index.ts';
import type { Store } from '../store/index.ts';
import { calendarAt } from './calendar.ts';

/**
 * Loads the doctors, and the slots that can still change, into the engine. A slot that has ended is left out once its
 * day is over in the doctor's time zone.
 */
export function load(store: Pick<Store, 'load'>, clock: () => EpochMs): Promise<void> {
  return store.load(() => {
    const now = clock();
    return { now, todayIn: calendarAt(now) };
  });
}
