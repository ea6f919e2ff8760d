import type { Crowd, Action, PlanDeps } from './plan.ts';
import type { WardSlot } from './ward.ts';

/** Calls planned for each patient who is checked in: some find nobody left. */
const CALLS_A_PATIENT = 0.7;
/** Calls in a hundred of one slot; the others go over all slots of the day. */
const OF_ONE_SLOT = 0.7;

/** Several desks of each doctor call at once, while patients still arrive, cancel and are taken in out of turn. */
export function consultations(deps: PlanDeps, crowd: Crowd): Action[] {
  const { ward, visits, front, random } = deps;
  const present = ward.with('CHECKED_IN');
  const calls = Array.from({ length: Math.ceil(present.length * CALLS_A_PATIENT) }, (): Action => {
    const { slot } = random.pick(present);
    const asked = {
      doctorId: slot.doctorId,
      slotId: random.chance(OF_ONE_SLOT) ? slot.id : null,
      completesCurrent: random.chance(0.8),
    };
    if (random.chance(0.7))
      return async () => {
        await visits.callNext(asked);
      };
    // A short visit: another desk that calls meanwhile completes it just as well.
    return async () => {
      const known = await visits.callNext(asked);
      if (known !== undefined) await visits.complete(known);
    };
  });
  const few = crowd.share(0.03);
  const arrivals = crowd.some(few * 2, 'BOOKED').map((known) => () => visits.checkIn(known));
  const outOfTurn = crowd
    .some(few, 'BOOKED', 'CHECKED_IN')
    .map((known) => () => visits.start(known));
  const cancels = crowd.some(few, 'BOOKED', 'CHECKED_IN').map((known) => () => front.cancel(known));
  return [...calls, ...arrivals, ...outOfTurn, ...cancels, ...crowd.bookings(0.02)];
}

/** Everybody who is there is seen: each doctor goes from slot to slot until nobody is left. */
export function evening({ ward, visits, ledger }: PlanDeps): Action[] {
  const seeAll = async (slots: readonly WardSlot[]): Promise<void> => {
    let last: Parameters<typeof visits.complete>[0] | undefined;
    for (const { id: slotId, doctorId } of slots)
      for (;;) {
        const called = await visits.callNext({ doctorId, slotId, completesCurrent: true });
        if (called === undefined) break;
        last = called;
      }
    const current = slots.flatMap(({ tokens }) =>
      tokens.filter(({ status }) => status === 'IN_CONSULTATION'),
    )[0];
    // When nobody was called, whoever was in before still is.
    const known = last ?? ledger.tokens.get(current?.id ?? '');
    if (known !== undefined) await visits.complete(known);
  };
  const doctorIds = new Set(Array.from(ward.slots.values(), ({ doctorId }) => doctorId));
  return Array.from(doctorIds, (id) => () => seeAll(ward.slotsOf(id)));
}
