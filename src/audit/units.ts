import type { Change, SlotId } from '../engine/index.ts';

/**
 * What a change may complete: a bump and the arrival that it makes room for, a seat that was left and the patient who
 * gets it. A command is one or several such units, and after each of them the rules hold.
 */
const COMPLETES: Readonly<Partial<Record<Change['kind'], readonly Change['kind'][]>>> = {
  booked: ['bumped'],
  moved_in: ['bumped'],
  slot_set: ['bumped'],
  bumped: ['bumped', 'reclassified'],
  promoted: ['promoted', 'bumped', 'cancelled', 'no_show', 'moved_out', 'slot_set'],
};

/** Whether a change is of one unit with the one before it. */
export const completes = (change: Change, previous: Change | undefined): boolean =>
  isTogether(change, previous) && (COMPLETES[change.kind] ?? []).includes(previous.kind);

/** Whether another change happened in the same slot at the same instant, as all of a unit do. */
export const isTogether = (change: Change, other: Change | undefined): other is Change =>
  other !== undefined && other.at === change.at && slotIdOf(other) === slotIdOf(change);

/** The slot in which a change happens; undefined for one of the doctor. */
export function slotIdOf(change: Change): SlotId | undefined {
  if (change.kind === 'doctor_set') return undefined;
  return change.kind === 'slot_set' ? change.slot.id : change.slotId;
}
