import type { LiveStatus, Token, TokenUndone } from '../engine/index.ts';
import type { ChangeContext } from './change-context.ts';
import { sharesSlotAndInstant } from './change-groups.ts';
import { occupancyOf } from './room-check.ts';
import { firstWaiting, seatFor, victimOf } from './seat-rules.ts';
import { latestEndOf, latestPastOf } from './slot-times.ts';

/**
 * Checks an undo (R22): it takes back the last change of the token, and the token gets the status before it. A token
 * that is over lands by R2-R4, before the slot has ended; every other undo comes before the slot is past.
 */
export function faultOfUndo(
  change: TokenUndone,
  token: Token,
  context: ChangeContext,
): string | undefined {
  const { kind, from } = token.last;
  if (kind !== change.undone || from === null)
    return `takes back ${change.undone}, but the last change of the token is ${kind} (R22)`;
  const isDeparture = kind === 'cancelled' || kind === 'no_show';
  const until = isDeparture ? latestEndOf(token.slot.facts) : latestPastOf(token.slot.facts);
  if (change.at >= until) return 'comes after the end of its slot (R22)';
  const isWaiting = isDeparture && change.to === 'WAITING';
  if (!isWaiting && !seatsAfter(token, from, change).includes(change.to))
    return change.to === from
      ? `leads to ${from} although no room is free (R22)`
      : `leads to ${change.to}, but the status before was ${from} (R22)`;
  return isDeparture ? faultOfLanding(change, token, context) : undefined;
}

/** The statuses with a seat that the undo may lead to: two when the records do not say whether a room was free. */
function seatsAfter(token: Token, from: LiveStatus, { at }: TokenUndone): LiveStatus[] {
  if (from === 'WAITING') return [seatFor(token)];
  if (from !== 'IN_CONSULTATION') return [from];
  const { isSurelyFree, isSurelyTaken } = occupancyOf(token.slot.doctor, token.room, at);
  if (isSurelyFree) return [from];
  return isSurelyTaken ? ['CHECKED_IN'] : [from, 'CHECKED_IN'];
}

function faultOfLanding(
  change: TokenUndone,
  { slot, patientId, patientClass }: Token,
  { engine, previous }: ChangeContext,
): string | undefined {
  if (slot.isClosed) return 'comes back to a slot that is closed (R22)';
  const other = patientId === null ? undefined : engine.patients.liveTokenIn(slot, patientId);
  if (other !== undefined) return `is a second token of the patient of token ${other.id} (R15)`;
  if (slot.seatsLeft > 0) {
    if (change.to === 'WAITING') return 'waits although a seat is free (R2)';
    const isAfterBump = sharesSlotAndInstant(change, previous) && previous.kind === 'bumped';
    const next = isAfterBump ? undefined : firstWaiting(slot);
    return next && `takes the free seat that token ${next.id} waits for (R5)`;
  }
  const weakest = victimOf(slot, patientClass);
  return change.to === 'WAITING' && weakest !== undefined
    ? `waits although it may bump token ${weakest.id} (R3, R8)`
    : undefined;
}
