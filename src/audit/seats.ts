import {
  holdsSeat,
  type PatientClass,
  type Slot,
  type SlotSet,
  type TokenTransition,
  isEntry,
  type TokenChange,
} from '../engine/index.ts';
import type { ChangeContext } from './claims.ts';
import { classOf } from './entries.ts';
import { isTogether } from './units.ts';

/** What is wrong with a bump: who takes the seat, and whether it is this one that they take (R3, R12, R14, R17). */
export function faultOfBump(
  change: TokenTransition,
  slot: Slot,
  place: ChangeContext,
): string | undefined {
  if (change.cause === null) return faultOfShrinking(change, slot, place);
  const winner = winnerOf(change, slot, place);
  if (winner === undefined) return 'its cause is not the token that takes the seat next (R17)';
  if (slot.seatsLeft > 0) return 'loses its seat beside a free one (R2)';
  return faultOfVictim(change, slot.victimFor(winner)?.id, 'R3');
}

/** The class of the one whom a bump makes room for: a token that enters next, or a waiter after a change of class. */
function winnerOf(
  change: TokenTransition,
  slot: Slot,
  { previous, next }: ChangeContext,
): PatientClass | undefined {
  if (!isTogether(change, next) || !('tokenId' in next) || next.tokenId !== change.cause)
    return undefined;
  if (isEntry(next)) return classOf(next);
  if (next.kind !== 'promoted' || !isTogether(change, previous)) return undefined;
  if (previous.kind !== 'reclassified') return undefined;
  // The first who waits, be it the token whose class changed: nobody else could take a seat before either (R8).
  const waiter = slot.nextWaiting();
  return waiter?.id === next.tokenId ? waiter.patientClass : undefined;
}

/** R12: fewer seats follow, and the weakest give way one after another. */
function faultOfShrinking(change: TokenTransition, slot: Slot, { next }: ChangeContext) {
  const isOneOfMany = next?.kind === 'bumped' && next.cause === null;
  const isFewerSeats = next?.kind === 'slot_set' && next.slot.capacity < slot.facts.capacity;
  if (!isTogether(change, next) || !(isOneOfMany || isFewerSeats))
    return 'has no cause, and no fewer seats follow (R12, R17)';
  return faultOfVictim(change, slot.weakestBumpable()?.id, 'R12');
}

const faultOfVictim = ({ tokenId }: TokenTransition, weakest: string | undefined, rule: string) =>
  weakest === tokenId
    ? undefined
    : `is bumped where ${weakest === undefined ? 'nobody' : `token ${weakest}`} is to be (${rule})`;

/** What is wrong with a slot's new facts; that its seats are enough for those who keep theirs is the engine's (R1). */
export function faultOfSeats(
  change: SlotSet,
  { engine, previous }: ChangeContext,
): string | undefined {
  const slot = engine.slot(change.slot.id);
  const isShrinking = isTogether(change, previous) && previous.kind === 'bumped';
  return isShrinking && slot !== undefined && slot.seated < change.slot.capacity
    ? `took more seats than it has fewer, token ${previous.tokenId}'s too (R12)`
    : undefined;
}

/** What is wrong with a promotion: whose turn it is, and whose seat it takes (R5, R6, R14, R17). */
export function faultOfPromotion(
  change: TokenTransition,
  slot: Slot,
  { previous }: ChangeContext,
): string | undefined {
  if (slot.isClosed) return 'gets a seat in a slot that is closed (R5)';
  const before = isTogether(change, previous) ? previous : undefined;
  if (before?.kind === 'bumped')
    return before.tokenId === change.cause
      ? undefined
      : 'its cause is not the token whose seat it takes (R17)';
  const next = slot.nextWaiting();
  if (next !== undefined && next.id !== change.tokenId)
    return `is promoted before token ${next.id} (R5)`;

  const left = before !== undefined && isDeparture(before) ? before : undefined;
  if (change.cause === null) {
    // A slot that had ended and is open again has free seats that nobody left just now.
    const isCause = left !== undefined && holdsSeat(left.from);
    return isCause ? `has no cause, and token ${left.tokenId} left (R17)` : undefined;
  }
  if (left?.tokenId !== change.cause)
    return 'its cause is not the token that left right before (R17)';
  return holdsSeat(left.from) ? undefined : `token ${left.tokenId} left no seat to fill (R6)`;
}

type Departure = Extract<TokenChange, { from: unknown }>;
const isDeparture = (change: { readonly kind: string }): change is Departure =>
  ['cancelled', 'no_show', 'moved_out'].includes(change.kind);
