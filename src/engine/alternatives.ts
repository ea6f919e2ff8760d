import type { Moment } from './moment.ts';
import { slotStatusOf } from './slot-status.ts';
import type { Slot } from './slot.ts';

/** Slots that an answer to a waiting patient names. */
const ALTERNATIVES_MAX = 3;

/** At most 3 open slots with a free seat of the same doctor, in the order in which they start (R4). */
export function alternativesTo(full: Slot, moment: Moment): readonly Slot[] {
  const found: Slot[] = [];
  for (const slot of full.doctor.slots) {
    if (slot.seatsLeft === 0 || slotStatusOf(slot, moment) !== 'OPEN') continue;
    found.push(slot);
    if (found.length === ALTERNATIVES_MAX) break;
  }
  return found;
}
