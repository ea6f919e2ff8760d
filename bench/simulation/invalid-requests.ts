import type { KnownBooking } from './ledger.ts';
import type { Action, PatientPool, PlanDeps } from './patients.ts';

/**
 * Plans requests that must be refused and must change nothing. No other request is sent in this phase, so the refusal of
 * each is known before it is sent.
 */
export function invalidRequests(deps: PlanDeps, patients: PatientPool): Action[] {
  return [
    ...invalidBookings(deps, patients),
    ...invalidTokenCommands(deps, patients),
    ...invalidSlotCommands(deps, patients),
  ];
}

type Facts = Readonly<Record<string, unknown>>;

const refusedBy =
  ({ frontDesk }: PlanDeps) =>
  (at: string, path: string, status: number, code: string, body: object, facts: Facts = {}) =>
  (): Promise<void> =>
    frontDesk.refused(at, path, body, status, code, facts);

function invalidBookings(deps: PlanDeps, patients: PatientPool): Action[] {
  const { slots, run } = deps;
  const refused = refusedBy(deps);
  const { patient, slot, type } = patients.bookingRequest(patients.anyClass());
  const body = {
    doctor_id: slot.doctorId,
    slot_id: slot.id,
    patient_name: patient.name,
    patient_type: type,
  };
  const mistyped = { ...body, patient_type: 'EMERGANCY' };
  const stranger = { ...body, slot_id: slots[0]?.id, doctor_id: slots.at(-1)?.doctorId };
  const nobody = { token_id: `${run}-nobody` };
  return [
    refused('A mistyped class', '/book', 400, 'invalid_request', mistyped),
    refused('An own priority', '/book', 400, 'invalid_request', { ...body, priority: 1_000 }),
    refused('No name', '/book', 400, 'invalid_request', { ...body, patient_name: ' ' }),
    refused('No doctor', '/book', 404, 'doctor_not_found', { ...body, doctor_id: run }),
    refused('No slot', '/book', 404, 'slot_not_found', { ...body, slot_id: run }),
    refused("Another doctor's slot", '/book', 404, 'slot_not_found', stranger),
    refused('An unknown intake', `/slots/${slot.id}`, 400, 'invalid_request', { intake: 'SOME' }),
    refused('A break of no doctor', `/doctors/${run}/break`, 404, 'doctor_not_found', {
      minutes: 5,
    }),
    ...['/cancel', '/check-in', '/start', '/complete', '/no-show'].map((path) =>
      refused(`No token at ${path}`, path, 404, 'token_not_found', nobody),
    ),
  ];
}

function invalidTokenCommands(deps: PlanDeps, patients: PatientPool): Action[] {
  const { model } = deps;
  const refused = refusedBy(deps);
  const few = patients.share(0.03);
  const wrong =
    (path: string, status: number, code: string, facts: Facts = {}, more: object = {}) =>
    ({ booking: { id } }: KnownBooking): Action => {
      const body = { token_id: id, ...more };
      return refused(`POST ${path} of ${id}`, path, status, code, body, facts);
    };
  const cancelled = patients.withStatus(few, 'CANCELLED');
  const noShows = patients.withStatus(few, 'NO_SHOW');
  const seen = patients.withStatus(few, 'COMPLETED');
  const waiting = patients.withStatus(few, 'WAITING');
  const early = patients.withStatus(few, 'BOOKED').flatMap((known) => {
    const slot = model.tokens.get(known.booking.id)?.slot;
    const from = Date.parse(slot?.startTime ?? '') + (slot?.delayMinutes ?? 0) * 60_000;
    // A delay does not make it too early for a slot that has begun.
    if (slot === undefined || slot.hasBegun) return [];
    const facts = { allowed_from: new Date(from).toISOString() };
    const { id } = known.booking;
    return [
      wrong('/no-show', 409, 'too_early', facts)(known),
      wrong('/move', 409, 'duplicate_booking', { token_id: id }, { slot_id: slot.id })(known),
    ];
  });
  return [
    ...cancelled.map(wrong('/cancel', 404, 'token_already_cancelled')),
    ...cancelled.map(wrong('/no-show', 404, 'token_already_cancelled')),
    ...cancelled.map(wrong('/check-in', 404, 'token_already_cancelled')),
    ...noShows.map(wrong('/cancel', 409, 'invalid_transition', { from: 'NO_SHOW' })),
    ...noShows.map(wrong('/start', 409, 'invalid_transition', { from: 'NO_SHOW' })),
    ...seen.map(wrong('/complete', 409, 'invalid_transition', { from: 'COMPLETED' })),
    ...seen.map(wrong('/cancel', 409, 'invalid_transition', { from: 'COMPLETED' })),
    ...waiting.map(wrong('/check-in', 409, 'invalid_transition', { from: 'WAITING' })),
    ...waiting.map(wrong('/no-show', 409, 'invalid_transition', { from: 'WAITING' })),
    ...early,
  ];
}

/** A closed slot takes no token, and a slot cannot get fewer seats than tokens in consultation or completed (R12). */
function invalidSlotCommands(deps: PlanDeps, patients: PatientPool): Action[] {
  const { model, run } = deps;
  const refused = refusedBy(deps);
  const closed = [...model.slots.values()].filter(({ isClosed }) => isClosed);
  const moving = patients.withStatus(closed.length, 'BOOKED', 'CHECKED_IN');
  const restricted = [...model.slots.values()].filter(
    ({ intake, isClosed }) => intake === 'NONE' && !isClosed,
  );
  const used = [...model.slots.values()].filter(
    ({ unbumpableCount, isClosed }) => unbumpableCount > 1 && !isClosed,
  );
  return [
    ...closed.flatMap(({ id, doctorId }, index) => {
      const { patient, type } = patients.bookingRequest(patients.anyClass());
      const known = moving[index];
      const body = { doctor_id: doctorId, slot_id: id, patient_name: patient.name };
      const move = { token_id: known?.booking.id, slot_id: id };
      const reason = `${run}: again`;
      const leave = `/doctors/${doctorId}/leave`;
      // Tomorrow has open slots, whose patients would have to move.
      const date = model.slotsOf(doctorId).at(-1)?.date;
      const toClosed = { from: date, to: date, reason, move_to: id };
      return [
        refused(`Booking ${id}`, '/book', 409, 'slot_closed', { ...body, patient_type: type }),
        ...(known ? [refused(`Moving to ${id}`, '/move', 409, 'slot_closed', move)] : []),
        refused(`Closing ${id}`, `/slots/${id}/close`, 409, 'slot_closed', { reason }),
        refused(`Seats of ${id}`, `/slots/${id}`, 409, 'slot_closed', { capacity: 3 }),
        refused(`Intake of ${id}`, `/slots/${id}`, 409, 'slot_closed', { intake: 'NONE' }),
        refused(`Leave with patients to ${id}`, leave, 409, 'slot_closed', toClosed),
      ];
    }),
    ...restricted.map(({ id, doctorId }) => {
      const { patient, type } = patients.bookingRequest(patients.anyClass());
      const body = { doctor_id: doctorId, slot_id: id, patient_name: patient.name };
      const booking = { ...body, patient_type: type };
      return refused(`Booking ${id}`, '/book', 409, 'intake_closed', booking);
    }),
    ...used.map(({ id, unbumpableCount: count }) => {
      const body = { capacity: 1 };
      const code = 'capacity_below_seated';
      return refused(`One seat in ${id}`, `/slots/${id}`, 409, code, body, { count });
    }),
  ];
}
