import type { Moment } from './moment.ts';
import { endsAt, takesNewcomer } from './slot-facts.ts';
import type { Slot, Token } from './slot.ts';

/** Slots that an answer to a waiting patient names. */
const ALTERNATIVES_MAX = 3;

/**
 * At most 3 slots of the same doctor that can seat a waiting patient, in the order in which they start (R4, R23, R25): they are
 * open, take newcomers of the class and have a free seat. The minutes of grace do not count, because a patient who is
 * sent to a slot that is over comes too late.
 */
export function alternativesTo(
  { slot: full, patientClass }: Token,
  { at }: Moment,
): readonly Slot[] {
  const found: Slot[] = [];
  for (const slot of full.doctor.slots) {
    const isOver = slot.isClosed || at >= endsAt(slot.facts, 0);
    if (isOver || slot.seatsLeft === 0 || !takesNewcomer(slot.facts, patientClass)) continue;
    found.push(slot);
    if (found.length === ALTERNATIVES_MAX) break;
  }
  return found;
}
