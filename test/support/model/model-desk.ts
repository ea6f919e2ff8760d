import { nextStatuses, type Status } from '../../../src/engine/index.ts';
import { dateOf, doctorAt, slotAt, type Action, type ActionOf } from './history.ts';
import { found } from '../engine/clinic.ts';
import { priorityOf, type Claim, type Model } from './model.ts';

type Refusal = object | undefined;

/** What the rules answer to an action: its change records, or the refusal. */
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
      case 'passTime':
        return passTime(model, action);
    }
  });

const NOBODY = { code: 'token_not_found' };

function book(model: Model, action: ActionOf<'book'>): Refusal {
  const slot = found(model.slots.get(slotAt(action.slot).id));
  const patient = action.patient === null ? null : `p${action.patient}`;
  const first = sameIn(model, patient, slot.id);
  if (first !== undefined) return { code: 'duplicate_booking', tokenId: first.id };
  const { token: id, type, at: bookedAt } = action;
  const newcomer: Claim = {
    ...{ id, patient, bookedAt, slot: slot.id, type, arrival: 0, number: 0 },
    ...{ status: 'WAITING', hasCheckedIn: false },
  };
  const refusal = model.refusalOf(newcomer, slot);
  if (refusal !== undefined) return refusal;
  newcomer.arrival = model.next(`arrival ${slot.doctorId}`);
  newcomer.number = model.next(`number ${slot.doctorId} ${slot.date}`);
  model.arrive('booked', newcomer);
  return undefined;
}

/** R15: the live token of a patient in a slot. */
const sameIn = (model: Model, patient: string | null, slotId: string): Claim | undefined =>
  model.claims.find(
    (claim) => patient !== null && claim.patient === patient && claim.slot === slotId,
  );

/** What each of the front desk's buttons makes of a token. */
const BUTTONS = {
  cancel: ['cancelled', 'CANCELLED'],
  noShow: ['no_show', 'NO_SHOW'],
  checkIn: ['checked_in', 'CHECKED_IN'],
  start: ['started', 'IN_CONSULTATION'],
  complete: ['completed', 'COMPLETED'],
} as const;

function visit(model: Model, action: ActionOf<keyof typeof BUTTONS>): Refusal {
  const claim = model.claim(action.token);
  if (claim === undefined) return NOBODY;
  const [kind, to] = BUTTONS[action.kind];
  const allowed: readonly Status[] = nextStatuses(claim.status);
  if (!allowed.includes(to)) return { code: 'invalid_transition', from: claim.status, allowed };
  const slot = model.slotOf(claim);
  const allowedFrom = slot.startTime + slot.delayMinutes * 60_000;
  if (action.kind === 'noShow' && !action.force && action.at < allowedFrom)
    return { code: 'too_early', allowedFrom };
  const current = currentOf(model, slot.doctorId, action);
  if (action.kind === 'start' && current !== undefined)
    return { code: 'consultation_in_progress', tokenId: current.id };
  model.go(claim, kind, to);
  model.fill(slot, claim.id);
  return undefined;
}

/** Who is with the doctor, days gone by apart. */
const currentOf = (model: Model, doctor: string, { at }: Action): Claim | undefined =>
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
  const current = currentOf(model, doctor, action);
  if (current !== undefined && !action.completeCurrent)
    return { code: 'consultation_in_progress', tokenId: current.id };
  const today = dateOf(action.at);
  const isOfToday = (slot: (typeof slots)[number]): boolean =>
    asked !== null || (slot.date <= today && !model.isPast(slot, today));
  const line = slots.filter(isOfToday).flatMap((slot) => model.in(slot));
  const next = line.find(({ status }) => status === 'CHECKED_IN');
  if (next === undefined) return { code: 'nobody_waiting' };
  if (current !== undefined) model.go(current, 'completed', 'COMPLETED');
  model.go(next, 'started', 'IN_CONSULTATION');
  return undefined;
}

/** R13, a patient's own: a new arrival in the other slot. */
function move(model: Model, action: ActionOf<'move'>): Refusal {
  const claim = model.claim(action.token);
  if (claim === undefined) return NOBODY;
  const target = found(model.slots.get(slotAt(action.slot).id));
  const there = claim.slot === target.id ? claim : sameIn(model, claim.patient, target.id);
  if (there !== undefined) return { code: 'duplicate_booking', tokenId: there.id };
  const refusal = model.refusalOf(claim, target) ?? refusalOfReorder(claim);
  if (refusal !== undefined) return refusal;
  const old = model.slotOf(claim);
  leave(model, claim);
  model.fill(old, claim.id);
  enter(model, claim, target.id, model.next(`arrival ${target.doctorId}`));
  return undefined;
}

const refusalOfReorder = ({ status }: Claim): Refusal =>
  ['BOOKED', 'CHECKED_IN', 'WAITING'].includes(status)
    ? undefined
    : { code: 'invalid_transition', from: status, allowed: nextStatuses(status) };

function leave(model: Model, claim: Claim): void {
  model.about(claim, { kind: 'moved_out', from: claim.status });
  model.remove(claim);
}

/** The number stays on one doctor's day (R10), the presence on one date. */
function enter(model: Model, claim: Claim, targetId: string, arrival: number): void {
  const [old, target] = [model.slotOf(claim), found(model.slots.get(targetId))];
  const isSameDate = old.date === target.date;
  const isSameDay = isSameDate && old.doctorId === target.doctorId;
  const number = isSameDay ? claim.number : model.next(`number ${target.doctorId} ${target.date}`);
  const hasCheckedIn = isSameDate && claim.hasCheckedIn;
  model.arrive('moved_in', { ...claim, slot: target.id, arrival, number, hasCheckedIn });
}

function reclassify(model: Model, action: ActionOf<'reclassify'>): Refusal {
  const claim = model.claim(action.token);
  if (claim === undefined) return NOBODY;
  const refusal = refusalOfReorder(claim);
  if (refusal !== undefined || claim.type === action.type) return refusal;
  claim.type = action.type;
  const priority = priorityOf(claim);
  const patientType = action.type;
  model.about(claim, { kind: 'reclassified', from: claim.status, patientType, priority });
  model.settle(model.slotOf(claim));
  return undefined;
}

function reviseSlot(model: Model, action: ActionOf<'reviseSlot'>): Refusal {
  const slot = found(model.slots.get(slotAt(action.slot).id));
  if (model.hasEnded(slot)) return { code: 'slot_ended' };
  if (slot.closedReason !== null) return { code: 'slot_closed' };
  const { capacity = slot.capacity, delayMinutes = slot.delayMinutes } = action;
  const fixed = model
    .in(slot)
    .filter(({ status }) => status === 'IN_CONSULTATION' || status === 'COMPLETED');
  if (fixed.length > capacity) return { code: 'capacity_below_seated', count: fixed.length };
  model.resize({ ...slot, capacity, delayMinutes });
  return undefined;
}

/** R13, the hospital's: a closed slot's patients go in rank order, and keep their arrival within the doctor's slots. */
function closeSlot(model: Model, action: ActionOf<'closeSlot'>): Refusal {
  const ids = [action.slot, ...(action.moveTo === null ? [] : [action.moveTo])];
  const slots = ids.map((index) => found(model.slots.get(slotAt(index).id)));
  const [slot, target] = slots;
  if (slots.some((each) => model.hasEnded(each))) return { code: 'slot_ended' };
  if (slot === undefined || slot === target || slots.some(({ closedReason }) => closedReason))
    return { code: 'slot_closed' };
  model.revise({ ...slot, closedReason: 'ill' });
  for (const claim of model.in(slot)) {
    if (refusalOfReorder(claim) !== undefined) continue;
    if (target === undefined || sameIn(model, claim.patient, target.id) !== undefined)
      model.go(claim, 'cancelled', 'CANCELLED');
    else {
      const isKept = slot.doctorId === target.doctorId;
      const arrival = isKept ? claim.arrival : model.next(`arrival ${target.doctorId}`);
      leave(model, claim);
      enter(model, claim, target.id, arrival);
    }
  }
  return undefined;
}

function delayDay(model: Model, action: ActionOf<'delayDay'>): Refusal {
  for (const slot of model.slotsOf(doctorAt(action.doctor)))
    if (slot.date === action.date && model.isOpen(slot))
      model.revise({ ...slot, delayMinutes: action.minutes });
  return undefined;
}

/** R11: who still waits when a slot ends is expired. */
function passTime(model: Model, action: ActionOf<'passTime'>): Refusal {
  for (const slot of model.slotsOf(doctorAt(action.doctor)))
    if (model.hasEnded(slot))
      for (const claim of model.waiting(slot)) model.go(claim, 'expired', 'EXPIRED');
  return undefined;
}
