import { ChangeSet, landingIn } from './change-set.ts';
import type { Book, Booked, Departure, NoShow, Outcome, TokenCommand } from './command.ts';
import { found } from './invariant.ts';
import type { PatientClass } from './patient-class.ts';
import { refuse, refuseFrom, refuseWith, type Refused } from './refusal.ts';
import type { Slot, Token } from './slot.ts';
import { delayedStartOf, takesNewcomer } from './slot-facts.ts';
import type { EngineState } from './state.ts';
import { nextStatuses, type Status } from './status.ts';

// Bookings, and the commands by which a patient gives a place up.

/** See `AllocationEngine.book`. */
export function book(state: EngineState, command: Book): Outcome<Booked> {
  const doctor = state.doctor(command.doctorId);
  if (doctor === undefined) return refuse('doctor_not_found');
  const slot = state.resolveSlot(command.slotId, command.at);
  if (slot === undefined && state.sessionDoctor(command.slotId) === doctor)
    return refuse('slot_ended');
  if (slot?.doctor !== doctor) return refuse('slot_not_found');
  const patientClass = state.classes.classOf(command.patientType);
  const duplicate =
    command.patientId === null ? undefined : state.patients.liveTokenIn(slot, command.patientId);
  if (duplicate !== undefined)
    return refuseWith({ code: 'duplicate_booking', tokenId: duplicate.id });
  const refusal = refusalOfNewcomer(state, slot, patientClass, command.at);
  if (refusal !== undefined) return refusal;

  const changeSet = new ChangeSet(state, command.at);
  // A token that waits although a seat is free gets the seat before the newcomer (R5, R8).
  changeSet.fillSeats(slot);
  const landing = landingIn(slot, patientClass);
  changeSet.enter('booked', slot, landing, {
    tokenId: command.tokenId,
    patientName: command.patientName,
    patientId: command.patientId,
    patientType: patientClass.type,
    priority: patientClass.priority,
    arrival: doctor.lastArrival + 1,
    number: slot.day.lastNumber + 1,
    bookedAt: command.at,
    hasCheckedIn: false,
  });
  const token = found(state.token(command.tokenId), 'a booked token is in the index');
  return { ok: true, changes: changeSet.changes, value: { token, bumped: landing.victim ?? null } };
}

/** Why a slot takes no newcomer of this class (R4, R11, R23, R25); undefined when it does. */
export function refusalOfNewcomer(
  state: EngineState,
  slot: Slot,
  patientClass: PatientClass,
  at: Book['at'],
): Refused | undefined {
  if (state.hasEnded(slot, at)) return refuse('slot_ended');
  if (slot.isClosed) return refuse('slot_closed');
  const isFull = slot.waiting >= state.rules.waitlistMax;
  if (isFull && !landingIn(slot, patientClass).isSeated) return refuse('waitlist_full');
  return takesNewcomer(slot.facts, patientClass) ? undefined : refuse('intake_closed');
}

/** See `AllocationEngine.cancel`. */
export function cancel(state: EngineState, command: TokenCommand): Outcome<Departure> {
  const token = state.token(command.tokenId);
  return token === undefined
    ? refuse('token_not_found')
    : (refusalOfTransition(token, 'CANCELLED') ?? depart(state, token, 'cancelled', command.at));
}

/** See `AllocationEngine.noShow`. */
export function noShow(state: EngineState, command: NoShow): Outcome<Departure> {
  const token = state.token(command.tokenId);
  if (token === undefined) return refuse('token_not_found');
  const refusal = refusalOfTransition(token, 'NO_SHOW');
  if (refusal !== undefined) return refusal;
  const allowedFrom = delayedStartOf(token.slot.facts);
  // Whoever was called or at the desk before had a turn: that needs no waiting for the start (R21).
  const hadTurn = token.status === 'IN_CONSULTATION' || token.status === 'SKIPPED';
  if (command.at < allowedFrom && !hadTurn && !command.force)
    return refuseWith({ code: 'too_early', allowedFrom });
  return depart(state, token, 'no_show', command.at);
}

/** Why a token cannot change to this status; undefined when the status table allows it. */
export const refusalOfTransition = ({ status }: Token, to: Status): Refused | undefined =>
  nextStatuses(status).includes(to) ? undefined : refuseFrom(status);

/** Ends a token and promotes the next waiting token to the seat that it frees, if it frees one (R5, R6). */
function depart(
  state: EngineState,
  token: Token,
  kind: 'cancelled' | 'no_show',
  at: TokenCommand['at'],
): Outcome<Departure> {
  const changeSet = new ChangeSet(state, at);
  changeSet.fillSeats(token.slot);
  changeSet.transition(token, kind);
  const promoted = changeSet.promote(token.slot, token.id) ?? null;
  return { ok: true, changes: changeSet.changes, value: { token, promoted } };
}
