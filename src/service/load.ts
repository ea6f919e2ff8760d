import type { AllocationEngine, EpochMs } from '../engine/index.ts';
import type { Store } from '../store/index.ts';
import { calendarAt } from './calendar.ts';

/** Loads the doctors, and the slots that can still change, into the engine. A slot that has ended is left out once its day is over in the doctor's time zone. */
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
