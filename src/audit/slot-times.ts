import type { SlotFacts } from '../engine/index.ts';

// The instants of a slot, in epoch milliseconds. The change records do not say how many minutes of grace there were at the
// time, so a check takes none or the greatest number, whichever cannot accuse a correct record.

/** The greatest number of minutes of grace (`SLOT_GRACE_MINUTES`). */
const GRACE_MAX_MINUTES = 1_440;
const AFTER_HOURS_MS = 4 * 3_600_000;

/** The end of a slot with its delay and without minutes of grace. */
export const endOf = (slot: SlotFacts): number => endWith(slot, 0);

/** The latest instant at which a slot may have ended (R11). */
export const latestEndOf = (slot: SlotFacts): number => endWith(slot, GRACE_MAX_MINUTES);

/** The earliest instant at which a slot of an earlier date may be past: until then its patients are called (R18). */
export const earliestPastOf = (slot: SlotFacts): number => endOf(slot) + AFTER_HOURS_MS;

/** The latest instant at which a slot of an earlier date may be past: from then on nobody checks in (R20). */
export const latestPastOf = (slot: SlotFacts): number => latestEndOf(slot) + AFTER_HOURS_MS;

const endWith = ({ endTime, delayMinutes }: SlotFacts, graceMinutes: number): number =>
  endTime + (delayMinutes + graceMinutes) * 60_000;
