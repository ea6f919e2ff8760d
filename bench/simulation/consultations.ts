import type { KnownBooking } from './ledger.ts';
import type { PatientPool, Action, PlanDeps } from './patients.ts';
import type { ReferenceSlot } from './reference-model.ts';
import type { CallRequest } from './visit-desk.ts';

/** The kinds of changes that can be taken back (R22). */
const UNDOABLE = ['checked_in', 'started', 'skipped', 'completed', 'no_show', 'cancelled'] as const;
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
      const current = random.chance(0.8) ? 'complete' : null;
      const request = callOf(deps, slot, current);
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
  const starts = patients.withStatus(few, 'BOOKED', 'CHECKED_IN').map((known): Action => {
    const room = roomOf(deps);
    return () => visitDesk.start(known, room);
  });
  const cancels = patients
    .withStatus(few, 'BOOKED', 'CHECKED_IN')
    .map((known) => () => frontDesk.cancel(known));
  return [...calls, ...checkIns, ...starts, ...cancels, ...patients.bookings(0.02)];
}

const ROOMS = ['1', '2', null];

/** Chooses the room to which a patient is called; sometimes none is named. */
const roomOf = ({ random }: PlanDeps): string | null => random.pick(ROOMS);

/** Plans a call for the next patient of this slot's doctor. */
function callOf(
  deps: PlanDeps,
  { id, doctorId }: ReferenceSlot,
  current: CallRequest['current'],
): CallRequest {
  const slotId = deps.random.chance(OF_ONE_SLOT) ? id : null;
  const rooms = deps.model.rooms.get(doctorId) ?? 1;
  return { doctorId, slotId, room: roomOf(deps), rooms, current };
}

/**
 * Patients are not there when they are called, or have gone away since they checked in; some are no-shows. Nobody checks
 * in meanwhile, so that every patient who is skipped was there before the phase.
 */
export function skips(deps: PlanDeps, patients: PatientPool): Action[] {
  const { model, visitDesk, frontDesk, ledger } = deps;
  const present = model.tokensWith('CHECKED_IN', 'IN_CONSULTATION');
  // A call may skip each of them, so no answer to a booking can break the rule that they are there.
  for (const { id } of present) ledger.forgetCheckIn(id);
  const few = patients.share(0.02);
  const inConsultation = present.filter(({ status }) => status === 'IN_CONSULTATION');
  const calls = present
    .slice(0, few * 2)
    .map(({ slot }) => callOf(deps, slot, 'skip'))
    .map((request): Action => async () => {
      await visitDesk.callNext(request);
    });
  const absences = patients
    .among(inConsultation, 1)
    .map((known) => () => frontDesk.noShow(known, false));
  const skipped = patients.among(present, few * 2).map((known) => () => visitDesk.skip(known));
  return [...calls, ...absences, ...skipped, ...patients.bookings(0.03)];
}

/** Changes of every kind are taken back while patients book; skipped patients come back. */
export function undos(deps: PlanDeps, patients: PatientPool): Action[] {
  const { model, visitDesk } = deps;
  const few = patients.share(0.02);
  const kinds = Map.groupBy(model.tokens.values(), ({ last }) => last.kind);
  const undone = UNDOABLE.flatMap((kind) => patients.among(kinds.get(kind) ?? [], few));
  const gone = model.tokensWith('SKIPPED').filter(({ slot }) => slot.hasBegun);
  const back = patients.among(gone, few).map((known) => () => visitDesk.checkIn(known));
  return [
    ...undone.map((known) => () => visitDesk.undo(known)),
    ...back,
    ...patients.bookings(0.03),
  ];
}

/**
 * Each doctor's break and leave end. Then each doctor ends the consultations and calls patients, slot by slot, until no
 * checked-in patient is left. Meanwhile patients book into the first slots, where most have to wait.
 */
export function evening(
  { model, visitDesk, doctorDesk, ledger }: PlanDeps,
  patients: PatientPool,
): Action[] {
  const seeAll = async (slots: readonly ReferenceSlot[]): Promise<void> => {
    await doctorDesk.setBreak(slots[0]?.doctorId ?? '', 0);
    await doctorDesk.endLeave(slots);
    const current = slots.flatMap(({ tokens }) =>
      tokens.filter(({ status }) => status === 'IN_CONSULTATION'),
    );
    for (const { id } of current) {
      const known = ledger.tokens.get(id);
      if (known !== undefined) await visitDesk.complete(known);
    }
    let last: KnownBooking | undefined;
    for (const { id: slotId, doctorId } of slots)
      for (;;) {
        const called = await visitDesk.callNext({
          ...{ doctorId, slotId, room: '1', rooms: 1, current: 'complete' },
        });
        if (called === undefined) break;
        last = called;
      }
    if (last !== undefined) await visitDesk.complete(last);
  };
  const doctorIds = new Set(Array.from(model.slots.values(), ({ doctorId }) => doctorId));
  return Array.from(doctorIds, (id) => model.slotsOf(id)).flatMap((slots) => [
    () => seeAll(slots),
    patients.booking(patients.anyClass(), slots[0]),
    patients.booking(patients.anyClass(), slots[0]),
  ]);
}
