import { ChangeSet, landingIn } from './change-set.ts';
import { UNDOABLE, type LastKind, type Undoable } from './change.ts';
import type { DatedTokenCommand, Outcome, Undone } from './command.ts';
import { found } from './invariant.ts';
import { refuse, refuseWith, type Refused } from './refusal.ts';
import { inConsultationWith, occupantOf, type Now } from './rooms.ts';
import type { Token } from './slot.ts';
import type { EngineState } from './state.ts';
import { isLive, seatStatusOf, type SeatedStatus } from './status.ts';

// The last change of a token is taken back (R22).

/** See `AllocationEngine.undo`. */
export function undo(state: EngineState, command: DatedTokenCommand): Outcome<Undone> {
  const { tokenId, at } = command;
  const token = state.anyToken(tokenId);
  if (token === undefined) return refuse('token_not_found');
  const { kind } = token.last;
  const refusal = refusalOfUndo(state, token, command);
  if (refusal !== undefined) return refusal;
  if (!isUndoable(kind)) return refuseWith({ code: 'nothing_to_undo', lastChange: kind });

  const changeSet = new ChangeSet(state, at);
  changeSet.fillSeats(token.slot);
  const others = isLive(token.status)
    ? takeBack(state, changeSet, token, kind, command)
    : comeBack(state, changeSet, token, kind, command);
  return { ok: true, changes: changeSet.changes, value: { token, undone: kind, ...others } };
}

/** The other tokens that lost or got a seat. */
type Others = Pick<Undone, 'bumped' | 'promoted'>;

const isUndoable = (kind: LastKind): kind is Undoable =>
  (UNDOABLE as readonly LastKind[]).includes(kind);

/** Why the time, the slot or the patient's other token does not allow an undo. A departure needs a slot that takes patients. */
function refusalOfUndo(state: EngineState, token: Token, { today, at }: Now): Refused | undefined {
  const { slot, last, patientId } = token;
  if (last.kind !== 'cancelled' && last.kind !== 'no_show')
    return state.isPast(slot.facts, today, at) ? refuse('slot_ended') : undefined;
  const other = patientId === null ? undefined : state.patients.liveTokenIn(slot, patientId);
  if (other !== undefined) return refuseWith({ code: 'duplicate_booking', tokenId: other.id });
  if (state.hasEnded(slot, at)) return refuse('slot_ended');
  return slot.isClosed ? refuse('slot_closed') : undefined;
}

/** Gives a live token its status before the last change. Then it may be easier to bump than before (R8). */
function takeBack(
  state: EngineState,
  changeSet: ChangeSet,
  token: Token,
  kind: Undoable,
  now: Now,
): Others {
  changeSet.undo(token, kind, seatBefore(state, token, now));
  return { bumped: null, promoted: changeSet.yieldSeat(token) ?? null };
}

/** Lets a token that is over land in its slot by R2-R4, with its arrival and its number. */
function comeBack(
  state: EngineState,
  changeSet: ChangeSet,
  token: Token,
  kind: Undoable,
  now: Now,
): Others {
  const { victim, isSeated } = landingIn(token.slot, token.patientClass);
  if (victim !== undefined) changeSet.transition(victim, 'bumped', token.id);
  changeSet.undo(token, kind, isSeated ? seatBefore(state, token, now) : 'WAITING');
  return { bumped: victim ?? null, promoted: null };
}

/**
 * The status with a seat that a token had before its last change. It is `CHECKED_IN` instead of `IN_CONSULTATION` when
 * no room is free; a token that waited gets the status of a promoted one.
 */
function seatBefore(state: EngineState, token: Token, now: Now): SeatedStatus {
  const { doctor } = token.slot;
  const from = found(token.last.from ?? undefined, 'a change that can be undone starts somewhere');
  if (from === 'WAITING') return seatStatusOf(token);
  if (from !== 'IN_CONSULTATION') return from;
  const occupant = occupantOf(inConsultationWith(state, doctor, now), doctor, token.room);
  return occupant === undefined ? from : 'CHECKED_IN';
}
