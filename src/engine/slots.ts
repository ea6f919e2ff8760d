import { ChangeSet } from './change-set.ts';
import type { DelayDay, Outcome, RevisedSlot, ReviseSlot } from './command.ts';
import type { Doctor } from './doctor.ts';
import { isListed } from './doctor-facts.ts';
import type { DoctorId, EpochMs } from './ids.ts';
import { found } from './invariant.ts';
import { refuse, refuseWith } from './refusal.ts';
import type { Slot, Token } from './slot.ts';
import { delayedStartOf, endsAt, type SlotFacts } from './slot-facts.ts';
import type { EngineState } from './state.ts';

// Commands that add or change slots, also while patients have tokens in them.

/** See `AllocationEngine.addSlot`. */
export function addSlot(state: EngineState, facts: SlotFacts, at: EpochMs): Outcome<Slot> {
  const doctor = state.doctor(facts.doctorId);
  if (doctor === undefined || !isListed(doctor.facts)) return refuse('doctor_not_found');
  if (at >= endsAt(facts, state.rules.graceMinutes)) return refuse('slot_ended');
  if (state.ids.isTaken(facts.id)) return refuse('id_taken');
  const changeSet = new ChangeSet(state, at);
  changeSet.setSlot(facts);
  const slot = found(state.slot(facts.id), 'a slot that was added is in memory');
  return { ok: true, changes: changeSet.changes, value: slot };
}

/** See `AllocationEngine.reviseSlot`. */
export function reviseSlot(state: EngineState, command: ReviseSlot): Outcome<RevisedSlot> {
  const slot = state.slot(command.slotId);
  if (slot === undefined) return refuse('slot_not_found');
  if (state.hasEnded(slot, command.at)) return refuse('slot_ended');
  if (slot.isClosed) return refuse('slot_closed');
  const { facts } = slot;
  const { capacity = facts.capacity, delayMinutes = facts.delayMinutes } = command;
  const { intake = facts.intake } = command;
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
  const revised = { ...delayed(facts, delayMinutes, command.at), capacity, intake };
  setSlotIfChanged(changeSet, slot, revised);
  const promoted = changeSet.fillSeats(slot);
  return { ok: true, changes: changeSet.changes, value: { slot, bumped, promoted } };
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
    setSlotIfChanged(changeSet, slot, delayed(slot.facts, delayMinutes, at));
  }
  return { ok: true, changes: changeSet.changes, value: slots };
}

/** See `AllocationEngine.advanceTime`. */
export function advanceTime(state: EngineState, doctorId: DoctorId, at: EpochMs): Outcome<Doctor> {
  const doctor = state.doctor(doctorId);
  if (doctor === undefined) return refuse('doctor_not_found');
  const changeSet = new ChangeSet(state, at);
  for (const slot of doctor.slots)
    if (state.hasEnded(slot, at)) changeSet.expireWaitlist(slot);
    else changeSet.fillSeats(slot);
  return { ok: true, changes: changeSet.changes, value: doctor };
}

/** The facts with another delay. It moves the start only while the slot has not begun. */
const delayed = (facts: SlotFacts, delayMinutes: number, at: EpochMs): SlotFacts => ({
  ...facts,
  delayMinutes,
  startDelayMinutes: at < delayedStartOf(facts) ? delayMinutes : facts.startDelayMinutes,
});

function setSlotIfChanged(changeSet: ChangeSet, { facts }: Slot, revised: SlotFacts): void {
  const isSame =
    facts.capacity === revised.capacity &&
    facts.delayMinutes === revised.delayMinutes &&
    facts.intake === revised.intake;
  if (!isSame) changeSet.setSlot(revised);
}
