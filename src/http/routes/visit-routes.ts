import { Type } from '@sinclair/typebox';
import { doctorId, slotId, tokenId } from '../../engine/index.ts';
import { Id, type TokenCommands } from '../../service/index.ts';
import { Token, tokenOf } from '../resources/token.ts';
import { Called, calledOf, NoShow, noShowOf } from '../resources/visit.ts';
import type { Routes } from '../route.ts';
import { closed } from '../schema.ts';

interface VisitRoutes {
  readonly tokens: TokenCommands;
}

const TokenBody = closed({ token_id: Id });

const NoShowBody = closed({
  token_id: Id,
  force: Type.Optional(Type.Boolean({ description: 'Also before the slot starts.' })),
});

const CallNextBody = closed({
  doctor_id: Id,
  slot_id: Type.Optional(Id),
  complete_current: Type.Optional(
    Type.Boolean({ description: 'Completes who is in consultation.' }),
  ),
});

/** Adds the routes of the visit: a patient arrives, is called, is seen, or did not come. */
export function addVisitRoutes(routes: Routes, { tokens }: VisitRoutes): void {
  routes.command({
    command: 'checkIn',
    url: '/check-in',
    tag: 'Visit',
    summary: 'Mark a patient as being at the desk',
    body: TokenBody,
    success: Token,
    run: ({ body }, context) =>
      tokens.checkIn({ tokenId: tokenId(body.token_id) }, context, tokenOf),
  });

  routes.command({
    command: 'callNext',
    url: '/call-next',
    tag: 'Visit',
    summary: 'Call the next checked-in patient to the doctor',
    description:
      "Over the doctor's slots of the day in time order, in a slot by rank; `slot_id` asks for one slot. A doctor sees one patient at a time: `complete_current` completes who is there.",
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
    summary: 'Take a patient to the doctor, whoever is next',
    body: TokenBody,
    success: Token,
    run: ({ body }, context) => tokens.start({ tokenId: tokenId(body.token_id) }, context, tokenOf),
  });

  routes.command({
    command: 'complete',
    url: '/complete',
    tag: 'Visit',
    summary: 'End a consultation',
    body: TokenBody,
    success: Token,
    run: ({ body }, context) =>
      tokens.complete({ tokenId: tokenId(body.token_id) }, context, tokenOf),
  });

  routes.command({
    command: 'noShow',
    url: '/no-show',
    tag: 'Visit',
    summary: 'Mark a patient who did not come',
    description:
      'From the start of the slot, as late as the doctor is; before it only with `force`.',
    body: NoShowBody,
    success: NoShow,
    run: ({ body: { token_id, force = false } }, context) =>
      tokens.noShow({ tokenId: tokenId(token_id), force }, context, noShowOf),
  });
}
