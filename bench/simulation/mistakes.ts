import type { Known } from './ledger.ts';
import type { Action, Crowd, PlanDeps } from './plan.ts';

/** What must be refused, and change nothing. Nothing else happens meanwhile, so every refusal is known beforehand. */
export function mistakes(deps: PlanDeps, crowd: Crowd): Action[] {
  return [
    ...bookingMistakes(deps, crowd),
    ...tokenMistakes(deps, crowd),
    ...slotMistakes(deps, crowd),
  ];
}

type Facts = Readonly<Record<string, unknown>>;

const refusedBy =
  ({ front }: PlanDeps) =>
  (at: string, path: string, status: number, code: string, body: object, facts: Facts = {}) =>
  (): Promise<void> =>
    front.refused(at, path, body, status, code, facts);

function bookingMistakes(deps: PlanDeps, crowd: Crowd): Action[] {
  const { slots, run } = deps;
  const refused = refusedBy(deps);
  const { patient, slot, type } = crowd.asked(crowd.type());
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
    ...['/cancel', '/check-in', '/start', '/complete', '/no-show'].map((path) =>
      refused(`No token at ${path}`, path, 404, 'token_not_found', nobody),
    ),
  ];
}

function tokenMistakes(deps: PlanDeps, crowd: Crowd): Action[] {
  const { ward } = deps;
  const refused = refusedBy(deps);
  const few = crowd.share(0.03);
  const wrong =
    (path: string, status: number, code: string, facts: Facts = {}, more: object = {}) =>
    ({ booking: { id } }: Known): Action => {
      const body = { token_id: id, ...more };
      return refused(`POST ${path} of ${id}`, path, status, code, body, facts);
    };
  const gone = crowd.some(few, 'CANCELLED');
  const absent = crowd.some(few, 'NO_SHOW');
  const seen = crowd.some(few, 'COMPLETED');
  const waiting = crowd.some(few, 'WAITING');
  const early = crowd.some(few, 'BOOKED').flatMap((known) => {
    const slot = ward.tokens.get(known.booking.id)?.slot;
    const from = Date.parse(slot?.startTime ?? '') + (slot?.delayMinutes ?? 0) * 60_000;
    // Far enough ahead that the start does not come between.
    if (slot === undefined || from < Date.now() + 60_000) return [];
    const facts = { allowed_from: new Date(from).toISOString() };
    const { id } = known.booking;
    return [
      wrong('/no-show', 409, 'too_early', facts)(known),
      wrong('/move', 409, 'duplicate_booking', { token_id: id }, { slot_id: slot.id })(known),
    ];
  });
  return [
    ...gone.map(wrong('/cancel', 404, 'token_already_cancelled')),
    ...gone.map(wrong('/no-show', 404, 'token_already_cancelled')),
    ...gone.map(wrong('/check-in', 404, 'token_already_cancelled')),
    ...absent.map(wrong('/cancel', 409, 'invalid_transition', { from: 'NO_SHOW' })),
    ...absent.map(wrong('/start', 409, 'invalid_transition', { from: 'NO_SHOW' })),
    ...seen.map(wrong('/complete', 409, 'invalid_transition', { from: 'COMPLETED' })),
    ...seen.map(wrong('/cancel', 409, 'invalid_transition', { from: 'COMPLETED' })),
    ...waiting.map(wrong('/check-in', 409, 'invalid_transition', { from: 'WAITING' })),
    ...waiting.map(wrong('/no-show', 409, 'invalid_transition', { from: 'WAITING' })),
    ...early,
  ];
}

/** A closed slot takes nobody, and nobody takes the seat of a patient who is with the doctor or has been. */
function slotMistakes(deps: PlanDeps, crowd: Crowd): Action[] {
  const { ward, ledger, run } = deps;
  const refused = refusedBy(deps);
  const closed = [...ward.slots.values()].filter(({ id }) => ledger.closing.has(id));
  const comers = crowd.some(closed.length, 'BOOKED', 'CHECKED_IN');
  const used = [...ward.slots.values()].filter(
    ({ unbumpable, isClosed }) => unbumpable > 1 && !isClosed,
  );
  return [
    ...closed.flatMap(({ id, doctorId }, index) => {
      const { patient, type } = crowd.asked(crowd.type());
      const comer = comers[index];
      const body = { doctor_id: doctorId, slot_id: id, patient_name: patient.name };
      const move = { token_id: comer?.booking.id, slot_id: id };
      const reason = `${run}: again`;
      return [
        refused(`Booking ${id}`, '/book', 409, 'slot_closed', { ...body, patient_type: type }),
        ...(comer ? [refused(`Moving to ${id}`, '/move', 409, 'slot_closed', move)] : []),
        refused(`Closing ${id}`, `/slots/${id}/close`, 409, 'slot_closed', { reason }),
        refused(`Seats of ${id}`, `/slots/${id}`, 409, 'slot_closed', { capacity: 3 }),
      ];
    }),
    ...used.map(({ id, unbumpable: count }) => {
      const body = { capacity: 1 };
      const code = 'capacity_below_seated';
      return refused(`One seat in ${id}`, `/slots/${id}`, 409, code, body, { count });
    }),
  ];
}
