import type { Moment } from './moment.ts';
import type { Slot } from './slot.ts';

/** The statuses of a slot: `OPEN` alone takes bookings. */
export const SLOT_STATUSES = ['OPEN', 'CLOSED', 'ENDED'] as const;
export type SlotStatus = (typeof SLOT_STATUSES)[number];

/** The status of a slot at an instant. A closed slot ends like an open one (R11). */
export function slotStatusOf(slot: Slot, { engine, at }: Moment): SlotStatus {
  if (engine.hasEnded(slot, at)) return 'ENDED';
  return slot.isClosed ? 'CLOSED' : 'OPEN';
}
