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
  ReopenSlot,
} from './command.ts';
import { found } from './invariant.ts';
import { refuse, refuseFrom, refuseWith, type Refused } from './refusal.ts';
import type { Slot, Token } from './slot.ts';
import { followingSession, SESSION_ENDED } from './slot-facts.ts';
import type { EngineState } from './state.ts';
import { awaitsConsultation } from './status.ts';

// Commands that change a token's place in the order: another slot, another class, the closing of a slot.

/** See `AllocationEngine.move`. */
export function move(state: EngineState, { tokenId, slotId, at }: Move): Outcome<Reordered> {
  const target = state.resolveSlot(slotId, at);
  if (target === undefined && !state.isSessionOver(slotId, at)) return refuse('slot_not_found');
  const token = state.token(tokenId);
  if (token === undefined) return refuse('token_not_found');
  if (target === undefined) return refuse('slot_ended');
  const duplicate = token.slot === target ? token : otherTokenOfPatient(state, token, target);
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
  return reordered(state, changeSet, token, { bumped, promoted });
}

/** See `AllocationEngine.reclassify`. */
export function reclassify(state: EngineState, command: Reclassify): Outcome<Reordered> {
  const token = state.token(command.tokenId);
  if (token === undefined) return refuse('token_not_found');
  const refusal = refusalOfReorder(token);
  if (refusal !== undefined) return refusal;
  const changeSet = new ChangeSet(state, command.at);
  const patientClass = state.classes.classOf(command.patientType);
  if (token.patientClass === patientClass) return reordered(state, changeSet, token);

  const { slot } = token;
  changeSet.fillSeats(slot);
  changeSet.reclassify(token, patientClass);
  // Only this token's rank has changed. So at most one exchange follows: the token now bumps another one, or the
  // first waiting token now bumps it (R8).
  if (token.status === 'WAITING') {
    const bumped = changeSet.exchange(slot, token);
    return reordered(state, changeSet, token, { bumped });
  }
  return reordered(state, changeSet, token, { promoted: changeSet.yieldSeat(token) });
}

/** See `AllocationEngine.closeSlot`. */
export function closeSlot(state: EngineState, command: CloseSlot): Outcome<ClosedSlot> {
  const { at, moveTo } = command;
  const slot = state.slot(command.slotId);
  if (slot === undefined) return refuse('slot_not_found');
  const target = moveTo === null ? null : state.resolveSlot(moveTo, at, { after: slot });
  const isOver = moveTo !== null && state.isSessionOver(moveTo, at);
  if (target === undefined) return refuse(isOver ? 'slot_ended' : 'slot_not_found');
  const targets = target === null ? [] : [target];
  if (state.hasEnded(slot, at)) return refuse('slot_ended');
  const refusal = refusalOfTargets(state, targets, at, new Set([slot]));
  if (refusal?.refusal.code === 'slot_ended') return refusal;
  if (slot.isClosed) return refuse('slot_closed');
  if (refusal !== undefined) return refusal;

  const changeSet = new ChangeSet(state, at);
  const [closed] = closeSlots(state, changeSet, [{ slot, target }], command.reason);
  const value = found(closed, 'a slot that was closed is in the answer');
  return { ok: true, changes: changeSet.changes, value };
}

/**
 * Why patients cannot be moved to these slots (R11, R25); undefined when they can.
 * @param closing the slots that the command closes: a slot cannot take its own patients
 */
export function refusalOfTargets(
  state: EngineState,
  targets: readonly Slot[],
  at: CloseSlot['at'],
  closing: ReadonlySet<Slot>,
): Refused | undefined {
  if (targets.some((target) => state.hasEnded(target, at))) return refuse('slot_ended');
  if (targets.some((target) => target.isClosed || closing.has(target)))
    return refuse('slot_closed');
  return targets.some(({ facts }) => facts.kept !== null) ? refuse('intake_closed') : undefined;
}

/** A slot to close, and the slot that gets its patients; null when they are cancelled. */
export interface Closing {
  readonly slot: Slot;
  readonly target: Slot | null;
}

/** Closes slots and moves or cancels their patients (R13). All are closed before the first patient moves. */
export function closeSlots(
  state: EngineState,
  changeSet: ChangeSet,
  closings: readonly Closing[],
  closedReason: string,
): ClosedSlot[] {
  for (const target of new Set(closings.flatMap(({ target }) => target ?? [])))
    changeSet.fillSeats(target);
  for (const { slot } of closings) changeSet.setSlot({ ...slot.facts, closedReason });
  return closings.map((closing) => moveAll(state, changeSet, closing));
}

/** Moves or cancels the patients of a slot that is closed. */
function moveAll(state: EngineState, changeSet: ChangeSet, { slot, target }: Closing): ClosedSlot {
  const bumped: Token[] = [];
  // The tokens move in rank order, so that no moved token is bumped by one that moves later.
  const affected = slot.tokens().flatMap((token) => {
    const outcome = outcomeOf(state, token, target);
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
  return { slot, affected, bumped };
}

/** See `AllocationEngine.reopenSlot`. */
export function reopenSlot(state: EngineState, { slotId, at }: ReopenSlot): Outcome<Slot> {
  const slot = state.slot(slotId);
  if (slot === undefined) return refuse('slot_not_found');
  if (state.hasEnded(slot, at)) return refuse('slot_ended');
  const { closedReason, kept } = slot.facts;
  const changeSet = new ChangeSet(state, at);
  if (closedReason === null) return { ok: true, changes: changeSet.changes, value: slot };
  // The doctor does not sit in the slot any more: its session yields nothing on this date (R25).
  if (closedReason === SESSION_ENDED || kept?.replacement === null) return refuse('slot_closed');
  const opened = { ...slot.facts, closedReason: null };
  const follows = slot.isEmpty && kept !== null;
  const facts = follows ? followingSession(opened, at, state.rules.graceMinutes) : opened;
  if (facts.closedReason !== null) return refuse('slot_closed');
  changeSet.setSlot(facts);
  changeSet.fillSeats(slot);
  return { ok: true, changes: changeSet.changes, value: slot };
}

/** What the closing does to a token; undefined for a completed token, which it does not affect. */
function outcomeOf(
  state: EngineState,
  token: Token,
  target: Slot | null,
): ClosingOutcome | undefined {
  if (token.status === 'COMPLETED') return undefined;
  if (token.status === 'IN_CONSULTATION') return 'stays';
  const isMoved = target !== null && otherTokenOfPatient(state, token, target) === undefined;
  return isMoved ? 'moved' : 'cancelled_by_hospital';
}

const otherTokenOfPatient = (
  { patients }: EngineState,
  { patientId }: Token,
  slot: Slot,
): Token | undefined => (patientId === null ? undefined : patients.liveTokenIn(slot, patientId));

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

/** The outcome of a move or a reclassification: the token as it is now, and the others that lost or got a seat. */
function reordered(
  state: EngineState,
  { changes }: ChangeSet,
  { id }: Token,
  { bumped, promoted }: { bumped?: Token | undefined; promoted?: Token | undefined } = {},
): Outcome<Reordered> {
  const token = found(state.anyToken(id), 'a moved or reclassified token is in the index');
  return {
    ok: true,
    changes,
    value: { token, bumped: bumped ?? null, promoted: promoted ?? null },
  };
}
