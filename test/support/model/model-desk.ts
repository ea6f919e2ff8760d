import { nextStatuses, type Status } from '../../../src/engine/index.ts';
import { dateOf, doctorAt, slotAt, type Action, type ActionOf } from './history.ts';
import { found } from '../engine/clinic.ts';
import { priorityOf, type Claim, type Model } from './model.ts';

type Refusal = object | undefined;

/** The model's answer to an action: its change records, or the refusal. */
export const answerOf = (model: Model, action: Action): object =>
  model.recorded(action.at, () => {
    switch (action.kind) {
      case 'book':
        return book(model, action);
      case 'cancel':
      case 'noShow':
      case 'checkIn':
      case 'start':
      case 'complete':
        return visit(model, action);
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
      case 'delayDay':
        return delayDay(model, action);
      case 'advanceTime':
        return advanceTime(model, action);
    }
  });

const TOKEN_NOT_FOUND = { code: 'token_not_found' };

function book(model: Model, action: ActionOf<'book'>): Refusal {
  const slot = found(model.slots.get(slotAt(action.slot).id));
  const patient = action.patient === null ? null : `p${action.patient}`;
  const duplicate = claimOfPatient(model, patient, slot.id);
  if (duplicate !== undefined) return { code: 'duplicate_booking', tokenId: duplicate.id };
  const { token: id, type, at: bookedAt } = action;
  const newcomer: Claim = {
    ...{ id, patient, bookedAt, slot: slot.id, type, arrival: 0, number: 0 },
    ...{ status: 'WAITING', hasCheckedIn: false },
  };
  const refusal = model.refusalOf(newcomer, slot);
  if (refusal !== undefined) return refusal;
  newcomer.arrival = model.next(`arrival ${slot.doctorId}`);
  newcomer.number = model.next(`number ${slot.doctorId} ${slot.date}`);
  model.land('booked', newcomer);
  return undefined;
}

/** R15: the live token of a patient in a slot. */
const claimOfPatient = (model: Model, patient: string | null, slotId: string): Claim | undefined =>
  model.claims.find(
    (claim) => patient !== null && claim.patient === patient && claim.slot === slotId,
  );

/** The commands on one token, with the kind of change and the status after it. */
const TOKEN_COMMANDS = {
  cancel: ['cancelled', 'CANCELLED'],
  noShow: ['no_show', 'NO_SHOW'],
  checkIn: ['checked_in', 'CHECKED_IN'],
  start: ['started', 'IN_CONSULTATION'],
  complete: ['completed', 'COMPLETED'],
} as const;

function visit(model: Model, action: ActionOf<keyof typeof TOKEN_COMMANDS>): Refusal {
  const claim = model.claim(action.token);
  if (claim === undefined) return TOKEN_NOT_FOUND;
  const [kind, to] = TOKEN_COMMANDS[action.kind];
  const allowed: readonly Status[] = nextStatuses(claim.status);
  if (!allowed.includes(to)) return { code: 'invalid_transition', from: claim.status, allowed };
  const slot = model.slotOf(claim);
  const allowedFrom = slot.startTime + slot.startDelayMinutes * 60_000;
  if (action.kind === 'noShow' && !action.force && action.at < allowedFrom)
    return { code: 'too_early', allowedFrom };
  const current = inConsultationWith(model, slot.doctorId, action);
  if (action.kind === 'start' && current !== undefined)
    return { code: 'consultation_in_progress', tokenId: current.id };
  model.transition(claim, kind, to);
  model.fill(slot, claim.id);
  return undefined;
}

/** The claim in consultation with a doctor; one of a past day does not count. */
const inConsultationWith = (model: Model, doctor: string, { at }: Action): Claim | undefined =>
  model.claims.find((claim) => {
    const slot = model.slotOf(claim);
    const isWithDoctor = claim.status === 'IN_CONSULTATION' && slot.doctorId === doctor;
    return isWithDoctor && !model.isPast(slot, dateOf(at));
  });

function callNext(model: Model, action: ActionOf<'callNext'>): Refusal {
  const doctor = doctorAt(action.doctor);
  const asked = action.slot === null ? null : slotAt(action.slot).id;
  const slots = model.slotsOf(doctor).filter(({ id }) => asked === null || id === asked);
  if (slots.length === 0) return { code: 'slot_not_found' };
  const current = inConsultationWith(model, doctor, action);
  if (current !== undefined && !action.completeCurrent)
    return { code: 'consultation_in_progress', tokenId: current.id };
  const today = dateOf(action.at);
  const isOfToday = (slot: (typeof slots)[number]): boolean =>
    asked !== null || (slot.date <= today && !model.isPast(slot, today));
  const claims = slots.filter(isOfToday).flatMap((slot) => model.claimsIn(slot));
  const next = claims.find(({ status }) => status === 'CHECKED_IN');
  if (next === undefined) return { code: 'nobody_waiting' };
  if (current !== undefined) model.transition(current, 'completed', 'COMPLETED');
  model.transition(next, 'started', 'IN_CONSULTATION');
  return undefined;
}

/** R13: a patient's own move is a new arrival in the other slot. */
function move(model: Model, action: ActionOf<'move'>): Refusal {
  const claim = model.claim(action.token);
  if (claim === undefined) return TOKEN_NOT_FOUND;
  const target = found(model.slots.get(slotAt(action.slot).id));
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
  ['BOOKED', 'CHECKED_IN', 'WAITING'].includes(status)
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
  claim.type = action.type;
  const priority = priorityOf(claim);
  const patientType = action.type;
  model.recordOf(claim, { kind: 'reclassified', from: claim.status, patientType, priority });
  model.restoreOrder(model.slotOf(claim));
  return undefined;
}

function reviseSlot(model: Model, action: ActionOf<'reviseSlot'>): Refusal {
  const slot = found(model.slots.get(slotAt(action.slot).id));
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
  const slots = indexes.map((index) => found(model.slots.get(slotAt(index).id)));
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

function delayDay(model: Model, action: ActionOf<'delayDay'>): Refusal {
  for (const slot of model.slotsOf(doctorAt(action.doctor)))
    if (slot.date === action.date && model.isOpen(slot))
      model.revise(model.delayed(slot, action.minutes));
  return undefined;
}

/** R11: when a slot ends, its waiting claims expire. */
function advanceTime(model: Model, action: ActionOf<'advanceTime'>): Refusal {
  for (const slot of model.slotsOf(doctorAt(action.doctor)))
    if (model.hasEnded(slot))
      for (const claim of model.waiting(slot)) model.transition(claim, 'expired', 'EXPIRED');
  return undefined;
}
