import type { Action, PatientPool, PlanDeps } from './patients.ts';
import { EMERGENCY, type ReferenceSlot } from './reference-model.ts';

/** Minutes that doctors run late. */
const DELAYS = [0, 10, 25, 40];

const doctorsOf = ({ model }: PlanDeps): string[] => [
  ...new Set(Array.from(model.slots.values(), ({ doctorId }) => doctorId)),
];

/** Each doctor runs late and loses a chair here, gains some there, while patients book, cancel and change places. */
export function slotDesk(deps: PlanDeps, patients: PatientPool): Action[] {
  const { model, frontDesk, slotDesk: desk, random, slots } = deps;
  const changes = doctorsOf(deps).map((doctorId): Action => {
    const own = model.slotsOf(doctorId);
    // Where many are at the desk it shows that the absent give way first.
    const present = (slot: ReferenceSlot): number =>
      slot.tokens.filter(({ status }) => status === 'CHECKED_IN').length;
    const [shorter, wider] = random.sample(own).sort((a, b) => present(b) - present(a));
    const minutes = random.pick(DELAYS);
    const date = random.pick(own).date;
    return async () => {
      if (shorter !== undefined) {
        const capacity = Math.max(Math.floor(shorter.capacity / 2), shorter.unbumpableCount, 1);
        await desk.setCapacity(shorter, capacity);
      }
      await desk.delay(own, date, minutes);
      if (wider !== undefined) await desk.setCapacity(wider, wider.capacity + patients.share(0.01));
      await desk.delay(own, date, minutes);
    };
  });
  const few = patients.share(0.02);
  const cancels = patients
    .some(few, 'BOOKED', 'CHECKED_IN', 'WAITING')
    .map((known) => () => frontDesk.cancel(known));
  const emergencies = Array.from({ length: few }, () =>
    patients.booking(EMERGENCY, random.pick(slots)),
  );
  return [...changes, ...cancels, ...emergencies, ...patients.bookings(0.02)];
}

/**
 * One doctor's slot is closed into another of the same doctor, one into another doctor's, one into none, while
 * patients book, cancel and move, also into the slots that are being closed.
 */
export function closings(deps: PlanDeps, patients: PatientPool): Action[] {
  const { model, frontDesk, visitDesk, slotDesk: desk, random } = deps;
  const [first = [], second = [], third = []] = doctorsOf(deps).map((id) => model.slotsOf(id));
  const pairs = [
    { slot: first[1], moveTo: first[2] ?? null },
    { slot: second[2], moveTo: third[3] ?? null },
    { slot: third[1], moveTo: null },
  ];
  const closed = pairs.flatMap(({ slot, moveTo }) =>
    slot === undefined ? [] : [() => desk.close(slot, moveTo)],
  );
  const few = patients.share(0.02);
  const ahead = ['BOOKED', 'CHECKED_IN', 'WAITING'] as const;
  const cancels = patients.some(few, ...ahead).map((known) => () => frontDesk.cancel(known));
  const moves = patients.some(few * 2, ...ahead).map((known): Action => {
    const here = model.tokens.get(known.booking.id)?.slot;
    const target = random.pick([...model.slots.values()].filter((slot) => slot !== here));
    return () => visitDesk.move(known, target);
  });
  return [...closed, ...cancels, ...moves, ...patients.bookings(0.03)];
}
