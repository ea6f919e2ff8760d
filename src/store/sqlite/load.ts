import type { AllocationEngine, Slot, SlotId } from '../../engine/index.ts';
import { isPast, loadBounds, restoreSlot, setComplete } from '../restore.ts';
import type { Horizon } from '../store.ts';
import { damaged, isSqliteError } from './open-read-only.ts';
import type { Reader } from './reader.ts';

/**
 * Loads the doctors and their current slots into the engine. See `Store.load`. A slot that is not indexed is loaded although
 * it is past, because no index finds its tokens yet.
 * @param noteIndexed is told the indexed slots that are loaded
 * @returns the slots that can be evicted when they are indexed
 * @throws StoreOpenError when SQLite finds the file damaged
 */
export function loadInto(
  engine: AllocationEngine,
  reader: Reader,
  horizon: Horizon,
  noteIndexed: (id: SlotId) => void = () => undefined,
): Slot[] {
  const { instant, date } = loadBounds(horizon.now);
  const evictable: Slot[] = [];
  try {
    for (const doctor of reader.doctors(date)) engine.restoreDoctor(doctor);
    for (const { stored, isIndexed } of reader.slotsToLoad(instant)) {
      const isOver = isPast(engine, stored.facts, horizon);
      if (isIndexed && isOver) continue;
      restoreSlot(engine, stored);
      if (isIndexed) noteIndexed(stored.facts.id);
      const slot = engine.slot(stored.facts.id);
      if (isOver && slot?.waiting === 0) evictable.push(slot);
    }
    for (const { facts } of engine.doctors) setComplete(engine, facts.id, horizon);
    return evictable;
  } catch (error) {
    // Any other error is a bug, which needs its stack.
    throw isSqliteError(error) ? damaged(reader.path, error) : error;
  }
}
