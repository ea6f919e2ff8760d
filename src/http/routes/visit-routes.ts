import { Type } from '@sinclair/typebox';
import { doctorId, slotId, tokenId } from '../../engine/index.ts';
import { Id, type TokenCommands } from '../../service/index.ts';
import { EXAMPLE_TOKEN_ID } from '../examples.ts';
import { Reordered, reorderedOf, Undone, undoneOf } from '../resources/booking.ts';
import { Token, tokenOf } from '../resources/token.ts';
import { Called, calledOf, NoShow, noShowOf } from '../resources/visit.ts';
import type { Routes } from '../route.ts';
import { closed, Reason, Room } from '../schema.ts';

interface VisitRoutes {
  readonly tokens: TokenCommands;
}

const TokenBody = closed(
  { token_id: Id },
  { title: 'TokenRequest', examples: [{ token_id: EXAMPLE_TOKEN_ID }] },
);

const NoShowBody = closed(
  {
    token_id: Id,
    force: Type.Optional(
      Type.Boolean({ description: 'Whether it is accepted before the slot starts too.' }),
    ),
  },
  { title: 'NoShowRequest', examples: [{ token_id: EXAMPLE_TOKEN_ID, force: true }] },
);

const StartBody = closed(
  {
    token_id: Id,
    room: Type.Optional(Room),
  },
  { title: 'StartRequest', examples: [{ token_id: EXAMPLE_TOKEN_ID, room: '2' }] },
);

const UndoBody = closed(
  { token_id: Id, reason: Reason },
  {
    title: 'UndoRequest',
    examples: [{ token_id: EXAMPLE_TOKEN_ID, reason: 'wrong patient clicked' }],
  },
);

const CallNextBody = closed(
  {
    doctor_id: Id,
    slot_id: Type.Optional(
      Type.String({
        ...Id,
        description: 'Only this slot is searched; with the id of a session, its slots of today.',
      }),
    ),
    room: Type.Optional(Room),
    complete_current: Type.Optional(
      Type.Boolean({ description: 'Whether the patient in consultation is completed first.' }),
    ),
    skip_current: Type.Optional(
      Type.Boolean({
        description:
          'Whether the patient in consultation is skipped first, because the patient is not there. Not together with `complete_current`.',
      }),
    ),
  },
  { title: 'CallNextRequest', examples: [{ doctor_id: 'doc1', complete_current: true }] },
);

/** Adds the routes of the visit: a patient is checked in, is called and is seen, or did not come. */
export function addVisitRoutes(routes: Routes, { tokens }: VisitRoutes): void {
  addPresence(routes, tokens);
  addConsultation(routes, tokens);
  addUndo(routes, tokens);
}

/** The commands that say whether a patient is at the clinic. */
function addPresence(routes: Routes, tokens: TokenCommands): void {
  routes.command({
    command: 'checkIn',
    url: '/check-in',
    tag: 'Visit',
    summary: 'Check a patient in',
    description:
      'Says that a patient with a seat is at the clinic, on the date of the slot only. From then on the patient can be called.',
    body: TokenBody,
    success: Token,
    run: ({ body }, context) =>
      tokens.checkIn({ tokenId: tokenId(body.token_id) }, context, tokenOf),
  });

  routes.command({
    command: 'skip',
    url: '/skip',
    tag: 'Visit',
    summary: 'Skip a patient who is not there',
    description:
      'The patient was called, or had checked in, and is not there now. The patient keeps seat and arrival, is called no more, and comes back by a check-in, by the same rank as before. A waiting patient of a higher class gets the seat: then the token waits, and `promoted` is that patient.',
    body: TokenBody,
    success: Reordered,
    run: ({ body }, context) =>
      tokens.skip({ tokenId: tokenId(body.token_id) }, context, reorderedOf),
  });

  routes.command({
    command: 'noShow',
    url: '/no-show',
    tag: 'Visit',
    summary: 'Mark a patient as a no-show',
    description:
      'The seat goes to the best waiting patient, who is in `promoted`. Before the slot starts, its delay included, a no-show is accepted only with `force`, or when the patient was called or skipped.',
    body: NoShowBody,
    success: NoShow,
    run: ({ body: { token_id, force = false } }, context) =>
      tokens.noShow({ tokenId: tokenId(token_id), force }, context, noShowOf),
  });
}

function addConsultation(routes: Routes, tokens: TokenCommands): void {
  routes.command({
    command: 'callNext',
    url: '/call-next',
    tag: 'Visit',
    summary: 'Call the next checked-in patient to the doctor',
    description:
      'Calls a checked-in emergency of any slot of today first, then the best rank of the earliest slot that has a checked-in patient. As many patients are in consultation at once as the doctor has rooms: `complete_current` or `skip_current` ends a consultation first, with several rooms the one in `room`.',
    body: CallNextBody,
    success: Called,
    run: ({ body }, context) =>
      tokens.callNext(
        {
          doctorId: doctorId(body.doctor_id),
          slotId: body.slot_id === undefined ? null : slotId(body.slot_id),
          room: body.room ?? null,
          completeCurrent: body.complete_current ?? false,
          skipCurrent: body.skip_current ?? false,
        },
        context,
        calledOf,
      ),
  });

  routes.command({
    command: 'start',
    url: '/start',
    tag: 'Visit',
    summary: 'Call one particular patient to the doctor',
    description: 'The patient may be called out of turn, and need not be checked in.',
    body: StartBody,
    success: Token,
    run: ({ body: { token_id, room = null } }, context) =>
      tokens.start({ tokenId: tokenId(token_id), room }, context, tokenOf),
  });

  routes.command({
    command: 'complete',
    url: '/complete',
    tag: 'Visit',
    summary: 'End a consultation',
    description: 'The patient has been seen. The seat is used up: no other patient gets it.',
    body: TokenBody,
    success: Token,
    run: ({ body }, context) =>
      tokens.complete({ tokenId: tokenId(body.token_id) }, context, tokenOf),
  });
}

function addUndo(routes: Routes, tokens: TokenCommands): void {
  routes.command({
    command: 'undo',
    url: '/undo',
    tag: 'Visit',
    summary: 'Take the last change of a token back',
    description:
      'Takes back a check-in, a call or start, a skip, a completion, a no-show or a cancellation, until the day of the slot is over. The token gets the status before it; a patient who was completed or skipped is `CHECKED_IN` when no room is free. A cancelled patient or a no-show comes back with the same arrival and number, on a free seat, on the seat of a lower class, or on the waitlist. The reason is stored in the history of the token.',
    body: UndoBody,
    success: Undone,
    run: ({ body: { token_id, reason } }, context) =>
      tokens.undo({ tokenId: tokenId(token_id), reason }, context, undoneOf),
  });
}
