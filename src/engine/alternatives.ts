import type { Moment } from './moment.ts';
import type { PatientClass } from './patient-class.ts';
import { takesNewcomer } from './slot-facts.ts';
import { slotStatusOf } from './slot-status.ts';
import type { Slot } from './slot.ts';

/** Slots that an answer to a waiting patient names. */
const ALTERNATIVES_MAX = 3;

/**
 * At most 3 open slots of the same doctor with a free seat that take a patient of this class, in the order in which they
 * start (R4, R23, R25).
 */
export function alternativesTo(
  full: Slot,
  patientClass: PatientClass,
  moment: Moment,
): readonly Slot[] {
  const found: Slot[] = [];
  for (const slot of full.doctor.slots) {
    if (slot.seatsLeft === 0 || slotStatusOf(slot, moment) !== 'OPEN') continue;
    if (!takesNewcomer(slot.facts, patientClass)) continue;
    found.push(slot);
    if (found.length === ALTERNATIVES_MAX) break;
  }
  return found;
}
