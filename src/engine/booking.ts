import type { Book, Booked, Left, NoShow, Outcome, TokenCommand } from './command.ts';
import { found } from './invariant.ts';
import { refuse, refuseFrom, refuseWith, type Refused } from './refusal.ts';
import { delayedStartOf, type Slot } from './slot.ts';
import type { EngineState } from './state.ts';
import { nextStatuses, type Status } from './status.ts';
import type { Token } from './token.ts';
import { landingIn, Turn } from './turn.ts';

// How a patient gets a place and gives it up.

/** See `AllocationEngine.book`. */
export function book(state: EngineState, command: Book): Outcome<Booked> {
  const doctor = state.doctor(command.doctorId);
  if (doctor === undefined) return refuse('doctor_not_found');
  const slot = state.slotMeant(command.slotId, command.at);
  if (slot?.doctor !== doctor) return refuse('slot_not_found');
  const patientClass = state.classOf(command.patientType);
  const first = command.patientId === null ? undefined : slot.tokenOf(command.patientId);
  if (first !== undefined) return refuseWith({ code: 'duplicate_booking', tokenId: first.id });
  const refusal = refusalOfArrival(state, slot, patientClass, command.at);
  if (refusal !== undefined) return refusal;

  const turn = new Turn(state, command.at);
  // Who waits beside a free seat comes before any newcomer (R5, R8).
  turn.fill(slot);
  const landing = landingIn(slot, patientClass);
  turn.enter('booked', slot, landing, {
    tokenId: command.tokenId,
    patientName: command.patientName,
    patientId: command.patientId,
    patientType: patientClass.type,
    priority: patientClass.priority,
    arrival: doctor.lastArrival + 1,
    number: slot.day.lastNumber + 1,
    bookedAt: command.at,
    present: false,
  });
  const token = found(state.token(command.tokenId), 'a booked token is in the index');
  return { ok: true, changes: turn.changes, value: { token, bumped: landing.victim ?? null } };
}

/** Why a slot takes no newcomer of this class; undefined when it does. */
export function refusalOfArrival(
  state: EngineState,
  slot: Slot,
  patientClass: Token['patientClass'],
  at: Book['at'],
): Refused | undefined {
  if (state.hasEnded(slot, at)) return refuse('slot_ended');
  if (slot.isClosed) return refuse('slot_closed');
  if (slot.waiting < state.rules.waitlistMax) return undefined;
  return landingIn(slot, patientClass).isSeated ? undefined : refuse('waitlist_full');
}

/** See `AllocationEngine.cancel`. */
export function cancel(state: EngineState, command: TokenCommand): Outcome<Left> {
  const token = state.token(command.tokenId);
  return token === undefined
    ? refuse('token_not_found')
    : (refusalOfStep(token, 'CANCELLED') ?? leave(state, token, 'cancelled', command.at));
}

/** See `AllocationEngine.noShow`. */
export function noShow(state: EngineState, command: NoShow): Outcome<Left> {
  const token = state.token(command.tokenId);
  if (token === undefined) return refuse('token_not_found');
  const refusal = refusalOfStep(token, 'NO_SHOW');
  if (refusal !== undefined) return refusal;
  const allowedFrom = delayedStartOf(token.slot.facts);
  if (command.at < allowedFrom && !command.force)
    return refuseWith({ code: 'too_early', allowedFrom });
  return leave(state, token, 'no_show', command.at);
}

/** Why a command cannot take the token to this status; undefined when it can. */
export const refusalOfStep = ({ status }: Token, to: Status): Refused | undefined =>
  nextStatuses(status).includes(to) ? undefined : refuseFrom(status);

function leave(
  state: EngineState,
  token: Token,
  kind: 'cancelled' | 'no_show',
  at: TokenCommand['at'],
): Outcome<Left> {
  const turn = new Turn(state, at);
  turn.fill(token.slot);
  turn.transit(token, kind);
  const promoted = turn.promote(token.slot, token.id) ?? null;
  return { ok: true, changes: turn.changes, value: { token, promoted } };
}
