import { refusalOfTransition } from './booking.ts';
import { ChangeSet } from './change-set.ts';
import type { CallNext, Called, Outcome, Start, TokenCommand } from './command.ts';
import { startsBefore, type Doctor } from './doctor.ts';
import type { EpochMs, LocalDate } from './ids.ts';
import { refuse, refuseWith } from './refusal.ts';
import type { Slot, SlotOwner, Token } from './slot.ts';
import type { EngineState } from './state.ts';

// The visit: a patient checks in, is called, and sees the doctor.

/** See `AllocationEngine.checkIn`. */
export function checkIn(state: EngineState, { tokenId, at }: TokenCommand): Outcome<Token> {
  const token = state.token(tokenId);
  return token === undefined
    ? refuse('token_not_found')
    : (refusalOfTransition(token, 'CHECKED_IN') ??
        transitionTo(new ChangeSet(state, at), token, 'checked_in'));
}

/** See `AllocationEngine.start`. */
export function start(state: EngineState, { tokenId, today, at }: Start): Outcome<Token> {
  const token = state.token(tokenId);
  if (token === undefined) return refuse('token_not_found');
  const refusal = refusalOfTransition(token, 'IN_CONSULTATION');
  if (refusal !== undefined) return refusal;
  const current = inConsultationWith(state, token.slot.doctor, today, at);
  return current === undefined
    ? transitionTo(new ChangeSet(state, at), token, 'started')
    : refuseWith({ code: 'consultation_in_progress', tokenId: current.id });
}

/** See `AllocationEngine.complete`. */
export function complete(state: EngineState, { tokenId, at }: TokenCommand): Outcome<Token> {
  const token = state.token(tokenId);
  return token === undefined
    ? refuse('token_not_found')
    : (refusalOfTransition(token, 'COMPLETED') ??
        transitionTo(new ChangeSet(state, at), token, 'completed'));
}

/** See `AllocationEngine.callNext`. */
export function callNext(state: EngineState, command: CallNext): Outcome<Called> {
  const { slotId, today, at } = command;
  const doctor = state.doctor(command.doctorId);
  if (doctor === undefined) return refuse('doctor_not_found');
  const slot = slotId === null ? undefined : state.slot(slotId);
  const isSession = slotId !== null && state.sessionDoctor(slotId) === doctor;
  if (slotId !== null && slot?.doctor !== doctor && !isSession) return refuse('slot_not_found');
  const current = inConsultationWith(state, doctor, today, at);
  if (current !== undefined && !command.completeCurrent)
    return refuseWith({ code: 'consultation_in_progress', tokenId: current.id });
  const next = slot === undefined ? nextOfDay(state, doctor, command) : slot.nextCheckedIn();
  if (next === undefined) return refuse('nobody_waiting');
  const changeSet = new ChangeSet(state, at);
  if (current !== undefined) changeSet.transition(current, 'completed');
  changeSet.transition(next, 'started');
  return changeSet.outcome({ token: next, completed: current ?? null });
}

function transitionTo(
  changeSet: ChangeSet,
  token: Token,
  kind: 'checked_in' | 'started' | 'completed',
): Outcome<Token> {
  changeSet.transition(token, kind);
  return changeSet.outcome(token);
}

/** The token that is with the doctor. A token of a past day that was never completed does not count. */
function inConsultationWith(
  state: EngineState,
  { inConsultation }: SlotOwner,
  today: LocalDate,
  at: EpochMs,
): Token | undefined {
  const current = [...inConsultation].filter(({ slot }) => !state.isPast(slot.facts, today, at));
  // There is at most one, unless the clock was set back to a past day. Then the earliest arrival counts, because the
  // order of the set can differ after a restart and the answer must not (R16).
  return current.sort((a, b) => a.arrival - b.arrival)[0];
}

/**
 * The checked-in token to call next: the best rank of the earliest slot that has one. The slots are those of the day,
 * or of one session on that day, and any slot of a past day that is still running.
 */
function nextOfDay(
  state: EngineState,
  { slotsWithCheckedIn }: Doctor,
  { slotId: session, today, at }: CallNext,
): Token | undefined {
  let earliest: Slot | undefined;
  for (const slot of slotsWithCheckedIn) {
    const { facts } = slot;
    const isAskedFor = session === null || (facts.sessionId as string | null) === session;
    const isOfDay = facts.date <= today && !state.isPast(facts, today, at);
    if (isAskedFor && isOfDay && (earliest === undefined || startsBefore(slot, earliest)))
      earliest = slot;
  }
  return earliest?.nextCheckedIn();
}
