import type { AllocationEngine, LocalDate } from '../../engine/index.ts';
import { restoreSlot } from '../restore.ts';
import type { Horizon } from '../store.ts';
import type { Reader } from './reader.ts';
import { LOOK_BACK_MS } from './statements.ts';

/** See `Store.load`. */
export function loadInto(engine: AllocationEngine, reader: Reader, { now, isPast }: Horizon): void {
  // Twice as far back as slots end: the day is the one on which a slot begins, at its own place.
  const firstDay = new Date(now - 2 * LOOK_BACK_MS).toISOString().slice(0, 10) as LocalDate;
  for (const doctor of reader.doctors(firstDay)) engine.restoreDoctor(doctor);
  for (const slot of reader.slotsToLoad(now - LOOK_BACK_MS)) {
    const isWaitedFor = slot.tokens.some(({ status }) => status === 'WAITING');
    if (isWaitedFor || !isPast(slot.facts)) restoreSlot(engine, slot);
  }
}
