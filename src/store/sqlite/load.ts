import type { AllocationEngine } from '../../engine/index.ts';
import { loadBounds, restoreCurrentSlots, setComplete } from '../restore.ts';
import type { Horizon } from '../store.ts';
import type { Reader } from './reader.ts';

/** Loads the doctors and their current slots into the engine. See `Store.load`. */
export function loadInto(engine: AllocationEngine, reader: Reader, horizon: Horizon): void {
  const { instant, date } = loadBounds(horizon.now);
  for (const doctor of reader.doctors(date)) engine.restoreDoctor(doctor);
  restoreCurrentSlots(engine, reader.slotsToLoad(instant), horizon);
  for (const { facts } of engine.doctors) setComplete(engine, facts.id, horizon);
}
