import { Type } from '@sinclair/typebox';
import { doctorId, patientId, slotId, tokenId, type PatientClass } from '../../engine/index.ts';
import { Id, Name, type Reads, type TokenCommands } from '../../service/index.ts';
import { Booking, bookingOf, Reordered, reorderedOf } from '../resources/booking.ts';
import { History, historyOf } from '../resources/history.ts';
import { overTokenOf, Token, tokenOf } from '../resources/token.ts';
import { Cancellation, cancellationOf } from '../resources/visit.ts';
import { shown, type Routes } from '../route.ts';
import { closed, IdParams, oneOf, Reason } from '../schema.ts';

interface TokenRoutes {
  readonly tokens: TokenCommands;
  readonly reads: Reads;
  readonly classes: readonly PatientClass[];
}

const patientType = (classes: readonly PatientClass[]) => oneOf(classes.map(({ type }) => type));

/** The body of a booking; the classes are those of the hospital's table. */
export const bookBody = (classes: readonly PatientClass[]) =>
  closed({
    doctor_id: Id,
    slot_id: Type.Unsafe<string>({
      ...Id,
      description:
        "1 to 128 letters, digits and `_-.:@`. The id of a slot, or of a session: it means the session's next slot that still takes bookings.",
    }),
    patient_name: Name,
    patient_type: patientType(classes),
    patient_id: Type.Optional(Id),
  });

export const CancelBody = closed({ token_id: Id, reason: Type.Optional(Reason) });

const MoveBody = closed({ token_id: Id, slot_id: Id });

const reclassifyBody = (classes: readonly PatientClass[]) =>
  closed({ token_id: Id, patient_type: patientType(classes), reason: Reason });

/** Adds the routes by which a token is made, changed and read. */
export function addTokenRoutes(routes: Routes, { tokens, reads, classes }: TokenRoutes): void {
  addBooking(routes, tokens, classes);
  addReordering(routes, tokens, classes);
  addReads(routes, reads);
}

function addBooking(routes: Routes, tokens: TokenCommands, classes: readonly PatientClass[]): void {
  routes.command({
    command: 'book',
    url: '/book',
    tag: 'Tokens',
    summary: 'Book a patient into a slot',
    body: bookBody(classes),
    statuses: [201],
    success: Booking,
    locationOf: ({ id }) => `/tokens/${id}`,
    run: ({ body }, context) =>
      tokens.book(
        {
          doctorId: doctorId(body.doctor_id),
          slotId: slotId(body.slot_id),
          patientName: body.patient_name.trim(),
          patientId: body.patient_id === undefined ? null : patientId(body.patient_id),
          patientType: body.patient_type,
        },
        context,
        bookingOf,
      ),
  });

  routes.command({
    command: 'cancel',
    url: '/cancel',
    tag: 'Tokens',
    summary: 'Cancel a token, seated or waiting',
    body: CancelBody,
    success: Cancellation,
    run: ({ body: { token_id, reason = null } }, context) =>
      tokens.cancel({ tokenId: tokenId(token_id), reason }, context, cancellationOf),
  });
}

/** The commands that give a token another place in the order. */
function addReordering(
  routes: Routes,
  tokens: TokenCommands,
  classes: readonly PatientClass[],
): void {
  routes.command({
    command: 'move',
    url: '/move',
    tag: 'Tokens',
    summary: 'Move a patient to another slot',
    description:
      'A new arrival there, of whichever doctor; the seat left goes to who waits for it. Refused, the patient keeps the old place.',
    body: MoveBody,
    success: Reordered,
    run: ({ body }, context) =>
      tokens.move(
        { tokenId: tokenId(body.token_id), slotId: slotId(body.slot_id) },
        context,
        reorderedOf,
      ),
  });

  routes.command({
    command: 'reclassify',
    url: '/reclassify',
    tag: 'Tokens',
    summary: 'Give a patient another class',
    description: 'The arrival is kept; the reason goes on record.',
    body: reclassifyBody(classes),
    success: Reordered,
    run: ({ body: { token_id, patient_type, reason } }, context) =>
      tokens.reclassify(
        { tokenId: tokenId(token_id), patientType: patient_type, reason },
        context,
        reorderedOf,
      ),
  });
}

function addReads(routes: Routes, reads: Reads): void {
  routes.read({
    url: '/tokens/:id',
    tag: 'Tokens',
    summary: 'Read a token of any age and status',
    params: IdParams,
    success: Token,
    codes: ['token_not_found'],
    run: ({ params }, identity) =>
      reads.token({ identity, tokenId: tokenId(params.id) }, { live: tokenOf, over: overTokenOf }),
  });

  routes.read({
    url: '/tokens/:id/history',
    tag: 'Tokens',
    summary: 'Read what happened to a token, and why',
    params: IdParams,
    success: History,
    codes: ['token_not_found'],
    run: async ({ params: { id } }, identity) =>
      shown(await reads.history({ identity, tokenId: tokenId(id) }), (changes) =>
        historyOf(id, changes),
      ),
  });
}
