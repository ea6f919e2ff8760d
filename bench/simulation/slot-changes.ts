import type { Action, PatientPool, PlanDeps } from './patients.ts';
import { EMERGENCY, type ReferenceSlot } from './reference-model.ts';

/** Minutes by which a doctor is late. */
const DELAYS = [0, 10, 25, 40];

export const doctorsOf = ({ model }: PlanDeps): string[] => [
  ...new Set(Array.from(model.slots.values(), ({ doctorId }) => doctorId)),
];

/** Each doctor is late, one slot gets fewer seats and another one more, while patients book and cancel. */
export function delaysAndSeats(deps: PlanDeps, patients: PatientPool): Action[] {
  const { model, slotDesk: desk, random, slots } = deps;
  const changes = doctorsOf(deps).map((doctorId): Action => {
    const own = model.slotsOf(doctorId);
    // The slot with most checked-in tokens gets fewer seats, to check that tokens which are not checked in are bumped first.
    const checkedIn = (slot: ReferenceSlot): number =>
      slot.tokens.filter(({ status }) => status === 'CHECKED_IN').length;
    const [smaller, larger] = random.sample(own).sort((a, b) => checkedIn(b) - checkedIn(a));
    const minutes = random.pick(DELAYS);
    const date = random.pick(own).date;
    return async () => {
      if (smaller !== undefined) {
        const capacity = Math.max(Math.floor(smaller.capacity / 2), smaller.unbumpableCount, 1);
        await desk.setCapacity(smaller, capacity);
      }
      await desk.delay(own, date, minutes);
      if (larger !== undefined)
        await desk.setCapacity(larger, larger.capacity + patients.share(0.01));
      await desk.delay(own, date, minutes);
    };
  });
  const emergencies = Array.from({ length: patients.share(0.02) }, () =>
    patients.booking(EMERGENCY, random.pick(slots)),
  );
  return [...changes, ...patients.cancels(0.02), ...emergencies, ...patients.bookings(0.02)];
}

/**
 * Three slots are closed: the patients of the first move to a slot of the same doctor, those of the second to a slot of
 * another doctor, those of the third are cancelled. Meanwhile patients book, cancel and move, also into these slots.
 */
export function closings(deps: PlanDeps, patients: PatientPool): Action[] {
  const { model, slotDesk: desk } = deps;
  const [first = [], second = [], third = []] = doctorsOf(deps).map((id) => model.slotsOf(id));
  const pairs = [
    { slot: first[1], moveTo: first[2] ?? null },
    { slot: second[2], moveTo: third[3] ?? null },
    { slot: third[1], moveTo: null },
  ];
  const closed = pairs.flatMap(({ slot, moveTo }) =>
    slot === undefined ? [] : [() => desk.close(slot, moveTo)],
  );
  return [
    ...closed,
    ...patients.cancels(0.02),
    ...patients.moves(0.04),
    ...patients.bookings(0.03),
  ];
}
