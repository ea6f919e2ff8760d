import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { PatientClass } from '../engine/index.ts';
import type { Reads, TokenCommands } from '../service/index.ts';
import { callerOf, send, sendAnswer } from './answer.ts';
import { POST_CODES, problems } from './describe.ts';
import {
  bookBody,
  Booking,
  CancelBody,
  Cancellation,
  History,
  IdParams,
  KeyHeaders,
  NoQuery,
  MoveBody,
  Reordered,
  reclassifyBody,
  Token,
} from './schemas.ts';

interface TokenRoutes {
  readonly tokens: TokenCommands;
  readonly reads: Reads;
  readonly classes: readonly PatientClass[];
}

const book = (classes: readonly PatientClass[]) => ({
  tags: ['Tokens'],
  summary: 'Book a patient into a slot',
  querystring: NoQuery,
  headers: KeyHeaders,
  body: bookBody(classes),
  response: {
    201: Booking,
    ...problems([
      ...POST_CODES,
      'doctor_not_found',
      'slot_not_found',
      'duplicate_booking',
      'slot_ended',
      'slot_closed',
      'waitlist_full',
    ]),
  },
});

const cancel = {
  tags: ['Tokens'],
  summary: 'Cancel a token, seated or waiting',
  querystring: NoQuery,
  headers: KeyHeaders,
  body: CancelBody,
  response: {
    200: Cancellation,
    ...problems([
      ...POST_CODES,
      'token_not_found',
      'token_already_cancelled',
      'invalid_transition',
    ]),
  },
};

const move = {
  tags: ['Tokens'],
  summary: 'Move a patient to another slot',
  description:
    'A new arrival there, of whichever doctor; the seat left goes to who waits for it. Refused, the patient keeps the old place.',
  querystring: NoQuery,
  headers: KeyHeaders,
  body: MoveBody,
  response: {
    200: Reordered,
    ...problems([
      ...POST_CODES,
      'slot_not_found',
      'token_not_found',
      'token_already_cancelled',
      'duplicate_booking',
      'slot_ended',
      'slot_closed',
      'waitlist_full',
      'invalid_transition',
    ]),
  },
};

const reclassify = (classes: readonly PatientClass[]) => ({
  tags: ['Tokens'],
  summary: 'Give a patient another class',
  description: 'The arrival is kept; the reason goes on record.',
  querystring: NoQuery,
  headers: KeyHeaders,
  body: reclassifyBody(classes),
  response: {
    200: Reordered,
    ...problems([
      ...POST_CODES,
      'token_not_found',
      'token_already_cancelled',
      'invalid_transition',
    ]),
  },
});

const token = {
  tags: ['Tokens'],
  summary: 'Read a token of any age and status',
  params: IdParams,
  querystring: NoQuery,
  response: {
    200: Token,
    ...problems(['invalid_request', 'token_not_found', 'not_durable']),
  },
};

const history = {
  tags: ['Tokens'],
  summary: 'Read what happened to a token, and why',
  params: IdParams,
  querystring: NoQuery,
  response: {
    200: History,
    ...problems(['invalid_request', 'token_not_found', 'not_durable']),
  },
};

/** What happens to one patient's token. */
export const tokenRoutes: FastifyPluginCallbackTypebox<TokenRoutes> = (app, options, done) => {
  const { tokens, reads, classes } = options;

  app.post(
    '/book',
    {
      schema: book(classes),
    },
    async (request, reply) => {
      const answer = await tokens.book(request.body, callerOf(request));
      if (answer.result.ok) reply.header('location', `/tokens/${answer.result.value.id}`);
      return sendAnswer(request, reply, answer, 201);
    },
  );

  app.post(
    '/cancel',
    {
      schema: cancel,
    },
    async (request, reply) =>
      sendAnswer(request, reply, await tokens.cancel(request.body, callerOf(request))),
  );

  app.post('/move', { schema: move }, async (request, reply) =>
    sendAnswer(request, reply, await tokens.move(request.body, callerOf(request))),
  );

  app.post('/reclassify', { schema: reclassify(classes) }, async (request, reply) =>
    sendAnswer(request, reply, await tokens.reclassify(request.body, callerOf(request))),
  );

  app.get(
    '/tokens/:id',
    {
      schema: token,
    },
    async (request, reply) => send(request, reply, await reads.token(request.params.id)),
  );

  app.get(
    '/tokens/:id/history',
    {
      schema: history,
    },
    async (request, reply) => send(request, reply, await reads.history(request.params.id)),
  );

  done();
};
