import {
  endsAt,
  awaitsConsultation,
  nextStatuses,
  seatStatusOf,
  TRANSITIONS,
  type AllocationEngine,
  type Change,
  type Slot,
  type Token,
  type TokenReclassified,
  type TokenTransition,
  isEntry,
  isTokenChange,
} from '../engine/index.ts';
import { faultOfEntry } from './entries.ts';
import { hasDestination, type MoveHistories } from './journey.ts';
import { faultOfBump, faultOfPromotion, faultOfSeats } from './seats.ts';

/** A change record in its place: the engine's state is the one right before it. */
export interface ChangeContext {
  readonly engine: AllocationEngine;
  /** Those of the tokens that move. */
  readonly journeys: MoveHistories;
  /** The doctor's changes right before it and after it. */
  readonly previous: Change | undefined;
  readonly next: Change | undefined;
}

/**
 * What is wrong with a change, given the state it was decided on: whom it seats, lets wait, bumps, promotes, moves or
 * calls (R2-R6, R10-R15) and whom it names as the cause (R17). What the engine itself cannot apply is left to the engine.
 */
export function faultOfClaim(change: Change, place: ChangeContext): string | undefined {
  if (change.kind === 'doctor_set') return undefined;
  if (!isTokenChange(change)) return faultOfSeats(change, place);
  if (isEntry(change)) return faultOfEntry(change, place);
  const token = place.engine.token(change.tokenId);
  if (token === undefined) return undefined;
  if (token.slot.facts.id !== change.slotId) return 'names a slot that the token is not in';
  if (change.kind === 'reclassified') return faultOfClass(change, token);
  if (change.kind === 'moved_out') {
    if (!awaitsConsultation(change.from)) return `leaves its slot as ${change.from}`;
    return hasDestination(change, place.journeys) ? undefined : 'does not arrive anywhere (R13)';
  }
  return faultOfTransition(change, token, place);
}

function faultOfClass({ from, patientType, priority }: TokenReclassified, token: Token) {
  if (!awaitsConsultation(from)) return `gets another class as ${from}`;
  const { patientClass } = token;
  const isSame = patientClass.type === patientType && patientClass.priority === priority;
  return isSame ? 'changes nothing (R9)' : undefined;
}

function faultOfTransition(
  change: TokenTransition,
  token: Token,
  place: ChangeContext,
): string | undefined {
  const { kind, from, to } = change;
  if (to !== (TRANSITIONS[kind] ?? seatStatusOf(token))) return `does not lead to ${to}`;
  // Who was at the desk is promoted to another seat status than the one that the table names.
  const step = kind === 'promoted' ? 'BOOKED' : to;
  if (!nextStatuses(from).includes(step)) return `does not follow ${from} in the status table`;
  if (kind === 'bumped') return faultOfBump(change, token.slot, place);
  if (kind === 'promoted') return faultOfPromotion(change, token.slot, place);
  if (change.cause !== null) return 'has a cause, and is a command of its own (R17)';
  if (kind === 'expired' && change.at < endsAt(token.slot.facts, 0))
    return 'comes before the end of its slot (R11)';
  return kind === 'started' ? faultOfStart(change, token.slot) : undefined;
}

/**
 * A doctor sees one patient at a time. Of a slot that has ended it is not on record whether its day was over at the
 * doctor's place, and so whether a patient whom nobody completed still counted.
 */
function faultOfStart({ at }: TokenTransition, { doctor }: Slot): string | undefined {
  for (const { id, slot } of doctor.inConsultation)
    if (at < endsAt(slot.facts, 0)) return `begins while token ${id} is with the doctor`;
  return undefined;
}
