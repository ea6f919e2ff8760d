import {
  holdsSeat,
  type AllocationEngine,
  type Change,
  type Slot,
  type Token,
  type TokenBooked,
  type TokenTransition,
} from '../engine/index.ts';
import { isTokenChange, type TokenChange } from './fold.ts';

/** A change record in its place: the engine's state is the one right before it. */
export interface Place {
  readonly engine: AllocationEngine;
  readonly previous: Change | undefined;
  /** The last change before it that is no promotion. */
  readonly before: Change | undefined;
  readonly next: Change | undefined;
}

/**
 * What is wrong with a change, given the state it was decided on: whom it seats, lets wait, bumps or promotes
 * (R2-R6, R15) and whom it names as the cause (R17). What the engine itself cannot apply is left to the engine.
 */
export function faultOfClaim(change: TokenChange, place: Place): string | undefined {
  const slot = place.engine.slot(change.slotId);
  if (slot === undefined) return undefined;
  if (change.kind === 'booked') return faultOfBooking(change, slot, place);
  const token = place.engine.token(change.tokenId);
  if (token === undefined) return undefined;
  if (token.slot !== slot) return 'names a slot that the token is not in';
  if (change.to !== endOf(change, token)) return `does not lead to ${change.to}`;
  if (change.kind === 'bumped') return faultOfBump(change, slot, place);
  if (change.kind === 'promoted') return faultOfPromotion(change, slot, place);
  return change.cause === null ? undefined : 'has a cause, and is a command of its own (R17)';
}

/** Whether a change is the first of its command. */
export function beginsCommand(change: Change, previous: Change | undefined): boolean {
  if (change.kind !== 'promoted') return previous?.kind !== 'bumped';
  return change.cause === null && !isFilledWith(change, previous);
}

/** The status that a transition of this token leads to; a promoted patient who has been at the desk is still there. */
function endOf({ kind }: TokenTransition, token: Token): TokenTransition['to'] {
  const seat = token.present ? 'CHECKED_IN' : 'BOOKED';
  return (
    { bumped: 'WAITING', promoted: seat, cancelled: 'CANCELLED', no_show: 'NO_SHOW' } as const
  )[kind];
}

const classOf = ({ engine }: Place, { patientType }: TokenBooked) =>
  engine.rules.classes.find(({ type }) => type === patientType);

function faultOfBooking(change: TokenBooked, slot: Slot, place: Place): string | undefined {
  const first = change.patientId === null ? undefined : slot.tokenOf(change.patientId);
  if (first !== undefined) return `is a second one of the patient of token ${first.id} (R15)`;
  if (slot.seatsLeft > 0) {
    if (change.to !== 'BOOKED') return 'waits beside a free seat (R2)';
    const next = place.previous?.kind === 'bumped' ? undefined : slot.nextWaiting();
    return next && `takes the free seat that token ${next.id} waits for (R5)`;
  }
  const patientClass = classOf(place, change);
  const weakest = patientClass && slot.weakestFor(patientClass);
  if (change.to === 'WAITING' && weakest !== undefined)
    return `waits behind token ${weakest.id}, which it may bump (R3, R8)`;
  return undefined;
}

function faultOfBump(change: TokenTransition, slot: Slot, place: Place): string | undefined {
  const newcomer = place.next;
  if (
    newcomer?.kind !== 'booked' ||
    newcomer.tokenId !== change.cause ||
    newcomer.slotId !== change.slotId
  )
    return 'its cause is not the token booked next (R17)';
  if (slot.seatsLeft > 0) return 'loses its seat beside a free one (R2)';
  const patientClass = classOf(place, newcomer);
  if (patientClass === undefined) return undefined;
  const weakest = slot.weakestFor(patientClass);
  if (weakest?.id === change.tokenId) return undefined;
  return `is bumped where ${weakest === undefined ? 'nobody' : `token ${weakest.id}`} is to be (R3)`;
}

function faultOfPromotion(change: TokenTransition, slot: Slot, place: Place): string | undefined {
  const next = slot.nextWaiting();
  if (next !== undefined && next.id !== change.tokenId)
    return `is promoted before token ${next.id} (R5)`;
  const { previous, before } = place;
  if (change.cause === null) {
    // A slot that had ended and is open again has free seats that nobody left just now.
    const left = isFilledWith(change, previous) && isSeatLeft(previous) ? previous : undefined;
    return left && `has no cause, and token ${left.tokenId} left (R17)`;
  }
  if (!isFilledWith(change, before) || before.tokenId !== change.cause)
    return 'its cause is not the token that left right before (R17)';
  return isSeatLeft(before) ? undefined : `token ${before.tokenId} left no seat to fill (R6)`;
}

/** Whether a promotion may be of one command with this change before it: all of a command have one slot and instant. */
const isFilledWith = (
  change: TokenTransition,
  previous: Change | undefined,
): previous is TokenTransition =>
  previous !== undefined &&
  isTokenChange(previous) &&
  previous.kind !== 'booked' &&
  previous.kind !== 'bumped' &&
  previous.slotId === change.slotId &&
  previous.at === change.at;

const isSeatLeft = ({ kind, from }: TokenTransition): boolean =>
  kind !== 'promoted' && holdsSeat(from);
