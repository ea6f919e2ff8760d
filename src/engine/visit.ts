import { refusalOfTransition } from './booking.ts';
import { nextToCall, slotsCalledFrom } from './calling-order.ts';
import { NO_DESK_FACTS, type DeskFacts } from './change.ts';
import { ChangeSet } from './change-set.ts';
import type {
  CallNext,
  Called,
  CheckIn,
  Outcome,
  Reordered,
  SetBreak,
  Start,
  TokenCommand,
} from './command.ts';
import type { Doctor } from './doctor.ts';
import { epochMs, type EpochMs } from './ids.ts';
import { found } from './invariant.ts';
import { refuse, refuseWith, type Refused } from './refusal.ts';
import { currentOf, inConsultationWith, occupantOf } from './rooms.ts';
import type { Slot, Token } from './slot.ts';
import type { EngineState } from './state.ts';

// The visit: a patient checks in, is called, and sees the doctor.

const MINUTE_MS = 60_000;

/** See `AllocationEngine.checkIn`. */
export function checkIn(state: EngineState, command: CheckIn): Outcome<Token> {
  const { today, at, dateBegins } = command;
  const token = state.token(command.tokenId);
  if (token === undefined) return refuse('token_not_found');
  if (state.isPast(token.slot.facts, today, at)) return refuse('slot_ended');
  const refusal = refusalOfTransition(token, 'CHECKED_IN');
  if (refusal !== undefined) return refusal;
  return at < dateBegins
    ? refuseWith({ code: 'too_early', allowedFrom: dateBegins })
    : transitionTo(state, token, 'checked_in', at, { ...NO_DESK_FACTS, today });
}

/** See `AllocationEngine.start`. */
export function start(state: EngineState, command: Start): Outcome<Token> {
  const token = state.token(command.tokenId);
  if (token === undefined) return refuse('token_not_found');
  const refusal = refusalOfTransition(token, 'IN_CONSULTATION');
  if (refusal !== undefined) return refusal;
  const { doctor } = token.slot;
  const occupant = occupantOf(inConsultationWith(state, doctor, command), doctor, command.room);
  if (occupant !== undefined) return inConsultation(occupant);
  const { at, room } = command;
  return transitionTo(state, token, 'started', at, { ...NO_DESK_FACTS, room });
}

/** See `AllocationEngine.complete`. */
export function complete(state: EngineState, command: TokenCommand): Outcome<Token> {
  const token = state.token(command.tokenId);
  if (token === undefined) return refuse('token_not_found');
  return (
    refusalOfTransition(token, 'COMPLETED') ?? transitionTo(state, token, 'completed', command.at)
  );
}

/** See `AllocationEngine.skip`. */
export function skip(state: EngineState, { tokenId, at }: TokenCommand): Outcome<Reordered> {
  const token = state.token(tokenId);
  if (token === undefined) return refuse('token_not_found');
  const refusal = refusalOfTransition(token, 'SKIPPED');
  if (refusal !== undefined) return refusal;
  const changeSet = new ChangeSet(state, at);
  const promoted = skipIn(changeSet, token) ?? null;
  return { ok: true, changes: changeSet.changes, value: { token, bumped: null, promoted } };
}

/** See `AllocationEngine.callNext`. */
export function callNext(state: EngineState, command: CallNext): Outcome<Called> {
  const { room, today, at } = command;
  const doctor = state.doctor(command.doctorId);
  if (doctor === undefined) return refuse('doctor_not_found');
  const slots = slotsAskedFor(state, doctor, command);
  if (slots === undefined) return refuse('slot_not_found');
  const here = inConsultationWith(state, doctor, command);
  const current = command.current === null ? undefined : currentOf(here, doctor, room);
  const staying = here.filter((token) => token !== current);
  const occupant = occupantOf(staying, doctor, room);
  if (occupant !== undefined) return inConsultation(occupant);
  // A call without a patient to call changes nothing (R9): the token that gets a skipped one's seat is found before.
  const isSkip = command.current === 'skipped';
  const heir = isSkip && current !== undefined ? heirOf(state, current, at) : undefined;
  const heirIsCalled = heir?.hasCheckedIn === true && slots.includes(heir.slot);
  if (nextToCall(slots) === undefined && !heirIsCalled) return refuse('nobody_waiting');

  const changeSet = new ChangeSet(state, at);
  const promoted = current !== undefined && isSkip ? skipIn(changeSet, current) : undefined;
  if (current !== undefined && !isSkip) changeSet.transition(current, 'completed');
  const token = found(nextToCall(slots), 'a checked-in token stays checked in until it is called');
  changeSet.transition(token, 'started', null, { room, today, calledFrom: command.slotId });
  const value = {
    token,
    completed: isSkip ? null : (current ?? null),
    skipped: isSkip ? (current ?? null) : null,
    promoted: promoted ?? null,
  };
  return { ok: true, changes: changeSet.changes, value };
}

/** See `AllocationEngine.setBreak`. */
export function setBreak(state: EngineState, command: SetBreak): Outcome<Doctor> {
  const { doctorId, minutes, at } = command;
  const doctor = state.doctor(doctorId);
  if (doctor === undefined) return refuse('doctor_not_found');
  const changeSet = new ChangeSet(state, at);
  const until = minutes === 0 ? null : epochMs(at + minutes * MINUTE_MS);
  if (until !== doctor.breakUntil) changeSet.setBreak(doctorId, until);
  return { ok: true, changes: changeSet.changes, value: doctor };
}

function transitionTo(
  state: EngineState,
  token: Token,
  kind: 'checked_in' | 'started' | 'completed',
  at: EpochMs,
  desk: DeskFacts = NO_DESK_FACTS,
): Outcome<Token> {
  const changeSet = new ChangeSet(state, at);
  changeSet.transition(token, kind, null, desk);
  return { ok: true, changes: changeSet.changes, value: token };
}

const inConsultation = ({ id }: Token): Refused =>
  refuseWith({ code: 'consultation_in_progress', tokenId: id });

/** Marks a token as skipped (R21). Returns the waiting token that got its seat, if one may bump it now (R8). */
function skipIn(changeSet: ChangeSet, token: Token): Token | undefined {
  changeSet.fillSeats(token.slot);
  changeSet.transition(token, 'skipped');
  return changeSet.yieldSeat(token);
}

/** The waiting token that gets the seat of a token in consultation when that one is skipped (R8). */
function heirOf(state: EngineState, { slot, patientClass }: Token, at: EpochMs): Token | undefined {
  const waiter = slot.nextWaiting();
  if (waiter === undefined || slot.isClosed || state.hasEnded(slot, at)) return undefined;
  const isHigher = waiter.patientClass.priority > patientClass.priority;
  return isHigher && slot.victimFor(waiter.patientClass) === undefined ? waiter : undefined;
}

/** The slots from which a call takes its patient, in the order of their starts; undefined when there is no such slot. */
function slotsAskedFor(
  state: EngineState,
  doctor: Doctor,
  command: CallNext,
): readonly Slot[] | undefined {
  const { slotId } = command;
  if (slotId === null) return slotsCalledFrom(state, doctor, command);
  const slot = state.slot(slotId);
  if (slot?.doctor === doctor) return [slot];
  if (state.sessionDoctor(slotId) !== doctor) return undefined;
  return slotsCalledFrom(state, doctor, command).filter(
    ({ facts }) => (facts.sessionId as string | null) === slotId,
  );
}
