import type { AllocationEngine } from '../../engine/index.ts';
import { loadBounds, restoreCurrentSlots } from '../restore.ts';
import type { Horizon } from '../store.ts';
import type { Reader } from './reader.ts';

/** Loads the doctors and their current slots into the engine. See `Store.load`. */
export function loadInto(engine: AllocationEngine, reader: Reader, { now, isPast }: Horizon): void {
  const { instant, date } = loadBounds(now);
  for (const doctor of reader.doctors(date)) engine.restoreDoctor(doctor);
  restoreCurrentSlots(engine, reader.slotsToLoad(instant), isPast);
}
