import { refusalOfNewcomer } from './booking.ts';
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
import type { Slot } from './slot.ts';
import type { EngineState } from './state.ts';
import { awaitsConsultation } from './status.ts';
import type { Token } from './token.ts';
import { landingIn, ChangeSet } from './change-set.ts';

// What changes a token's place in the order: another slot, another class, a slot that closes.

/** See `AllocationEngine.move`. */
export function move(state: EngineState, { tokenId, slotId, at }: Move): Outcome<Reordered> {
  const target = state.resolveSlot(slotId, at);
  if (target === undefined) return refuse('slot_not_found');
  const token = state.token(tokenId);
  if (token === undefined) return refuse('token_not_found');
  const there = token.slot === target ? token : otherTokenOfPatient(token, target);
  if (there !== undefined) return refuseWith({ code: 'duplicate_booking', tokenId: there.id });
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
  // Only this token has another rank: either it may bump somebody now, or the first who waits may bump it (R8).
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
  const both = target === null ? [slot] : [slot, target];
  if (both.some((each) => state.hasEnded(each, at))) return refuse('slot_ended');
  // A slot that is about to be closed takes nobody.
  if (both.some(({ isClosed }) => isClosed) || slot === target) return refuse('slot_closed');

  const changeSet = new ChangeSet(state, at);
  if (target !== null) changeSet.fillSeats(target);
  changeSet.setSlot({ ...slot.facts, closedReason: reason });
  const bumped: Token[] = [];
  const affected = slot.tokens().flatMap((token) => {
    const outcome = outcomeOf(token, target);
    if (outcome === undefined) return [];
    if (outcome === 'cancelled_by_hospital') changeSet.transition(token, 'cancelled');
    if (outcome === 'moved' && target !== null) {
      changeSet.moveOut(token);
      // In rank order, so that nobody who was moved is bumped by one moved later.
      const isSameDoctor = target.doctor === slot.doctor;
      const arrival = isSameDoctor ? token.arrival : target.doctor.lastArrival + 1;
      const victim = enterTarget(changeSet, token, target, arrival);
      if (victim !== undefined) bumped.push(victim);
    }
    return [{ token: state.token(token.id) ?? token, outcome }];
  });
  return { ok: true, changes: changeSet.changes, value: { slot, affected, bumped } };
}

/** What closing makes of a token; undefined for one that is completed. */
function outcomeOf(token: Token, target: Slot | null): ClosingOutcome | undefined {
  if (token.status === 'COMPLETED') return undefined;
  if (token.status === 'IN_CONSULTATION') return 'stays';
  const isMoved = target !== null && otherTokenOfPatient(token, target) === undefined;
  return isMoved ? 'moved' : 'cancelled_by_hospital';
}

const otherTokenOfPatient = ({ patientId }: Token, slot: Slot): Token | undefined =>
  patientId === null ? undefined : slot.tokenOfPatient(patientId);

/** Only a token that is still to be seen has a place in the order that can change. */
const refusalOfReorder = ({ status }: Token): Refused | undefined =>
  awaitsConsultation(status) ? undefined : refuseFrom(status);

/** Lets a token that has left its slot into another (R2-R4); returns whom it bumped. */
function enterTarget(
  changeSet: ChangeSet,
  token: Token,
  target: Slot,
  arrival: number,
): Token | undefined {
  const { slot, patientClass } = token;
  const landing = landingIn(target, patientClass);
  // Who is at the desk is there for every slot of the day.
  const present = token.hasCheckedIn && slot.facts.date === target.facts.date;
  changeSet.enter('moved_in', target, landing, {
    tokenId: token.id,
    patientName: token.patientName,
    patientId: token.patientId,
    patientType: patientClass.type,
    priority: patientClass.priority,
    arrival,
    // Numbers are the doctor's and the day's: within both it never changes (R10).
    number: slot.day === target.day ? token.number : target.day.lastNumber + 1,
    bookedAt: token.bookedAt,
    hasCheckedIn: present,
  });
  return landing.victim;
}

/** The token where it is now; who else lost a seat or got one. */
function reordered(
  state: EngineState,
  { changes }: ChangeSet,
  { id }: Token,
  bumped?: Token,
  promoted?: Token,
): Outcome<Reordered> {
  const token = found(state.token(id), 'a token that is still to be seen is in the index');
  const other = (touched: Token | undefined): Token | null =>
    touched === undefined || touched.id === id ? null : touched;
  return { ok: true, changes, value: { token, bumped: other(bumped), promoted: other(promoted) } };
}
