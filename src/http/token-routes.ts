import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { PatientClass } from '../engine/index.ts';
import type { Commands, Reads } from '../service/index.ts';
import { callerOf, send, sendAnswer } from './answer.ts';
import { BODY_CODES, COMMAND_CODES, KEY_CODES, problems } from './describe.ts';
import {
  bookBody,
  Booking,
  CancelBody,
  Cancellation,
  History,
  IdParams,
  KeyHeaders,
  NoQuery,
  NoShow,
  Token,
  TokenBody,
} from './schemas.ts';

interface TokenRoutes {
  readonly commands: Commands;
  readonly reads: Reads;
  readonly classes: readonly PatientClass[];
}

const COMMON = [...BODY_CODES, ...KEY_CODES, ...COMMAND_CODES];

const book = (classes: readonly PatientClass[]) => ({
  tags: ['Tokens'],
  summary: 'Book a patient into a slot',
  querystring: NoQuery,
  headers: KeyHeaders,
  body: bookBody(classes),
  response: {
    201: Booking,
    ...problems([
      ...COMMON,
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
    ...problems([...COMMON, 'token_not_found', 'token_already_cancelled', 'invalid_transition']),
  },
};

const noShow = {
  tags: ['Tokens'],
  summary: 'Mark a patient who did not come',
  querystring: NoQuery,
  headers: KeyHeaders,
  body: TokenBody,
  response: {
    200: NoShow,
    ...problems([...COMMON, 'token_not_found', 'token_already_cancelled', 'invalid_transition']),
  },
};

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
  const { commands, reads, classes } = options;

  app.post(
    '/book',
    {
      schema: book(classes),
    },
    async (request, reply) => {
      const answer = await commands.book(request.body, callerOf(request));
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
      sendAnswer(request, reply, await commands.cancel(request.body, callerOf(request))),
  );

  app.post(
    '/no-show',
    {
      schema: noShow,
    },
    async (request, reply) =>
      sendAnswer(request, reply, await commands.noShow(request.body, callerOf(request))),
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
