import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { ClinicCommands } from '../service/index.ts';
import { callerOf, send, sendAnswer } from './answer.ts';
import { BODY_CODES, COMMAND_CODES, POST_CODES, problems } from './describe.ts';
import {
  CloseBody,
  Closed,
  Delay,
  DelayBody,
  IdParams,
  KeyHeaders,
  NoQuery,
  RevisedSlot,
  ReviseSlotBody,
  Slot,
  SlotBody,
  DryRunQuery,
} from './schemas.ts';

interface SlotRoutes {
  readonly clinic: ClinicCommands;
}

const DRY_RUN = 'With `dry_run=true` the answer is the same and nothing is changed.';

const addSlot = {
  tags: ['Slots'],
  summary: 'Open a single slot outside the sessions',
  querystring: NoQuery,
  headers: KeyHeaders,
  body: SlotBody,
  response: {
    201: Slot,
    ...problems([...POST_CODES, 'doctor_not_found', 'slot_ended', 'id_taken']),
  },
};

const reviseSlot = {
  tags: ['Slots'],
  summary: "Set a slot's seats and delay",
  description: `More seats promote who waits, fewer bump the weakest. ${DRY_RUN}`,
  params: IdParams,
  querystring: DryRunQuery,
  body: ReviseSlotBody,
  response: {
    200: RevisedSlot,
    ...problems([
      ...BODY_CODES,
      ...COMMAND_CODES,
      'slot_not_found',
      'slot_ended',
      'slot_closed',
      'capacity_below_seated',
    ]),
  },
};

const closeSlot = {
  tags: ['Slots'],
  summary: 'Close a slot and move or cancel its patients',
  description: `Every live patient is listed with the outcome. ${DRY_RUN}`,
  params: IdParams,
  querystring: DryRunQuery,
  headers: KeyHeaders,
  body: CloseBody,
  response: {
    200: Closed,
    ...problems([...POST_CODES, 'slot_not_found', 'slot_ended', 'slot_closed']),
  },
};

const delayDay = {
  tags: ['Slots'],
  summary: 'Say by how much a doctor runs late on a day',
  description: `Sets the delay of the open slots of the day that have not ended. ${DRY_RUN}`,
  params: IdParams,
  querystring: DryRunQuery,
  headers: KeyHeaders,
  body: DelayBody,
  response: { 200: Delay, ...problems([...POST_CODES, 'doctor_not_found']) },
};

/** What there is to book, and how it changes while patients are in it. */
export const slotRoutes: FastifyPluginCallbackTypebox<SlotRoutes> = (app, { clinic }, done) => {
  app.post('/slots', { schema: addSlot }, async (request, reply) =>
    sendAnswer(request, reply, await clinic.addSlot(request.body, callerOf(request)), 201),
  );

  app.patch('/slots/:id', { schema: reviseSlot }, async (request, reply) => {
    const { params, body, query } = request;
    const caller = callerOf(request);
    return send(
      request,
      reply,
      await clinic.reviseSlot(params.id, body, caller, query.dry_run === 'true'),
    );
  });

  app.post('/slots/:id/close', { schema: closeSlot }, async (request, reply) => {
    const { params, body, query } = request;
    const caller = callerOf(request);
    return sendAnswer(
      request,
      reply,
      await clinic.closeSlot(params.id, body, caller, query.dry_run === 'true'),
    );
  });

  app.post('/doctors/:id/delay', { schema: delayDay }, async (request, reply) => {
    const { params, body, query } = request;
    const caller = callerOf(request);
    return sendAnswer(
      request,
      reply,
      await clinic.delayDay(params.id, body, caller, query.dry_run === 'true'),
    );
  });

  done();
};
