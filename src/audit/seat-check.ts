import {
  type Change,
  isEntry,
  SESSION_ENDED,
  type PatientClass,
  type Slot,
  type SlotSet,
  type TokenChange,
  type TokenTransition,
} from '../engine/index.ts';
import type { ChangeContext } from './change-context.ts';
import { sharesSlotAndInstant } from './change-groups.ts';
import { classOf } from './entry-check.ts';
import { firstToLoseSeat, firstWaiting, victimOf } from './seat-rules.ts';

/** Checks a bump: which token takes the seat, and whether the bumped token is the right one (R3, R12, R14, R17). */
export function faultOfBump(
  change: TokenTransition,
  slot: Slot,
  context: ChangeContext,
): string | undefined {
  if (change.cause === null) return faultOfBumpByCapacity(change, slot, context);
  const winner = winnerClassOf(change, slot, context);
  if (winner === undefined) return 'its cause is not the token that takes the seat next (R17)';
  if (slot.seatsLeft > 0) return 'loses its seat although a seat is free (R2)';
  return faultOfVictim(change, victimOf(slot, winner)?.id, 'R3');
}

/** The changes after which the first waiting token may take a seat, because one is easier to bump or outranks it (R8). */
const BEFORE_EXCHANGE: readonly Change['kind'][] = ['reclassified', 'skipped', 'undone'];

/**
 * The class of the token that gets the seat of a bumped token. The next change is the entry of that token, its undo
 * after it was over (R22), or its promotion after another change.
 */
function winnerClassOf(
  change: TokenTransition,
  slot: Slot,
  { engine, previous, next }: ChangeContext,
): PatientClass | undefined {
  if (!sharesSlotAndInstant(change, next) || !('tokenId' in next) || next.tokenId !== change.cause)
    return undefined;
  if (isEntry(next)) return classOf(next);
  if (next.kind === 'undone') return engine.anyToken(next.tokenId)?.patientClass;
  if (next.kind !== 'promoted' || !sharesSlotAndInstant(change, previous)) return undefined;
  if (!BEFORE_EXCHANGE.includes(previous.kind)) return undefined;
  // Only the first waiting token may take a seat, whether or not its own class changed (R8).
  const waiter = firstWaiting(slot);
  return waiter?.id === next.tokenId ? waiter.patientClass : undefined;
}

/** Checks a bump without a cause: the slot gets fewer seats, and its weakest tokens lose theirs one by one (R12). */
function faultOfBumpByCapacity(
  change: TokenTransition,
  slot: Slot,
  { next }: ChangeContext,
): string | undefined {
  const isOneOfMany = next?.kind === 'bumped' && next.cause === null;
  const isFewerSeats = next?.kind === 'slot_set' && next.slot.capacity < slot.facts.capacity;
  if (!sharesSlotAndInstant(change, next) || !(isOneOfMany || isFewerSeats))
    return 'has no cause, and the slot does not get fewer seats (R12, R17)';
  return faultOfVictim(change, firstToLoseSeat(slot)?.id, 'R12');
}

const faultOfVictim = ({ tokenId }: TokenTransition, weakest: string | undefined, rule: string) =>
  weakest === tokenId
    ? undefined
    : `is bumped, but ${weakest === undefined ? 'no token may be' : `token ${weakest} must be`} (${rule})`;

/** Checks new facts of a slot. The engine itself checks that the capacity is enough for the seated tokens (R1). */
export function faultOfSlotFacts(change: SlotSet, context: ChangeContext): string | undefined {
  const { engine, previous } = context;
  const slot = engine.slot(change.slot.id);
  const fault = faultOfCalendar(change, slot);
  if (fault !== undefined) return fault;
  const isAfterBump = sharesSlotAndInstant(change, previous) && previous.kind === 'bumped';
  return isAfterBump && slot !== undefined && slot.seated < change.slot.capacity
    ? `bumps more tokens than its new capacity asks for, token ${previous.tokenId} last (R12)`
    : undefined;
}

/** Checks that a slot with live tokens stays at its times, and does not close with its session (R25). */
function faultOfCalendar({ slot: next }: SlotSet, slot: Slot | undefined): string | undefined {
  const before = slot?.facts;
  if (before !== undefined && slot?.isEmpty === false) {
    if (before.startTime !== next.startTime || before.endTime !== next.endTime)
      return 'changes the times of a slot with live tokens (R25)';
    if (next.closedReason === SESSION_ENDED && before.closedReason === null)
      return 'closes a slot with live tokens because of its session (R25)';
  }
  return undefined;
}

/** Checks a promotion: which token gets the seat, and which token left it (R5, R6, R14, R17). */
export function faultOfPromotion(
  change: TokenTransition,
  slot: Slot,
  { previous }: ChangeContext,
): string | undefined {
  if (slot.isClosed) return 'gets a seat in a slot that is closed (R5)';
  const before = sharesSlotAndInstant(change, previous) ? previous : undefined;
  if (before?.kind === 'bumped')
    return before.tokenId === change.cause
      ? undefined
      : 'its cause is not the token whose seat it takes (R17)';
  const next = firstWaiting(slot);
  if (next !== undefined && next.id !== change.tokenId)
    return `is promoted before token ${next.id} (R5)`;

  const departure = before !== undefined && isDeparture(before) ? before : undefined;
  if (change.cause === null) {
    // A promotion may lack a cause: when an ended slot is open again, it has free seats that no token left just now.
    const isCause = departure !== undefined && departure.from !== 'WAITING';
    return isCause ? `has no cause, but token ${departure.tokenId} left a seat (R17)` : undefined;
  }
  if (departure?.tokenId !== change.cause)
    return 'its cause is not the token that left right before (R17)';
  return departure.from !== 'WAITING'
    ? undefined
    : `token ${departure.tokenId} left no seat to fill (R6)`;
}

/** A change by which a token leaves its slot, or its place in it. */
type Departure = Extract<TokenChange, { from: unknown }>;
const isDeparture = (change: { readonly kind: string }): change is Departure =>
  ['cancelled', 'no_show', 'moved_out'].includes(change.kind);
