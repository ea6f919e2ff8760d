import type { Action, Crowd, PlanDeps } from './plan.ts';
import { EMERGENCY, type WardSlot } from './ward.ts';

/** Minutes that doctors run late. */
const DELAYS = [0, 10, 25, 40];

const doctorsOf = ({ ward }: PlanDeps): string[] => [
  ...new Set(Array.from(ward.slots.values(), ({ doctorId }) => doctorId)),
];

/** Each doctor runs late and loses a chair here, gains some there, while patients book, cancel and change places. */
export function sittings(deps: PlanDeps, crowd: Crowd): Action[] {
  const { ward, front, sittings: desk, random, slots } = deps;
  const changes = doctorsOf(deps).map((doctorId): Action => {
    const own = ward.slotsOf(doctorId);
    // Where many are at the desk it shows that the absent give way first.
    const present = (slot: WardSlot): number =>
      slot.tokens.filter(({ status }) => status === 'CHECKED_IN').length;
    const [shorter, wider] = random.sample(own).sort((a, b) => present(b) - present(a));
    const minutes = random.pick(DELAYS);
    const date = random.pick(own).date;
    return async () => {
      if (shorter !== undefined) {
        const capacity = Math.max(Math.floor(shorter.capacity / 2), shorter.unbumpable, 1);
        await desk.setCapacity(shorter, capacity);
      }
      await desk.delay(own, date, minutes);
      if (wider !== undefined) await desk.setCapacity(wider, wider.capacity + crowd.share(0.01));
      await desk.delay(own, date, minutes);
    };
  });
  const few = crowd.share(0.02);
  const cancels = crowd
    .some(few, 'BOOKED', 'CHECKED_IN', 'WAITING')
    .map((known) => () => front.cancel(known));
  const emergencies = Array.from({ length: few }, () =>
    crowd.booking(EMERGENCY, random.pick(slots)),
  );
  return [...changes, ...cancels, ...emergencies, ...crowd.bookings(0.02)];
}

/**
 * One doctor's slot is closed into another of the same doctor, one into another doctor's, one into none, while
 * patients book, cancel and move, also into the slots that are being closed.
 */
export function closings(deps: PlanDeps, crowd: Crowd): Action[] {
  const { ward, front, visits, sittings: desk, random } = deps;
  const [first = [], second = [], third = []] = doctorsOf(deps).map((id) => ward.slotsOf(id));
  const pairs = [
    { slot: first[1], moveTo: first[2] ?? null },
    { slot: second[2], moveTo: third[3] ?? null },
    { slot: third[1], moveTo: null },
  ];
  const closed = pairs.flatMap(({ slot, moveTo }) =>
    slot === undefined ? [] : [() => desk.close(slot, moveTo)],
  );
  const few = crowd.share(0.02);
  const ahead = ['BOOKED', 'CHECKED_IN', 'WAITING'] as const;
  const cancels = crowd.some(few, ...ahead).map((known) => () => front.cancel(known));
  const moves = crowd.some(few * 2, ...ahead).map((known): Action => {
    const here = ward.tokens.get(known.booking.id)?.slot;
    const target = random.pick([...ward.slots.values()].filter((slot) => slot !== here));
    return () => visits.move(known, target);
  });
  return [...closed, ...cancels, ...moves, ...crowd.bookings(0.03)];
}
