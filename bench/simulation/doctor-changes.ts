import type { Action, PatientPool, PlanDeps } from './patients.ts';
import { EMERGENCY, type ReferenceSlot, type ReferenceToken } from './reference-model.ts';
import { doctorsOf } from './slot-changes.ts';

/** Minutes of a break: longer than a run, so that it is still going on when the queues are read. */
const BREAK_MINUTES = 90;
/** A date without slots, to which a leave applies all the same (R24). */
const FAR_AHEAD = '2099-12-31';

/**
 * Each doctor has a slot that takes nobody new, then emergencies only, then everybody, and another one that stays
 * restricted; each pauses. Meanwhile patients book, cancel and move, also into these slots (R23).
 */
export function intakesAndBreaks(deps: PlanDeps, patients: PatientPool): Action[] {
  const { model, slotDesk, doctorDesk, random } = deps;
  const changes = doctorsOf(deps).map((doctorId): Action => {
    const [changed, other] = random.sample(model.slotsOf(doctorId));
    const bookings = [patients.anyClass(), EMERGENCY, 'WALK_IN', patients.anyClass()].map((type) =>
      patients.booking(type, changed),
    );
    const rest = random.pick(['NONE', 'EMERGENCY'] as const);
    const isShort = random.chance(0.3);
    return async () => {
      if (changed === undefined || other === undefined) return;
      await slotDesk.setIntake(other, rest);
      await slotDesk.setIntake(changed, 'NONE');
      await bookings[0]?.();
      await doctorDesk.setBreak(doctorId, 2 * BREAK_MINUTES);
      await slotDesk.setIntake(changed, 'EMERGENCY');
      await slotDesk.setIntake(changed, 'EMERGENCY');
      await bookings[1]?.();
      await bookings[2]?.();
      await doctorDesk.setBreak(doctorId, isShort ? 0 : BREAK_MINUTES);
      if (isShort) await doctorDesk.setBreak(doctorId, 0);
      await slotDesk.setIntake(changed, 'ALL');
      await bookings[3]?.();
    };
  });
  return [
    ...changes,
    ...patients.cancels(0.02),
    ...patients.moves(0.02),
    ...patients.bookings(0.04),
  ];
}

/**
 * - The first doctor: a leave moves the patients of tomorrow to a slot of today and is taken back, and so is a leave far
 *   ahead. Then one of the slots of tomorrow takes no newcomer.
 * - The second doctor: a closed slot is opened again. Then a leave cancels the patients of tomorrow, and one of the slots
 *   that it closed is opened all the same.
 * - The third doctor: a closed slot is opened again, and cancelled patients of it come back. Then a leave moves the patients
 *   of tomorrow to the second doctor and is taken back.
 *
 * Meanwhile patients book, cancel and move.
 */
export function leaves(deps: PlanDeps, patients: PatientPool): Action[] {
  const { model, visitDesk, slotDesk, doctorDesk } = deps;
  const [first = [], second = [], third = []] = doctorsOf(deps).map((id) => model.slotsOf(id));
  const isCancelled = ({ slot, status }: ReferenceToken): boolean =>
    slot === third[1] && status === 'CANCELLED';
  const back = patients.among([...model.tokens.values()].filter(isCancelled), patients.share(0.02));
  const bookings = [first, second, third].map((slots) =>
    slots.slice(2).map((slot) => patients.booking(patients.anyClass(), slot)),
  );
  const doctors: Action[] = [
    async () => {
      await slotDesk.takeAll(first);
      await doctorDesk.takeLeave(first, { date: FAR_AHEAD, moveTo: null });
      await doctorDesk.endLeave(first);
      await leaveAndReturn(deps, first, first[0], bookings[0]);
      // It has free seats and stays so into the evening: it must not be offered to the patients who wait then.
      if (first[2] !== undefined) await slotDesk.setIntake(first[2], 'NONE');
    },
    async () => {
      if (second[2] !== undefined) await slotDesk.reopen(second[2]);
      await slotDesk.takeAll(second);
      await doctorDesk.takeLeave(second, { date: tomorrowOf(second), moveTo: null });
      if (second[3] !== undefined) await slotDesk.reopen(second[3]);
      for (const book of bookings[1] ?? []) await book();
    },
    async () => {
      if (third[1] !== undefined) await slotDesk.reopen(third[1]);
      for (const known of back) await visitDesk.undo(known);
      await slotDesk.takeAll(third);
      await leaveAndReturn(deps, third, second[0], bookings[2]);
    },
  ];
  return [
    ...doctors,
    ...patients.cancels(0.02),
    ...patients.moves(0.02),
    ...patients.bookings(0.04),
  ];
}

/** A leave moves a doctor's patients of tomorrow and is taken back, and patients book before and after that. */
async function leaveAndReturn(
  { doctorDesk }: PlanDeps,
  slots: readonly ReferenceSlot[],
  moveTo: ReferenceSlot | undefined,
  [during, ...after]: readonly Action[] = [],
): Promise<void> {
  await doctorDesk.takeLeave(slots, { date: tomorrowOf(slots), moveTo: moveTo ?? null });
  await during?.();
  await doctorDesk.endLeave(slots);
  for (const book of after) await book();
}

/** The date of a doctor's last slots. */
const tomorrowOf = (slots: readonly ReferenceSlot[]): string => slots.at(-1)?.date ?? '';
