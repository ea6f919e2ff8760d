import type { AllocationEngine } from '../../engine/index.ts';
import { lookBackFrom, restoreLive } from '../restore.ts';
import type { Horizon } from '../store.ts';
import type { Reader } from './reader.ts';

/** See `Store.load`. */
export function loadInto(engine: AllocationEngine, reader: Reader, { now, isPast }: Horizon): void {
  const { instant, date } = lookBackFrom(now);
  for (const doctor of reader.doctors(date)) engine.restoreDoctor(doctor);
  restoreLive(engine, reader.slotsToLoad(instant), isPast);
}
