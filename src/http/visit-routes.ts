import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { TokenCommands } from '../service/index.ts';
import { callerOf, sendAnswer } from './answer.ts';
import { POST_CODES, problems } from './describe.ts';
import {
  Called,
  CallNextBody,
  KeyHeaders,
  NoQuery,
  NoShow,
  NoShowBody,
  Token,
  TokenBody,
} from './schemas.ts';

interface VisitRoutes {
  readonly tokens: TokenCommands;
}

const STEP_CODES = [
  ...POST_CODES,
  'token_not_found',
  'token_already_cancelled',
  'invalid_transition',
] as const;

const checkIn = {
  tags: ['Visit'],
  summary: 'Mark a patient as being at the desk',
  querystring: NoQuery,
  headers: KeyHeaders,
  body: TokenBody,
  response: { 200: Token, ...problems(STEP_CODES) },
};

const callNext = {
  tags: ['Visit'],
  summary: 'Call the next checked-in patient to the doctor',
  description:
    "Over the doctor's slots of the day in time order, in a slot by rank; `slot_id` asks for one slot. A doctor sees one patient at a time: `complete_current` completes who is there.",
  querystring: NoQuery,
  headers: KeyHeaders,
  body: CallNextBody,
  response: {
    200: Called,
    ...problems([
      ...POST_CODES,
      'doctor_not_found',
      'slot_not_found',
      'nobody_waiting',
      'consultation_in_progress',
    ]),
  },
};

const start = {
  tags: ['Visit'],
  summary: 'Take a patient to the doctor, whoever is next',
  querystring: NoQuery,
  headers: KeyHeaders,
  body: TokenBody,
  response: { 200: Token, ...problems([...STEP_CODES, 'consultation_in_progress']) },
};

const complete = {
  tags: ['Visit'],
  summary: 'End a consultation',
  querystring: NoQuery,
  headers: KeyHeaders,
  body: TokenBody,
  response: { 200: Token, ...problems(STEP_CODES) },
};

const noShow = {
  tags: ['Visit'],
  summary: 'Mark a patient who did not come',
  description: 'From the start of the slot, as late as the doctor is; before it only with `force`.',
  querystring: NoQuery,
  headers: KeyHeaders,
  body: NoShowBody,
  response: { 200: NoShow, ...problems([...STEP_CODES, 'too_early']) },
};

/** The visit: a patient arrives, is called, is seen, or did not come. */
export const visitRoutes: FastifyPluginCallbackTypebox<VisitRoutes> = (app, { tokens }, done) => {
  app.post('/check-in', { schema: checkIn }, async (request, reply) =>
    sendAnswer(request, reply, await tokens.checkIn(request.body, callerOf(request))),
  );

  app.post('/call-next', { schema: callNext }, async (request, reply) =>
    sendAnswer(request, reply, await tokens.callNext(request.body, callerOf(request))),
  );

  app.post('/start', { schema: start }, async (request, reply) =>
    sendAnswer(request, reply, await tokens.start(request.body, callerOf(request))),
  );

  app.post('/complete', { schema: complete }, async (request, reply) =>
    sendAnswer(request, reply, await tokens.complete(request.body, callerOf(request))),
  );

  app.post('/no-show', { schema: noShow }, async (request, reply) =>
    sendAnswer(request, reply, await tokens.noShow(request.body, callerOf(request))),
  );

  done();
};
