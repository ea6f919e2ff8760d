import {
  isEntry,
  isTokenChange,
  type Change,
  type Token,
  type TokenReclassified,
  type TokenTransition,
} from '../engine/index.ts';
import type { ChangeContext } from './change-context.ts';
import { faultOfDay } from './day-check.ts';
import { faultOfEntry } from './entry-check.ts';
import { hasDestination } from './move-histories.ts';
import { faultOfStart } from './room-check.ts';
import { faultOfBump, faultOfPromotion, faultOfSlotFacts } from './seat-check.ts';
import { isBeforeVisit, seatFor, STEPS } from './seat-rules.ts';
import { endOf } from './slot-times.ts';
import { faultOfUndo } from './undo-check.ts';

/**
 * Checks that a change is the one that the rules make of the state before it: which token is seated, waits, is bumped,
 * is promoted, moves, is called or comes back (R2-R6, R10-R15, R18-R20, R22), and which token the change names as its
 * cause (R17). A change that the engine cannot apply is not checked here, because the engine itself reports it.
 * @returns the fault in words, to be put behind the name of the change; undefined when there is none
 */
export function faultOfChange(change: Change, context: ChangeContext): string | undefined {
  if (change.kind === 'doctor_set') return undefined;
  if (change.kind === 'break_set')
    return change.until !== null && change.until <= change.at ? 'ends before it begins' : undefined;
  if (!isTokenChange(change)) return faultOfSlotFacts(change, context);
  if (isEntry(change)) return faultOfEntry(change, context);
  const token = context.engine.anyToken(change.tokenId);
  if (token?.status !== change.from) return undefined;
  if (token.slot.facts.id !== change.slotId) return 'names a slot that the token is not in';
  if (change.kind === 'reclassified') return faultOfReclassification(change, token);
  if (change.kind === 'moved_out') {
    if (!isBeforeVisit(change.from)) return `leaves its slot although its status is ${change.from}`;
    return hasDestination(change, context.moves)
      ? undefined
      : 'leaves its slot and enters no other (R13)';
  }
  if (change.kind === 'corrected') return undefined;
  if (change.kind === 'undone') return faultOfUndo(change, token, context);
  return faultOfTransition(change, token, context);
}

function faultOfReclassification(
  { from, patientType, priority }: TokenReclassified,
  token: Token,
): string | undefined {
  if (!isBeforeVisit(from)) return `gets another class although its status is ${from}`;
  const { patientClass } = token;
  const isSame = patientClass.type === patientType && patientClass.priority === priority;
  return isSame ? 'gets the class that it has already (R9)' : undefined;
}

function faultOfTransition(
  change: TokenTransition,
  token: Token,
  context: ChangeContext,
): string | undefined {
  const { kind, from, to } = change;
  const step = STEPS[kind];
  if (to !== (step.to ?? seatFor(token))) return `cannot lead to ${to}`;
  if (!step.from.includes(from)) return `cannot follow the status ${from} in the status table`;
  if (kind === 'bumped') return faultOfBump(change, token.slot, context);
  if (kind === 'promoted') return faultOfPromotion(change, token.slot, context);
  if (change.room !== null && kind !== 'started') return 'names a room, but nobody is called (R19)';
  if (change.today !== null && kind !== 'started' && kind !== 'checked_in')
    return 'names a day, but is neither a call nor a check-in (R18, R20)';
  if (change.cause !== null) return 'names a cause, but this kind of change has none (R17)';
  if (kind === 'expired' && change.at < endOf(token.slot.facts))
    return 'comes before the end of its slot (R11)';
  const taken = kind === 'started' ? faultOfStart(change, token.slot) : undefined;
  return taken ?? faultOfDay(change, token, context);
}
