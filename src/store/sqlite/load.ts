import type { AllocationEngine } from '../../engine/index.ts';
import { loadBounds, restoreCurrentSlots, setComplete } from '../restore.ts';
import type { Horizon } from '../store.ts';
import { damaged, isSqliteError } from './open-read-only.ts';
import type { Reader } from './reader.ts';

/**
 * Loads the doctors and their current slots into the engine. See `Store.load`.
 * @throws StoreOpenError when SQLite finds the file damaged
 */
export function loadInto(engine: AllocationEngine, reader: Reader, horizon: Horizon): void {
  const { instant, date } = loadBounds(horizon.now);
  try {
    for (const doctor of reader.doctors(date)) engine.restoreDoctor(doctor);
    restoreCurrentSlots(engine, reader.slotsToLoad(instant), horizon);
    for (const { facts } of engine.doctors) setComplete(engine, facts.id, horizon);
  } catch (error) {
    // Any other error is a bug, which needs its stack.
    throw isSqliteError(error) ? damaged(reader.path, error) : error;
  }
}
