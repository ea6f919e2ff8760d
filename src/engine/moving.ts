import { refusalOfNewcomer } from './booking.ts';
import { ChangeSet, landingIn } from './change-set.ts';
import type {
  ClosedSlot,
  CloseSlot,
  ClosingOutcome,
  Move,
  Outcome,
  Reclassify,
  Reordered,
} from './command.ts';
import { found } from './invariant.ts';
import { refuse, refuseFrom, refuseWith, type Refused } from './refusal.ts';
import type { Slot, Token } from './slot.ts';
import type { EngineState } from './state.ts';
import { awaitsConsultation } from './status.ts';

// Commands that change a token's place in the order: another slot, another class, the closing of a slot.

/** See `AllocationEngine.move`. */
export function move(state: EngineState, { tokenId, slotId, at }: Move): Outcome<Reordered> {
  const target = state.resolveSlot(slotId, at);
  if (target === undefined) return refuse('slot_not_found');
  const token = state.token(tokenId);
  if (token === undefined) return refuse('token_not_found');
  const duplicate = token.slot === target ? token : otherTokenOfPatient(token, target);
  if (duplicate !== undefined)
    return refuseWith({ code: 'duplicate_booking', tokenId: duplicate.id });
  const refusal =
    refusalOfNewcomer(state, target, token.patientClass, at) ?? refusalOfReorder(token);
  if (refusal !== undefined) return refusal;

  const changeSet = new ChangeSet(state, at);
  changeSet.fillSeats(token.slot);
  changeSet.fillSeats(target);
  changeSet.moveOut(token);
  const promoted = changeSet.promote(token.slot, token.id);
  const bumped = enterTarget(changeSet, token, target, target.doctor.lastArrival + 1);
  return reordered(state, changeSet, token, bumped, promoted);
}

/** See `AllocationEngine.reclassify`. */
export function reclassify(state: EngineState, command: Reclassify): Outcome<Reordered> {
  const token = state.token(command.tokenId);
  if (token === undefined) return refuse('token_not_found');
  const refusal = refusalOfReorder(token);
  if (refusal !== undefined) return refusal;
  const changeSet = new ChangeSet(state, command.at);
  const patientClass = state.classOf(command.patientType);
  if (token.patientClass === patientClass) return reordered(state, changeSet, token);

  const { slot } = token;
  changeSet.fillSeats(slot);
  changeSet.reclassify(token, patientClass);
  if (slot.isClosed || state.hasEnded(slot, command.at)) return reordered(state, changeSet, token);
  // Only this token's rank has changed. So at most one exchange follows: the token now bumps another one, or the
  // first waiting token now bumps it (R8).
  const waiter = token.status === 'WAITING' ? token : slot.nextWaiting();
  const victim = waiter && slot.victimFor(waiter.patientClass);
  if (waiter === undefined || victim === undefined) return reordered(state, changeSet, token);
  changeSet.transition(victim, 'bumped', waiter.id);
  changeSet.transition(waiter, 'promoted', victim.id);
  return reordered(state, changeSet, token, victim, waiter);
}

/** See `AllocationEngine.closeSlot`. */
export function closeSlot(state: EngineState, command: CloseSlot): Outcome<ClosedSlot> {
  const { at, reason } = command;
  const slot = state.slot(command.slotId);
  const target = command.moveTo === null ? null : state.resolveSlot(command.moveTo, at, slot);
  if (slot === undefined || target === undefined) return refuse('slot_not_found');
  const slots = target === null ? [slot] : [slot, target];
  if (slots.some((touched) => state.hasEnded(touched, at))) return refuse('slot_ended');
  // A slot cannot take its own patients, because it is closed before they are moved.
  if (slots.some(({ isClosed }) => isClosed) || slot === target) return refuse('slot_closed');

  const changeSet = new ChangeSet(state, at);
  if (target !== null) changeSet.fillSeats(target);
  changeSet.setSlot({ ...slot.facts, closedReason: reason });
  const bumped: Token[] = [];
  // The tokens move in rank order, so that no moved token is bumped by one that moves later.
  const affected = slot.tokens().flatMap((token) => {
    const outcome = outcomeOf(token, target);
    if (outcome === undefined) return [];
    if (outcome === 'cancelled_by_hospital') changeSet.transition(token, 'cancelled');
    if (outcome === 'moved' && target !== null) {
      changeSet.moveOut(token);
      const isSameDoctor = target.doctor === slot.doctor;
      const arrival = isSameDoctor ? token.arrival : target.doctor.lastArrival + 1;
      const victim = enterTarget(changeSet, token, target, arrival);
      if (victim !== undefined) bumped.push(victim);
    }
    return [{ token: state.token(token.id) ?? token, outcome }];
  });
  return changeSet.outcome({ slot, affected, bumped });
}

/** What the closing does to a token; undefined for a completed token, which it does not affect. */
function outcomeOf(token: Token, target: Slot | null): ClosingOutcome | undefined {
  if (token.status === 'COMPLETED') return undefined;
  if (token.status === 'IN_CONSULTATION') return 'stays';
  const isMoved = target !== null && otherTokenOfPatient(token, target) === undefined;
  return isMoved ? 'moved' : 'cancelled_by_hospital';
}

const otherTokenOfPatient = ({ patientId }: Token, slot: Slot): Token | undefined =>
  patientId === null ? undefined : slot.tokenOfPatient(patientId);

/** Why a token cannot be moved or reclassified: the patient is with the doctor already, or was. */
const refusalOfReorder = ({ status }: Token): Refused | undefined =>
  awaitsConsultation(status) ? undefined : refuseFrom(status);

/** Puts a token that has left its slot into another one (R2-R4). Returns the token that it bumped. */
function enterTarget(
  changeSet: ChangeSet,
  token: Token,
  target: Slot,
  arrival: number,
): Token | undefined {
  const { slot, patientClass } = token;
  const landing = landingIn(target, patientClass);
  // A check-in counts for every slot of its date, and for no other date.
  const hasCheckedIn = token.hasCheckedIn && slot.facts.date === target.facts.date;
  changeSet.enter('moved_in', target, landing, {
    tokenId: token.id,
    patientName: token.patientName,
    patientId: token.patientId,
    patientType: patientClass.type,
    priority: patientClass.priority,
    arrival,
    // Numbers belong to a doctor's day: a token that stays on it keeps its number (R10).
    number: slot.day === target.day ? token.number : target.day.lastNumber + 1,
    bookedAt: token.bookedAt,
    hasCheckedIn,
  });
  return landing.victim;
}

/**
 * The outcome of a move or a reclassification: the token as it is now, and the other tokens that lost or got a seat.
 */
function reordered(
  state: EngineState,
  changeSet: ChangeSet,
  { id }: Token,
  bumped?: Token,
  promoted?: Token,
): Outcome<Reordered> {
  const token = found(state.token(id), 'a moved or reclassified token is in the index');
  const otherThanToken = (touched: Token | undefined): Token | null =>
    touched === undefined || touched.id === id ? null : touched;
  return changeSet.outcome({
    token,
    bumped: otherThanToken(bumped),
    promoted: otherThanToken(promoted),
  });
}
