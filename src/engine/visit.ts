import type { CallNext, Called, Outcome, Start, TokenCommand } from './command.ts';
import { startsBefore, type Doctor } from './doctor.ts';
import type { EpochMs, LocalDate } from './ids.ts';
import { refusalOfTransition } from './booking.ts';
import { refuse, refuseWith } from './refusal.ts';
import type { Slot } from './slot.ts';
import type { EngineState } from './state.ts';
import type { Token } from './token.ts';
import { ChangeSet } from './change-set.ts';

// The visit: a patient arrives, is called, is seen.

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
  const { today, at } = command;
  const doctor = state.doctor(command.doctorId);
  if (doctor === undefined) return refuse('doctor_not_found');
  const { slotId } = command;
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
  return {
    ok: true,
    changes: changeSet.changes,
    value: { token: next, completed: current ?? null },
  };
}

function transitionTo(
  changeSet: ChangeSet,
  token: Token,
  kind: 'checked_in' | 'started' | 'completed',
): Outcome<Token> {
  changeSet.transition(token, kind);
  return { ok: true, changes: changeSet.changes, value: token };
}

/** Who is with the doctor; a patient of days gone by whom nobody completed is not. */
function inConsultationWith(
  state: EngineState,
  { inConsultation }: Doctor,
  today: LocalDate,
  at: EpochMs,
): Token | undefined {
  const present = [...inConsultation].filter(({ slot }) => !state.isPast(slot.facts, today, at));
  // One, unless the clock was set back to a day gone by: then the one who came first, whatever a restart did (R16).
  return present.sort((a, b) => a.arrival - b.arrival)[0];
}

/** Of the slots of the day (of one session, if asked), one of yesterday that goes on included: who is first to be called. */
function nextOfDay(
  state: EngineState,
  { slotsWithCheckedIn: calling }: Doctor,
  { slotId: session, today, at }: CallNext,
): Token | undefined {
  let first: Slot | undefined;
  for (const slot of calling) {
    const { facts } = slot;
    const isMeant = session === null || (facts.sessionId as string | null) === session;
    const isOfDay = facts.date <= today && !state.isPast(facts, today, at);
    if (isMeant && isOfDay && (first === undefined || startsBefore(slot, first))) first = slot;
  }
  return first?.nextCheckedIn();
}
