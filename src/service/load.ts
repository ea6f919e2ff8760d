import type { AllocationEngine, EpochMs } from '../engine/index.ts';
import type { Store } from '../store/index.ts';
import { calendarAt } from './calendar.ts';

/** Brings what can still change into the engine: no slot that is over and whose day at the doctor's place is over too. */
export function load(
  store: Pick<Store, 'load'>,
  engine: AllocationEngine,
  clock: () => EpochMs,
): Promise<void> {
  return store.load(() => {
    const now = clock();
    const todayIn = calendarAt(now);
    return {
      now,
      isPast: (slot) => {
        const timeZone = engine.doctor(slot.doctorId)?.facts.timeZone;
        return timeZone !== undefined && engine.isPast(slot, todayIn(timeZone), now);
      },
    };
  });
}
