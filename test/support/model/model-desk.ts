import {
  EMERGENCY,
  epochMs,
  nextStatuses,
  NO_DESK_FACTS,
  type EpochMs,
  type SlotFacts,
  type Status,
} from '../../../src/engine/index.ts';
import { dateOf, patientOf, type Action, type ActionOf } from './history.ts';
import { found } from '../engine/clinic.ts';
import { byRank, type Claim, type Model, type ModelAnswer, type ModelRefusal } from './model.ts';

type Refusal = ModelRefusal | undefined;

/** The model's answer to an action: its change records, or the refusal. */
export const answerOf = (model: Model, action: Action): ModelAnswer =>
  model.recorded(action.at, () => {
    switch (action.kind) {
      case 'book':
        return book(model, action);
      case 'cancel':
      case 'noShow':
      case 'checkIn':
      case 'start':
      case 'complete':
      case 'skip':
        return visit(model, action);
      case 'undo':
        return undo(model, action);
      case 'correct':
        return correct(model, action);
      case 'callNext':
        return callNext(model, action);
      case 'move':
        return move(model, action);
      case 'reclassify':
        return reclassify(model, action);
      case 'reviseSlot':
        return reviseSlot(model, action);
      case 'closeSlot':
        return closeSlot(model, action);
      case 'reopenSlot':
        return reopenSlot(model, action);
      case 'delayDay':
        return delayDay(model, action);
      case 'setBreak':
        return setBreak(model, action);
      case 'advanceTime':
        return advanceTime(model, action);
    }
  });

const TOKEN_NOT_FOUND: ModelRefusal = { code: 'token_not_found' };

function book(model: Model, action: ActionOf<'book'>): Refusal {
  const slot = model.slotAt(action.slot);
  const patient = patientOf(action.patient);
  const duplicate = claimOfPatient(model, patient, slot.id);
  if (duplicate !== undefined) return { code: 'duplicate_booking', tokenId: duplicate.id };
  const { token: id, name, type, at: bookedAt } = action;
  const newcomer: Claim = {
    ...{ id, name, patient, bookedAt, slot: slot.id, type, arrival: 0, number: 0 },
    ...{ status: 'WAITING', hasCheckedIn: false, room: null, last: { kind: 'booked', from: null } },
  };
  const refusal = model.refusalOf(newcomer, slot);
  if (refusal !== undefined) return refusal;
  const arrival = model.next(`arrival ${slot.doctorId}`);
  const number = model.next(`number ${slot.doctorId} ${slot.date}`);
  model.land('booked', { ...newcomer, arrival, number });
  return undefined;
}

/** R15: the live token of a patient in a slot, other than this one. */
const claimOfPatient = (
  model: Model,
  patient: string | null,
  slotId: string,
  self?: Claim,
): Claim | undefined =>
  patient === null
    ? undefined
    : model.claims.find(
        (claim) => claim !== self && claim.patient === patient && claim.slot === slotId,
      );

/** The commands on one token, with the kind of change and the status after it. */
const TOKEN_COMMANDS = {
  cancel: ['cancelled', 'CANCELLED'],
  noShow: ['no_show', 'NO_SHOW'],
  checkIn: ['checked_in', 'CHECKED_IN'],
  start: ['started', 'IN_CONSULTATION'],
  complete: ['completed', 'COMPLETED'],
  skip: ['skipped', 'SKIPPED'],
} as const;

function visit(model: Model, action: ActionOf<keyof typeof TOKEN_COMMANDS>): Refusal {
  const claim = model.claim(action.token);
  if (claim === undefined) return TOKEN_NOT_FOUND;
  const [kind, to] = TOKEN_COMMANDS[action.kind];
  const slot = model.slotOf(claim);
  const { at } = action;
  if (action.kind === 'checkIn' && model.isPast(slot, dateOf(at))) return { code: 'slot_ended' };
  const allowed: readonly Status[] = nextStatuses(claim.status);
  if (!allowed.includes(to)) return { code: 'invalid_transition', from: claim.status, allowed };
  const midnight = Date.parse(slot.date);
  if (action.kind === 'checkIn' && at < midnight)
    return { code: 'too_early', allowedFrom: midnight };
  const begins = slot.startTime + slot.startDelayMinutes * 60_000;
  const hadTurn = claim.status === 'SKIPPED' || claim.status === 'IN_CONSULTATION';
  if (action.kind === 'noShow' && !action.force && !hadTurn && at < begins)
    return { code: 'too_early', allowedFrom: begins };
  if (action.kind === 'start') {
    const here = inConsultationWith(model, slot.doctorId, at);
    const blocker = blockerOf(here, model.roomsOf(slot.doctorId), action.room);
    if (blocker !== undefined) return inProgress(blocker);
    model.start(claim, { ...NO_DESK_FACTS, room: action.room });
  } else if (action.kind === 'checkIn') model.checkIn(claim, dateOf(at));
  else model.transition(claim, kind, to);
  model.fill(slot, claim.id);
  model.restoreOrder(slot);
  return undefined;
}

const inProgress = ({ id }: Claim): ModelRefusal => ({
  code: 'consultation_in_progress',
  tokenId: id,
});

/** The claims in consultation with a doctor, by arrival; one of a past day does not count. */
export const inConsultationWith = (model: Model, doctor: string, at: EpochMs): Claim[] =>
  model.claims
    .filter((claim) => {
      const slot = model.slotOf(claim);
      const isWithDoctor = claim.status === 'IN_CONSULTATION' && slot.doctorId === doctor;
      return isWithDoctor && !model.isPast(slot, dateOf(at));
    })
    .sort((a, b) => a.arrival - b.arrival);

const inRoom = (claims: readonly Claim[], room: string | null): Claim | undefined =>
  room === null ? undefined : claims.find((claim) => claim.room === room);

/** R19: the claim because of which no patient can be called. */
const blockerOf = (here: readonly Claim[], rooms: number, room: string | null) =>
  inRoom(here, room) ?? (here.length < rooms ? undefined : here[0]);

/** R18: the booked and the checked-in claims of these slots in calling order; only checked-in ones are called. */
export function callingOrder(model: Model, slots: readonly SlotFacts[]): Claim[] {
  const toCall = slots.flatMap((slot) =>
    model.claimsIn(slot).filter(({ status }) => status === 'BOOKED' || status === 'CHECKED_IN'),
  );
  const isFirst = (claim: Claim): boolean => isCheckedIn(claim) && claim.type === EMERGENCY;
  return [...toCall.filter(isFirst).sort(byRank), ...toCall.filter((claim) => !isFirst(claim))];
}

const isCheckedIn = ({ status }: Claim): boolean => status === 'CHECKED_IN';

/** The slots of the day in time order, and those of earlier days that are not past. */
export const slotsOfDay = (model: Model, doctor: string, at: EpochMs): SlotFacts[] =>
  model
    .slotsOf(doctor)
    .filter((slot) => slot.date <= dateOf(at) && !model.isPast(slot, dateOf(at)));

function callNext(model: Model, action: ActionOf<'callNext'>): Refusal {
  const { at, room } = action;
  const { id: doctor, rooms } = model.doctorAt(action.doctor);
  const asked = action.slot === null ? null : model.slotAt(action.slot);
  if (asked !== null && asked.doctorId !== doctor) return { code: 'slot_not_found' };
  const slots = asked === null ? slotsOfDay(model, doctor, at) : [asked];
  const here = inConsultationWith(model, doctor, at);
  const onlyOne = room === null && here.length === 1;
  const meant = inRoom(here, room) ?? (rooms === 1 || onlyOne ? here[0] : undefined);
  const current = action.current === null ? undefined : meant;
  const blocker = blockerOf(
    here.filter((claim) => claim !== current),
    rooms,
    room,
  );
  if (blocker !== undefined) return inProgress(blocker);
  // A skip may give a checked-in patient a seat, who can be called then. So the model tries it and takes it back.
  const attempt = model.attempt(() => {
    if (current !== undefined && action.current !== null) {
      model.transition(
        current,
        action.current,
        action.current === 'completed' ? 'COMPLETED' : 'SKIPPED',
      );
      model.restoreOrder(model.slotOf(current));
    }
    return callingOrder(model, slots).find(isCheckedIn);
  });
  if (attempt === undefined) return { code: 'nobody_waiting' };
  model.start(attempt, { room, today: dateOf(at), calledFrom: asked?.id ?? null });
  return undefined;
}

/** The kinds that can be taken back, and the statuses that need a free room then. */
const UNDOABLE = ['checked_in', 'started', 'skipped', 'completed', 'no_show', 'cancelled'];

/** R22. */
function undo(model: Model, { token, at }: ActionOf<'undo'>): Refusal {
  const claim = model.anyClaim(token);
  if (claim === undefined) return TOKEN_NOT_FOUND;
  const slot = model.slotOf(claim);
  const { kind, from } = claim.last;
  const isDeparture = kind === 'no_show' || kind === 'cancelled';
  if (isDeparture) {
    const other = claimOfPatient(model, claim.patient, slot.id);
    if (other !== undefined) return { code: 'duplicate_booking', tokenId: other.id };
    if (model.hasEnded(slot)) return { code: 'slot_ended' };
    if (slot.closedReason !== null) return { code: 'slot_closed' };
  } else if (model.isPast(slot, dateOf(at))) return { code: 'slot_ended' };
  if (!UNDOABLE.includes(kind) || from === null)
    return { code: 'nothing_to_undo', lastChange: kind };
  const here = inConsultationWith(model, slot.doctorId, at);
  const isRoomFree = blockerOf(here, model.roomsOf(slot.doctorId), claim.room) === undefined;
  const waited = claim.hasCheckedIn ? 'CHECKED_IN' : 'BOOKED';
  const seat = from === 'WAITING' ? waited : from;
  const to = seat === 'IN_CONSULTATION' && !isRoomFree ? 'CHECKED_IN' : seat;
  if (isDeparture) model.makeRoom(claim, slot);
  model.undo(claim, isDeparture && !model.hasFreeSeat(slot) ? 'WAITING' : to);
  model.restoreOrder(slot);
  return undefined;
}

/** A correction changes neither place nor status; R15 holds for a live claim. */
function correct(model: Model, action: ActionOf<'correct'>): Refusal {
  const claim = model.anyClaim(action.token);
  if (claim === undefined) return TOKEN_NOT_FOUND;
  const patient = action.patient === undefined ? claim.patient : patientOf(action.patient);
  const isLive = model.claims.includes(claim);
  const other = isLive ? claimOfPatient(model, patient, claim.slot, claim) : undefined;
  if (other !== undefined) return { code: 'duplicate_booking', tokenId: other.id };
  model.correct(claim, action.name ?? claim.name, patient);
  return undefined;
}

/** R13: a patient's own move is a new arrival in the other slot. */
function move(model: Model, action: ActionOf<'move'>): Refusal {
  const claim = model.claim(action.token);
  if (claim === undefined) return TOKEN_NOT_FOUND;
  const target = model.slotAt(action.slot);
  const duplicate =
    claim.slot === target.id ? claim : claimOfPatient(model, claim.patient, target.id);
  if (duplicate !== undefined) return { code: 'duplicate_booking', tokenId: duplicate.id };
  const refusal = model.refusalOf(claim, target) ?? refusalOfReorder(claim);
  if (refusal !== undefined) return refusal;
  const old = model.slotOf(claim);
  moveOut(model, claim);
  model.fill(old, claim.id);
  moveIn(model, claim, target.id, model.next(`arrival ${target.doctorId}`));
  return undefined;
}

const refusalOfReorder = ({ status }: Claim): Refusal =>
  ['BOOKED', 'CHECKED_IN', 'SKIPPED', 'WAITING'].includes(status)
    ? undefined
    : { code: 'invalid_transition', from: status, allowed: nextStatuses(status) };

function moveOut(model: Model, claim: Claim): void {
  model.recordOf(claim, { kind: 'moved_out', from: claim.status });
  model.remove(claim);
}

/** The number stays on one doctor's day (R10); a check-in counts for one date. */
function moveIn(model: Model, claim: Claim, targetId: string, arrival: number): void {
  const [old, target] = [model.slotOf(claim), found(model.slots.get(targetId))];
  const isSameDate = old.date === target.date;
  const isSameDay = isSameDate && old.doctorId === target.doctorId;
  const number = isSameDay ? claim.number : model.next(`number ${target.doctorId} ${target.date}`);
  const hasCheckedIn = isSameDate && claim.hasCheckedIn;
  model.land('moved_in', { ...claim, slot: target.id, arrival, number, hasCheckedIn });
}

function reclassify(model: Model, action: ActionOf<'reclassify'>): Refusal {
  const claim = model.claim(action.token);
  if (claim === undefined) return TOKEN_NOT_FOUND;
  const refusal = refusalOfReorder(claim);
  if (refusal !== undefined || claim.type === action.type) return refusal;
  model.reclassify(claim, action.type);
  model.restoreOrder(model.slotOf(claim));
  return undefined;
}

function reviseSlot(model: Model, action: ActionOf<'reviseSlot'>): Refusal {
  const slot = model.slotAt(action.slot);
  if (model.hasEnded(slot)) return { code: 'slot_ended' };
  if (slot.closedReason !== null) return { code: 'slot_closed' };
  const { capacity = slot.capacity, delayMinutes = slot.delayMinutes } = action;
  const { intake = slot.intake } = action;
  const unbumpable = model
    .claimsIn(slot)
    .filter(({ status }) => status === 'IN_CONSULTATION' || status === 'COMPLETED');
  if (unbumpable.length > capacity)
    return { code: 'capacity_below_seated', count: unbumpable.length };
  model.resize({ ...model.delayed(slot, delayMinutes), capacity, intake });
  return undefined;
}

/** R13: the patients of a closed slot move in rank order and keep their arrival within the doctor's slots. */
function closeSlot(model: Model, action: ActionOf<'closeSlot'>): Refusal {
  const indexes = [action.slot, ...(action.moveTo === null ? [] : [action.moveTo])];
  const slots = indexes.map((index) => model.slotAt(index));
  const [slot, target] = slots;
  if (slots.some((each) => model.hasEnded(each))) return { code: 'slot_ended' };
  if (slot === undefined || slot === target || slots.some(({ closedReason }) => closedReason))
    return { code: 'slot_closed' };
  model.revise({ ...slot, closedReason: 'ill' });
  for (const claim of model.claimsIn(slot)) {
    if (refusalOfReorder(claim) !== undefined) continue;
    if (target === undefined || claimOfPatient(model, claim.patient, target.id) !== undefined)
      model.transition(claim, 'cancelled', 'CANCELLED');
    else {
      const isSameDoctor = slot.doctorId === target.doctorId;
      const arrival = isSameDoctor ? claim.arrival : model.next(`arrival ${target.doctorId}`);
      moveOut(model, claim);
      moveIn(model, claim, target.id, arrival);
    }
  }
  return undefined;
}

/** R24: a slot that the hospital has closed. */
function reopenSlot(model: Model, action: ActionOf<'reopenSlot'>): Refusal {
  const slot = model.slotAt(action.slot);
  if (model.hasEnded(slot)) return { code: 'slot_ended' };
  model.revise({ ...slot, closedReason: null });
  return undefined;
}

function setBreak(model: Model, { doctor, minutes, at }: ActionOf<'setBreak'>): Refusal {
  model.setBreak(model.doctorAt(doctor).id, minutes === 0 ? null : epochMs(at + minutes * 60_000));
  return undefined;
}

function delayDay(model: Model, action: ActionOf<'delayDay'>): Refusal {
  for (const slot of model.slotsOf(model.doctorAt(action.doctor).id))
    if (slot.date === action.date && model.isOpen(slot))
      model.revise(model.delayed(slot, action.minutes));
  return undefined;
}

/** R11: when a slot ends, its waiting claims expire. */
function advanceTime(model: Model, action: ActionOf<'advanceTime'>): Refusal {
  for (const slot of model.slotsOf(model.doctorAt(action.doctor).id))
    if (model.hasEnded(slot)) model.expireWaiting(slot);
  return undefined;
}
