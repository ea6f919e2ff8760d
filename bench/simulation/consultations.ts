import type { PatientPool, Action, PlanDeps } from './patients.ts';
import type { ReferenceSlot } from './reference-model.ts';

/** Calls planned for each patient who is checked in: some find nobody left. */
const CALLS_A_PATIENT = 0.7;
/** Calls in a hundred of one slot; the others go over all slots of the day. */
const OF_ONE_SLOT = 0.7;

/** Several desks of each doctor call at once, while patients still arrive, cancel and are taken in out of running. */
export function consultations(deps: PlanDeps, patients: PatientPool): Action[] {
  const { model, visitDesk, frontDesk, random } = deps;
  const present = model.with('CHECKED_IN');
  const calls = Array.from({ length: Math.ceil(present.length * CALLS_A_PATIENT) }, (): Action => {
    const { slot } = random.pick(present);
    const request = {
      doctorId: slot.doctorId,
      slotId: random.chance(OF_ONE_SLOT) ? slot.id : null,
      completesCurrent: random.chance(0.8),
    };
    if (random.chance(0.7))
      return async () => {
        await visitDesk.callNext(request);
      };
    // A short visit: another desk that calls meanwhile completes it just as well.
    return async () => {
      const known = await visitDesk.callNext(request);
      if (known !== undefined) await visitDesk.complete(known);
    };
  });
  const few = patients.share(0.03);
  const arrivals = patients.some(few * 2, 'BOOKED').map((known) => () => visitDesk.checkIn(known));
  const outOfTurn = patients
    .some(few, 'BOOKED', 'CHECKED_IN')
    .map((known) => () => visitDesk.start(known));
  const cancels = patients.some(few, 'BOOKED', 'CHECKED_IN').map((known) => () => frontDesk.cancel(known));
  return [...calls, ...arrivals, ...outOfTurn, ...cancels, ...patients.bookings(0.02)];
}

/** Everybody who is there is seen: each doctor goes from slot to slot until nobody is left. */
export function evening({ model, visitDesk, ledger }: PlanDeps): Action[] {
  const seeAll = async (slots: readonly ReferenceSlot[]): Promise<void> => {
    let last: Parameters<typeof visitDesk.complete>[0] | undefined;
    for (const { id: slotId, doctorId } of slots)
      for (;;) {
        const called = await visitDesk.callNext({ doctorId, slotId, completesCurrent: true });
        if (called === undefined) break;
        last = called;
      }
    const current = slots.flatMap(({ tokens }) =>
      tokens.filter(({ status }) => status === 'IN_CONSULTATION'),
    )[0];
    // When nobody was called, whoever was in before still is.
    const known = last ?? ledger.tokens.get(current?.id ?? '');
    if (known !== undefined) await visitDesk.complete(known);
  };
  const doctorIds = new Set(Array.from(model.slots.values(), ({ doctorId }) => doctorId));
  return Array.from(doctorIds, (id) => () => seeAll(model.slotsOf(id)));
}
