import type { PatientPool, Action, PlanDeps } from './patients.ts';
import type { ReferenceSlot } from './reference-model.ts';

/** Planned calls for each checked-in patient; some calls find no checked-in patient. */
const CALLS_A_PATIENT = 0.7;
/** Share of the calls that name a slot; the others are for all slots of the day. */
const OF_ONE_SLOT = 0.7;

/** Several desks of each doctor call at the same time, while patients check in, cancel and are started without a call. */
export function consultations(deps: PlanDeps, patients: PatientPool): Action[] {
  const { model, visitDesk, frontDesk, random } = deps;
  const checkedIn = model.tokensWith('CHECKED_IN');
  const calls = Array.from(
    { length: Math.ceil(checkedIn.length * CALLS_A_PATIENT) },
    (): Action => {
      const { slot } = random.pick(checkedIn);
      const request = {
        doctorId: slot.doctorId,
        slotId: random.chance(OF_ONE_SLOT) ? slot.id : null,
        completesCurrent: random.chance(0.8),
      };
      if (random.chance(0.7))
        return async () => {
          await visitDesk.callNext(request);
        };
      // A short visit; a call of another desk may complete it first.
      return async () => {
        const known = await visitDesk.callNext(request);
        if (known !== undefined) await visitDesk.complete(known);
      };
    },
  );
  const few = patients.share(0.03);
  const absent = model.tokensWith('BOOKED').filter(({ slot }) => slot.hasBegun);
  const checkIns = patients.among(absent, few * 2).map((known) => () => visitDesk.checkIn(known));
  const starts = patients
    .withStatus(few, 'BOOKED', 'CHECKED_IN')
    .map((known) => () => visitDesk.start(known));
  const cancels = patients
    .withStatus(few, 'BOOKED', 'CHECKED_IN')
    .map((known) => () => frontDesk.cancel(known));
  return [...calls, ...checkIns, ...starts, ...cancels, ...patients.bookings(0.02)];
}

/** Each doctor calls patients, slot by slot, until no checked-in patient is left. */
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
    // If no patient was called, the patient who was in consultation before still is.
    const known = last ?? ledger.tokens.get(current?.id ?? '');
    if (known !== undefined) await visitDesk.complete(known);
  };
  const doctorIds = new Set(Array.from(model.slots.values(), ({ doctorId }) => doctorId));
  return Array.from(doctorIds, (id) => () => seeAll(model.slotsOf(id)));
}
