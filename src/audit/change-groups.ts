import { slotIdOf, type Change } from '../engine/index.ts';

/**
 * The kinds of changes that are complete only together with the change right before them. For example, a bump is
 * followed by the booking or the undo that takes the seat, and a cancellation is followed by the promotion that fills the seat.
 * Such changes form a group: a command makes one group or several, and the rules hold after each group.
 */
const KINDS_BEFORE: Readonly<Partial<Record<Change['kind'], readonly Change['kind'][]>>> = {
  booked: ['bumped'],
  moved_in: ['bumped'],
  // A kept slot follows its session when its last token has left (R25).
  slot_set: ['bumped', 'cancelled', 'no_show', 'moved_out'],
  bumped: ['bumped', 'reclassified', 'skipped', 'undone'],
  undone: ['bumped'],
  promoted: ['promoted', 'bumped', 'cancelled', 'no_show', 'moved_out', 'slot_set'],
};

/** True if a change belongs to the same group as the change right before it. */
export const continuesGroup = (change: Change, previous: Change | undefined): boolean =>
  sharesSlotAndInstant(change, previous) &&
  (KINDS_BEFORE[change.kind] ?? []).includes(previous.kind);

/** True if two changes happen in the same slot at the same instant, as all changes of a group do. */
export const sharesSlotAndInstant = (change: Change, other: Change | undefined): other is Change =>
  other !== undefined && other.at === change.at && slotIdOf(other) === slotIdOf(change);
