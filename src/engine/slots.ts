import { ChangeSet } from './change-set.ts';
import type { DelayDay, Outcome, RevisedSlot, ReviseSlot } from './command.ts';
import { Doctor } from './doctor.ts';
import type { DoctorFacts } from './doctor-facts.ts';
import type { DoctorId, EpochMs } from './ids.ts';
import { found } from './invariant.ts';
import { sameDoctor, slotsToOpen, slotsToRevise } from './plan.ts';
import { refuse, refuseWith } from './refusal.ts';
import type { Slot, Token } from './slot.ts';
import { endsAt, type SlotFacts } from './slot-facts.ts';
import type { EngineState } from './state.ts';

// Commands that add or change doctors and slots, also while patients have tokens in them.

/** See `AllocationEngine.putDoctor`. */
export function putDoctor(
  state: EngineState,
  facts: DoctorFacts,
  planned: readonly SlotFacts[],
  at: EpochMs,
): Outcome<Doctor> {
  if (state.ids.taken([{ facts, planned }]).length > 0) return refuse('id_taken');
  const known = state.doctor(facts.id);
  const revised = slotsToRevise(known ?? new Doctor(facts), facts, planned, at);
  const slots = [...slotsToOpen(planned, state.ids, at), ...revised];
  const changeSet = new ChangeSet(state, at);
  if (known === undefined || !sameDoctor(known.facts, facts)) changeSet.setDoctor(facts);
  const slotsById = new Map(slots.map((slot) => [slot.id, slot]));
  for (const slot of slotsById.values()) changeSet.setSlot(slot);
  const doctor = found(state.doctor(facts.id), 'a doctor that was added is in memory');
  return changeSet.outcome(doctor);
}

/** See `AllocationEngine.openSlots`. */
export function openSlots(
  state: EngineState,
  doctorId: DoctorId,
  planned: readonly SlotFacts[],
  at: EpochMs,
): Outcome<readonly SlotFacts[]> {
  if (state.doctor(doctorId) === undefined) return refuse('doctor_not_found');
  const opened = slotsToOpen(planned, state.ids, at);
  const changeSet = new ChangeSet(state, at);
  for (const slot of opened) changeSet.setSlot(slot);
  return changeSet.outcome(opened);
}

/** See `AllocationEngine.addSlot`. */
export function addSlot(state: EngineState, facts: SlotFacts, at: EpochMs): Outcome<Slot> {
  if (state.doctor(facts.doctorId) === undefined) return refuse('doctor_not_found');
  if (at >= endsAt(facts, state.rules.graceMinutes)) return refuse('slot_ended');
  if (state.ids.isTaken(facts.id)) return refuse('id_taken');
  const changeSet = new ChangeSet(state, at);
  changeSet.setSlot(facts);
  const slot = found(state.slot(facts.id), 'a slot that was added is in memory');
  return changeSet.outcome(slot);
}

/** See `AllocationEngine.reviseSlot`. */
export function reviseSlot(state: EngineState, command: ReviseSlot): Outcome<RevisedSlot> {
  const slot = state.slot(command.slotId);
  if (slot === undefined) return refuse('slot_not_found');
  if (state.hasEnded(slot, command.at)) return refuse('slot_ended');
  if (slot.isClosed) return refuse('slot_closed');
  const { capacity = slot.facts.capacity, delayMinutes = slot.facts.delayMinutes } = command;
  if (slot.unbumpableSeats > capacity)
    return refuseWith({ code: 'capacity_below_seated', count: slot.unbumpableSeats });

  const changeSet = new ChangeSet(state, command.at);
  changeSet.fillSeats(slot);
  const bumped: Token[] = [];
  while (slot.seated > capacity) {
    const weakest = found(
      slot.weakestBumpable(),
      'a seated token beyond the new capacity can be bumped',
    );
    changeSet.transition(weakest, 'bumped');
    bumped.push(weakest);
  }
  setSlotIfChanged(changeSet, slot, { ...slot.facts, capacity, delayMinutes });
  const promoted = changeSet.fillSeats(slot);
  return changeSet.outcome({ slot, bumped, promoted });
}

/** See `AllocationEngine.delayDay`. */
export function delayDay(state: EngineState, command: DelayDay): Outcome<readonly Slot[]> {
  const { date, minutes: delayMinutes, at } = command;
  const doctor = state.doctor(command.doctorId);
  if (doctor === undefined) return refuse('doctor_not_found');
  const slots = doctor.slots.filter(
    (slot) => slot.facts.date === date && !slot.isClosed && !state.hasEnded(slot, at),
  );
  const changeSet = new ChangeSet(state, at);
  for (const slot of slots) {
    changeSet.fillSeats(slot);
    setSlotIfChanged(changeSet, slot, { ...slot.facts, delayMinutes });
  }
  return changeSet.outcome(slots);
}

/** See `AllocationEngine.advanceTime`. */
export function advanceTime(state: EngineState, doctorId: DoctorId, at: EpochMs): Outcome<Doctor> {
  const doctor = state.doctor(doctorId);
  if (doctor === undefined) return refuse('doctor_not_found');
  const changeSet = new ChangeSet(state, at);
  for (const slot of doctor.slots)
    if (state.hasEnded(slot, at))
      for (const waiter of slot.waitlist()) changeSet.transition(waiter, 'expired');
    else changeSet.fillSeats(slot);
  return changeSet.outcome(doctor);
}

function setSlotIfChanged(changeSet: ChangeSet, { facts }: Slot, revised: SlotFacts): void {
  const isSame = facts.capacity === revised.capacity && facts.delayMinutes === revised.delayMinutes;
  if (!isSame) changeSet.setSlot(revised);
}
