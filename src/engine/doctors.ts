import { ChangeSet } from './change-set.ts';
import type {
  Announce,
  ClosedSlot,
  EndLeave,
  HolidaysPut,
  LeaveTaken,
  Outcome,
  PutHolidays,
  RetireDoctor,
  TakeLeave,
} from './command.ts';
import type { Doctor } from './doctor.ts';
import {
  byFirstDate,
  HOSPITAL,
  hospitalFacts,
  isDoctor,
  isOnLeave,
  type DoctorFacts,
  type Leave,
} from './doctor-facts.ts';
import type { DoctorId, EpochMs, LocalDate } from './ids.ts';
import { found } from './invariant.ts';
import { closeSlots, refusalOfTargets } from './moving.ts';
import {
  addedLeaves,
  revisedSessions,
  sameDoctor,
  slotsOnLeave,
  slotsToOpen,
  slotsToRevise,
  type Calendar,
} from './plan.ts';
import { refuse, refuseWith } from './refusal.ts';
import type { Slot, Token } from './slot.ts';
import { ON_LEAVE, SESSION_ENDED, type SlotFacts } from './slot-facts.ts';
import type { EngineState } from './state.ts';
import { isWithHospital } from './status.ts';

// Commands that add or change doctors, their sessions and their leaves, and the hospital's holidays.

/** See `AllocationEngine.putDoctor`. */
export function putDoctor(
  state: EngineState,
  facts: DoctorFacts,
  planned: readonly SlotFacts[],
  at: EpochMs,
): Outcome<Doctor> {
  if (state.ids.taken([{ facts, planned }]).length > 0) return refuse('id_taken');
  const changeSet = new ChangeSet(state, at);
  const doctor = follow(state, changeSet, facts, planned, at);
  return { ok: true, changes: changeSet.changes, value: doctor };
}

/** See `AllocationEngine.openSlots`. */
export function openSlots(
  state: EngineState,
  doctorId: DoctorId,
  planned: readonly SlotFacts[],
  at: EpochMs,
): Outcome<readonly SlotFacts[]> {
  const doctor = state.doctor(doctorId);
  if (doctor === undefined) return refuse('doctor_not_found');
  const calendar = calendarOf(state, doctor.facts, planned, at);
  const opened = slotsToOpen(calendar, state.ids);
  const changeSet = new ChangeSet(state, at);
  for (const slot of [...opened, ...slotsToRevise(doctor.slots, calendar, new Set())])
    changeSet.setSlot(slot);
  return { ok: true, changes: changeSet.changes, value: opened };
}

/** See `AllocationEngine.retireDoctor`. */
export function retireDoctor(state: EngineState, command: RetireDoctor): Outcome<Doctor> {
  const { doctorId, today, at } = command;
  const doctor = state.doctor(doctorId);
  if (doctor === undefined || !isDoctor(doctor.facts)) return refuse('doctor_not_found');
  const expected = tokensToSee(state, doctor, today, at);
  const [first] = expected;
  if (first !== undefined)
    return refuseWith({ code: 'doctor_in_use', tokenId: first.id, count: expected.length });
  const changeSet = new ChangeSet(state, at);
  follow(state, changeSet, { ...doctor.facts, isRetired: true }, [], at);
  return { ok: true, changes: changeSet.changes, value: doctor };
}

/** The tokens of the slots that are not past whose patients have not been seen. */
const tokensToSee = (state: EngineState, { slots }: Doctor, today: LocalDate, at: EpochMs) =>
  slots
    .filter(({ facts }) => !state.isPast(facts, today, at))
    .flatMap((slot): Token[] => slot.tokens().filter(({ status }) => isWithHospital(status)));

/** See `AllocationEngine.takeLeave`. */
export function takeLeave(state: EngineState, command: TakeLeave): Outcome<LeaveTaken> {
  const { doctorId, leave, moveTo, at } = command;
  const doctor = state.doctor(doctorId);
  if (doctor === undefined || !isDoctor(doctor.facts)) return refuse('doctor_not_found');
  const { facts } = doctor;
  if (moveTo !== null && state.resolveSlot(moveTo, at) === undefined)
    return refuse('slot_not_found');
  const calendar = calendarOf(state, facts, [], at);
  const closing = slotsOnLeave(doctor.slots, [leave], calendar);
  const except = new Set(closing);
  const closings = closing.map((slot) => {
    const target = moveTo === null ? null : state.resolveSlot(moveTo, at, { after: slot, except });
    return { slot, target: target ?? null };
  });
  const targets = closings.flatMap(({ target }) => target ?? []);
  const refusal = refusalOfTargets(state, targets, at, except);
  if (refusal !== undefined) return refusal;

  const changeSet = new ChangeSet(state, at);
  changeSet.setDoctor({ ...facts, leaves: [...facts.leaves, leave].sort(byFirstDate) });
  const closed = closeSlots(state, changeSet, closings, ON_LEAVE);
  return { ok: true, changes: changeSet.changes, value: { doctor, leave, closed } };
}

/** See `AllocationEngine.endLeave`. */
export function endLeave(state: EngineState, command: EndLeave): Outcome<readonly Slot[]> {
  const { doctorId, leaveId, planned, at } = command;
  const doctor = state.doctor(doctorId);
  if (doctor === undefined || !isDoctor(doctor.facts)) return refuse('doctor_not_found');
  const leave = doctor.facts.leaves.find(({ id }) => id === leaveId);
  if (leave === undefined) return refuse('leave_not_found');
  const changeSet = new ChangeSet(state, at);
  const leaves = doctor.facts.leaves.filter((each) => each !== leave);
  const facts = { ...doctor.facts, leaves };
  changeSet.setDoctor(facts);
  const opened = openDates(state, changeSet, calendarOf(state, facts, planned, at), [leave]);
  return { ok: true, changes: changeSet.changes, value: opened };
}

/** See `AllocationEngine.putHolidays`. */
export function putHolidays(state: EngineState, command: PutHolidays): Outcome<HolidaysPut> {
  const { planned, at } = command;
  const before = state.doctor(HOSPITAL)?.facts ?? hospitalFacts([]);
  const hospital = hospitalFacts(command.holidays, before.announcement);
  const added = addedLeaves(before.leaves, hospital.leaves);
  const removed = addedLeaves(hospital.leaves, before.leaves);
  const changeSet = new ChangeSet(state, at);
  const closed: ClosedSlot[] = [];
  const opened: Slot[] = [];
  if (!sameDoctor(before, hospital)) changeSet.setDoctor(hospital);
  for (const doctor of [...state.doctors].filter(({ facts }) => isDoctor(facts))) {
    const calendar = calendarOf(state, doctor.facts, planned.get(doctor.facts.id) ?? [], at);
    const closing = slotsOnLeave(doctor.slots, added, calendar);
    const closings = closing.map((slot) => ({ slot, target: null }));
    closed.push(...closeSlots(state, changeSet, closings, ON_LEAVE));
    opened.push(...openDates(state, changeSet, calendar, removed));
  }
  return { ok: true, changes: changeSet.changes, value: { closed, opened } };
}

/** See `AllocationEngine.announce`. */
export function announce(state: EngineState, { text, at }: Announce): Outcome<string | null> {
  const before = state.doctor(HOSPITAL)?.facts ?? hospitalFacts([]);
  const hospital = hospitalFacts(before.leaves, text ?? undefined);
  const changeSet = new ChangeSet(state, at);
  if (!sameDoctor(before, hospital)) changeSet.setDoctor(hospital);
  return { ok: true, changes: changeSet.changes, value: text };
}

/**
 * Sets a doctor's facts and lets the slots follow: missing slots are opened, slots that do not match the sessions are
 * changed or kept (R25), and the slots on the dates of new leaves are closed and their patients cancelled (R24).
 */
function follow(
  state: EngineState,
  changeSet: ChangeSet,
  facts: DoctorFacts,
  planned: readonly SlotFacts[],
  at: EpochMs,
): Doctor {
  const before = state.doctor(facts.id)?.facts;
  if (before === undefined || !sameDoctor(before, facts)) changeSet.setDoctor(facts);
  const doctor = found(state.doctor(facts.id), 'a doctor that was added is in memory');
  const calendar = calendarOf(state, facts, planned, at);
  const revised = revisedSessions(before ?? facts, facts);
  const slots = slotsToRevise(doctor.slots, calendar, revised);
  for (const slot of [...slotsToOpen(calendar, state.ids), ...slots]) changeSet.setSlot(slot);
  const added = addedLeaves(before?.leaves ?? [], facts.leaves);
  const closings = slotsOnLeave(doctor.slots, added, calendar);
  const closed = closings.map((slot) => ({ slot, target: null }));
  closeSlots(state, changeSet, closed, ON_LEAVE);
  return doctor;
}

/** Opens the slots on dates that are free again: those that were closed, but not by the hospital, and those that never existed. */
function openDates(
  state: EngineState,
  changeSet: ChangeSet,
  calendar: Calendar,
  dates: readonly Leave[],
): Slot[] {
  const isFreed = ({ date }: SlotFacts): boolean => isOnLeave(dates, date);
  const doctor = found(state.doctor(calendar.doctor.id), 'the doctor of a calendar is in memory');
  // A single slot that closed with its retired doctor stays closed on a date of leave, also when the doctor is back.
  const own = doctor.slots.filter(
    ({ facts }) => isFreed(facts) && [ON_LEAVE, SESSION_ENDED].includes(facts.closedReason ?? ''),
  );
  const opened = slotsToOpen(calendar, state.ids).filter(isFreed);
  const changed = [...slotsToRevise(own, calendar, new Set()), ...opened];
  for (const slot of changed) changeSet.setSlot(slot);
  return changed
    .map(({ id }) => found(state.slot(id), 'a slot that was opened is in memory'))
    .filter((slot) => !slot.isClosed);
}

const calendarOf = (
  state: EngineState,
  doctor: DoctorFacts,
  planned: readonly SlotFacts[],
  at: EpochMs,
): Calendar => ({
  doctor,
  holidays: holidaysOf(state),
  planned,
  at,
  graceMinutes: state.rules.graceMinutes,
});

const holidaysOf = (state: EngineState): readonly Leave[] =>
  state.doctor(HOSPITAL)?.facts.leaves ?? [];
