import { Type, type Static } from '@sinclair/typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { doctorId, epochMs } from '../../engine/index.ts';
import {
  AVAILABILITY_REFUSALS,
  DELIVERY_STATUSES,
  EVENT_TYPES,
  Id,
  type DeliveryFilter,
  type Operation,
  type Service,
  type StoredDelivery,
  type StoredWebhook,
} from '../../service/index.ts';
import { URL_LENGTH_MAX, type Webhooks } from '../../webhooks/index.ts';
import { EventTypeName } from '../resources/event.ts';
import {
  Deliveries,
  Delivery,
  deliveryOf,
  PutWebhook,
  putWebhookOf,
  Replay,
  Webhook,
  webhookOf,
  Webhooks as WebhookList,
} from '../resources/webhook.ts';
import { BODY_CODES, optionsOf, type Routes } from '../route.ts';
import { closed, oneOf } from '../schema.ts';
import { sendProblem } from '../send-problem.ts';
import { orRefuse } from './key-routes.ts';

/** Doctors that a webhook may name. */
const DOCTORS_MAX = 100;
const PAGE = { default: 50, max: 200 } as const;

const Params = closed({
  id: Type.String({
    pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$',
    description: '1 to 64 letters, digits and `_-`; the first is a letter or a digit.',
    examples: ['ward-app'],
  }),
});

const Body = closed(
  {
    url: Type.String({
      minLength: 1,
      maxLength: URL_LENGTH_MAX,
      description:
        'Where events are sent to by `POST`: an `https` URL that leads to a public address.',
    }),
    types: Type.Optional(
      Type.Array(EventTypeName, {
        maxItems: EVENT_TYPES.length,
        uniqueItems: true,
        description: 'The types of events that are sent. All by default.',
      }),
    ),
    doctor_ids: Type.Optional(
      Type.Array(Id, {
        maxItems: DOCTORS_MAX,
        uniqueItems: true,
        description: 'The doctors whose events are sent. All by default.',
      }),
    ),
  },
  { title: 'WebhookRequest', examples: [{ url: 'https://ward.example/opd' }] },
);

const ReplayBody = closed(
  {
    event_id: Type.Optional(
      Type.String({ maxLength: 200, description: 'The `id` of one event, which is sent once.' }),
    ),
    from: Type.Optional(
      Type.String({
        format: 'date-time',
        description: 'An instant: all events from it on are delivered once more, in order.',
      }),
    ),
  },
  { title: 'ReplayRequest', examples: [{ from: '2026-11-23T08:00:00Z' }] },
);

const DeliveriesQuery = closed({
  status: Type.Optional(oneOf(DELIVERY_STATUSES, { description: 'Only these. All by default.' })),
  limit: Type.Optional(
    Type.String({
      pattern: '^([1-9]\\d?|1\\d\\d|200)$',
      description: `How many deliveries at most: 1 to ${PAGE.max}, ${PAGE.default} by default.`,
    }),
  ),
  cursor: Type.Optional(
    Type.String({
      pattern: '^\\d{1,15}:[\\w-]{1,200}$',
      description: '`next_cursor` of the page before.',
    }),
  ),
});

interface WebhookRoutes {
  readonly webhooks: Webhooks;
  readonly service: Pick<Service, 'unreadiness'>;
  readonly logger: Logger;
}

type Handler = (id: string, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

/** Adds the routes by which administrators set webhooks and see what was delivered. */
export function addWebhookRoutes(routes: Routes, deps: WebhookRoutes): void {
  const { app, access } = routes;
  const guarded = (operation: Operation) => access.hook(operation);
  const withId = (handle: Handler) => (request: FastifyRequest, reply: FastifyReply) =>
    orRefuse(deps.service, request, reply, () =>
      handle((request.params as { readonly id: string }).id, request, reply),
    );
  app.get('/webhooks', { ...LIST, onRequest: guarded('listWebhooks') }, withId(list(deps)));
  app.get('/webhooks/:id', { ...READ, onRequest: guarded('readWebhook') }, withId(read(deps)));
  app.put('/webhooks/:id', { ...PUT, onRequest: guarded('putWebhook') }, withId(put(deps)));
  app.delete(
    '/webhooks/:id',
    { ...REMOVE, onRequest: guarded('deleteWebhook') },
    withId(remove(deps)),
  );
  app.post(
    '/webhooks/:id/rotate',
    { ...ROTATE, onRequest: guarded('rotateWebhook') },
    withId(rotate(deps)),
  );
  app.get(
    '/webhooks/:id/deliveries',
    { ...DELIVERIES, onRequest: guarded('listDeliveries') },
    withId(deliveries(deps)),
  );
  app.post(
    '/webhooks/:id/replay',
    { ...REPLAY, onRequest: guarded('replayWebhook') },
    withId(replay(deps)),
  );
  app.post(
    '/webhooks/:id/test',
    { ...TEST, onRequest: guarded('testWebhook') },
    withId(test(deps)),
  );
}

const LIST = optionsOf({
  name: 'listWebhooks',
  tag: 'Webhooks',
  summary: 'List the webhooks',
  description: 'All webhooks in the order of their ids, also disabled ones.',
  answers: { 200: WebhookList },
  codes: ['invalid_request', ...AVAILABILITY_REFUSALS],
});

const READ = optionsOf({
  name: 'readWebhook',
  tag: 'Webhooks',
  summary: 'Read a webhook',
  description: 'What the webhook is told and where, and whether it is disabled.',
  params: Params,
  answers: { 200: Webhook },
  codes: ['invalid_request', 'webhook_not_found', ...AVAILABILITY_REFUSALS],
});

const PUT = optionsOf({
  name: 'putWebhook',
  tag: 'Webhooks',
  summary: 'Make or change a webhook',
  description:
    'A new webhook gets a secret, which only this answer shows, and is told of everything that happens from now on. To repeat the request changes nothing, but enables a webhook that is disabled: it goes on where it stopped.',
  params: Params,
  body: Body,
  answers: { 200: PutWebhook, 201: PutWebhook },
  codes: [...BODY_CODES, ...AVAILABILITY_REFUSALS],
});

const REMOVE = optionsOf({
  name: 'deleteWebhook',
  tag: 'Webhooks',
  summary: 'Delete a webhook',
  description: 'Nothing more is sent to it. Every process of the service follows within a second.',
  params: Params,
  answers: { 200: Webhook },
  codes: [...BODY_CODES, 'webhook_not_found', ...AVAILABILITY_REFUSALS],
});

const ROTATE = optionsOf({
  name: 'rotateWebhook',
  tag: 'Webhooks',
  summary: 'Give a webhook a new secret',
  description:
    'Only this answer shows the new secret. For a day both secrets sign, so that the receiver can change over without a gap.',
  params: Params,
  answers: { 200: PutWebhook },
  codes: [...BODY_CODES, 'webhook_not_found', ...AVAILABILITY_REFUSALS],
});

const DELIVERIES = optionsOf({
  name: 'listDeliveries',
  tag: 'Webhooks',
  summary: 'List what was sent to a webhook',
  description:
    'The deliveries of the last 30 days, one for each event, the last try first: what came back, and when the next try is.',
  params: Params,
  query: DeliveriesQuery,
  answers: { 200: Deliveries },
  codes: ['invalid_request', 'webhook_not_found', ...AVAILABILITY_REFUSALS],
});

const REPLAY = optionsOf({
  name: 'replayWebhook',
  tag: 'Webhooks',
  summary: 'Send events to a webhook once more',
  description:
    'Either one event, at once and once, or all events from an instant on, in order. They have the same `webhook-id` as before.',
  params: Params,
  body: ReplayBody,
  answers: { 200: Replay },
  codes: [...BODY_CODES, 'webhook_not_found', 'event_not_found', ...AVAILABILITY_REFUSALS],
});

const TEST = optionsOf({
  name: 'testWebhook',
  tag: 'Webhooks',
  summary: 'Send a test to a webhook',
  description: 'Sends a signed message of the type `webhook.test`, once, and says what came back.',
  params: Params,
  answers: { 200: Delivery },
  codes: [...BODY_CODES, 'webhook_not_found', ...AVAILABILITY_REFUSALS],
});

function list({ webhooks }: WebhookRoutes): Handler {
  return async (_id, _request, reply) =>
    reply.send({ webhooks: (await webhooks.registry.list()).map(webhookOf) });
}

function read({ webhooks }: WebhookRoutes): Handler {
  return async (id, request, reply) => {
    const webhook = await webhooks.registry.find(id);
    if (webhook === undefined) return sendProblem(request, reply, 'webhook_not_found');
    return reply.send(webhookOf(webhook));
  };
}

function put(deps: WebhookRoutes): Handler {
  return async (id, request, reply) => {
    const { url, types = [], doctor_ids = [] } = request.body as Static<typeof Body>;
    const input = { url, types, doctorIds: doctor_ids.map(doctorId) };
    const done = await deps.webhooks.registry.put(id, input, request.identity.actor);
    if ('faults' in done)
      return sendProblem(request, reply, 'invalid_request', { errors: done.faults });
    await follow('putWebhook', id, request, deps);
    return reply.code(done.isNew ? 201 : 200).send(putWebhookOf(done));
  };
}

function remove(deps: WebhookRoutes): Handler {
  return async (id, request, reply) => {
    const webhook = await deps.webhooks.registry.remove(id, request.identity.actor);
    if (webhook === undefined) return sendProblem(request, reply, 'webhook_not_found');
    await follow('deleteWebhook', id, request, deps);
    return reply.send(webhookOf(webhook));
  };
}

function rotate(deps: WebhookRoutes): Handler {
  return async (id, request, reply) => {
    const done = await deps.webhooks.registry.rotate(id, request.identity.actor);
    if (done === undefined) return sendProblem(request, reply, 'webhook_not_found');
    await follow('rotateWebhook', id, request, deps);
    return reply.send(putWebhookOf(done));
  };
}

function deliveries({ webhooks }: WebhookRoutes): Handler {
  return async (id, request, reply) => {
    if ((await webhooks.registry.find(id)) === undefined)
      return sendProblem(request, reply, 'webhook_not_found');
    const { status = null, limit, cursor } = request.query as Static<typeof DeliveriesQuery>;
    const count = limit === undefined ? PAGE.default : Number(limit);
    const filter = { status, behind: placeOf(cursor), limit: count + 1 };
    const found = await webhooks.deliveries(id, filter);
    const page = found.slice(0, count);
    const next = found.length > count ? cursorOf(page.at(-1)) : null;
    return reply.send({ deliveries: page.map(deliveryOf), next_cursor: next });
  };
}

function replay(deps: WebhookRoutes): Handler {
  return async (id, request, reply) => {
    const { event_id, from } = request.body as Static<typeof ReplayBody>;
    if ((event_id === undefined) === (from === undefined)) {
      const errors = [{ pointer: '', detail: 'must have either event_id or from' }];
      return sendProblem(request, reply, 'invalid_request', { errors });
    }
    const webhook = await deps.webhooks.registry.find(id);
    if (webhook === undefined) return sendProblem(request, reply, 'webhook_not_found');
    const done =
      event_id === undefined
        ? await replayFrom(webhook, from ?? '', request, deps)
        : await resend(webhook, event_id, request, deps);
    if (done === undefined) return sendProblem(request, reply, 'event_not_found');
    await follow('replayWebhook', id, request, deps);
    return reply.send({ webhook: webhookOf(done.webhook), delivery: done.delivery });
  };
}

async function replayFrom(
  webhook: StoredWebhook,
  from: string,
  { identity }: FastifyRequest,
  { webhooks }: WebhookRoutes,
) {
  const instant = epochMs(Date.parse(from));
  const replayed = await webhooks.replayFrom(webhook.id, instant, identity.actor);
  return { webhook: replayed ?? webhook, delivery: null };
}

async function resend(
  webhook: StoredWebhook,
  eventId: string,
  { identity }: FastifyRequest,
  { webhooks }: WebhookRoutes,
) {
  const delivery = await webhooks.resend(webhook, eventId, identity.actor);
  return delivery && { webhook, delivery: deliveryOf(delivery) };
}

function test({ webhooks }: WebhookRoutes): Handler {
  return async (id, request, reply) => {
    const webhook = await webhooks.registry.find(id);
    if (webhook === undefined) return sendProblem(request, reply, 'webhook_not_found');
    return reply.send(deliveryOf(await webhooks.test(webhook, request.identity.actor)));
  };
}

/** Makes this process follow a change of the webhooks at once, and logs who changed which. */
async function follow(
  operation: Operation,
  webhook: string,
  request: FastifyRequest,
  { webhooks, logger }: WebhookRoutes,
): Promise<void> {
  const { actor } = request.identity;
  logger.info({ request_id: request.id, actor, operation, webhook }, 'A webhook was changed.');
  await webhooks.refresh();
}

const cursorOf = (delivery: StoredDelivery | undefined): string | null =>
  delivery === undefined ? null : `${delivery.at}:${delivery.eventId}`;

function placeOf(cursor: string | undefined): DeliveryFilter['behind'] {
  if (cursor === undefined) return null;
  const [at, eventId = ''] = cursor.split(':');
  return { at: epochMs(Number(at)), eventId };
}
