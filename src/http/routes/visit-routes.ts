import { Type } from '@sinclair/typebox';
import { doctorId, slotId, tokenId } from '../../engine/index.ts';
import { Id, type TokenCommands } from '../../service/index.ts';
import { EXAMPLE_TOKEN_ID } from '../examples.ts';
import { Token, tokenOf } from '../resources/token.ts';
import { Called, calledOf, NoShow, noShowOf } from '../resources/visit.ts';
import type { Routes } from '../route.ts';
import { closed } from '../schema.ts';

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

const CallNextBody = closed(
  {
    doctor_id: Id,
    slot_id: Type.Optional(
      Type.String({
        ...Id,
        description: 'Only this slot is searched; with the id of a session, its slots of today.',
      }),
    ),
    complete_current: Type.Optional(
      Type.Boolean({ description: 'Whether the patient in consultation is completed too.' }),
    ),
  },
  { title: 'CallNextRequest', examples: [{ doctor_id: 'doc1', complete_current: true }] },
);

/** Adds the routes of the visit: a patient is checked in, is called and is seen, or did not come. */
export function addVisitRoutes(routes: Routes, { tokens }: VisitRoutes): void {
  addPresence(routes, tokens);
  addConsultation(routes, tokens);
}

/** The commands that say whether a patient is at the clinic. */
function addPresence(routes: Routes, tokens: TokenCommands): void {
  routes.command({
    command: 'checkIn',
    url: '/check-in',
    tag: 'Visit',
    summary: 'Check a patient in',
    description:
      'Says that a patient with a seat is at the clinic. From then on the patient can be called.',
    body: TokenBody,
    success: Token,
    run: ({ body }, context) =>
      tokens.checkIn({ tokenId: tokenId(body.token_id) }, context, tokenOf),
  });

  routes.command({
    command: 'noShow',
    url: '/no-show',
    tag: 'Visit',
    summary: 'Mark a patient as a no-show',
    description:
      'The seat goes to the best waiting patient, who is in `promoted`. Before the slot starts, its delay included, a no-show is accepted only with `force`.',
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
      "Searches the doctor's slots of today in the order of their starts, and in a slot calls the best rank. A doctor sees one patient at a time: `complete_current` completes the patient in consultation first.",
    body: CallNextBody,
    success: Called,
    run: ({ body }, context) =>
      tokens.callNext(
        {
          doctorId: doctorId(body.doctor_id),
          slotId: body.slot_id === undefined ? null : slotId(body.slot_id),
          completeCurrent: body.complete_current ?? false,
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
    body: TokenBody,
    success: Token,
    run: ({ body }, context) => tokens.start({ tokenId: tokenId(body.token_id) }, context, tokenOf),
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
