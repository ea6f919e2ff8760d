import { Type, type Static } from '@sinclair/typebox';
import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import { doctorId, type DoctorId } from '../../engine/index.ts';
import {
  AVAILABILITY_REFUSALS,
  EVENT_TYPES,
  eventDetailOf,
  Id,
  instantOf,
  isOfDoctors,
  NotDurableError,
  type EventGrant,
  type Identity,
  type Service,
} from '../../service/index.ts';
import { EventStream, isSeenBy, type StreamedEvents } from '../event-stream.ts';
import { changesOf, Event, EventChanges, EventTicket } from '../resources/event.ts';
import { BODY_CODES, optionsOf, shown, type Routes } from '../route.ts';
import { closed } from '../schema.ts';
import { sendProblem, sendRefusal } from '../send-problem.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on the route of the stream: who reads, and for how long. */
    eventGrant: EventGrant | null;
  }
}

const PAGE = { default: 100, max: 500 } as const;
const DOCTORS_MAX = 1_000;

const TYPE = EVENT_TYPES.map((type) => type.replace('.', '\\.')).join('|');

const filterFields = {
  doctor_id: Type.Optional(
    Type.Unsafe<string | readonly string[]>({
      anyOf: [Id, { type: 'array', items: Id, minItems: 1, maxItems: DOCTORS_MAX }],
      description:
        'One doctor, or several: `doctor_id=doc1&doctor_id=doc2`. All by default. Changes of the holidays concern all doctors.',
    }),
  ),
  types: Type.Optional(
    Type.String({
      pattern: `^(${TYPE})(,(${TYPE}))*$`,
      maxLength: 1_000,
      description: 'Types of events with commas between them. All by default.',
    }),
  ),
  after: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      pattern: '^[\\w-]+$',
      description: 'The `id` of the last event that the client has. By default only new events.',
    }),
  ),
};

const StreamQuery = closed({
  ...filterFields,
  detail: Type.Optional(
    Type.Literal('numbers', {
      description:
        'Leaves out names and the ids of patients and tokens, as for a `display`. By default the role decides.',
    }),
  ),
  ticket: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 8_000,
      description: 'A ticket of `POST /events/ticket`, instead of an access key.',
    }),
  ),
});

const StreamHeaders = Type.Object({
  'last-event-id': Type.Optional(
    Type.String({
      maxLength: 200,
      description: 'As `after`; browsers send it when they connect again. It wins over `after`.',
    }),
  ),
});

const ChangesQuery = closed({
  ...filterFields,
  limit: Type.Optional(
    Type.String({
      pattern: '^([1-9]\\d?|[1-4]\\d\\d|500)$',
      description: `How many events at most: 1 to ${PAGE.max}, ${PAGE.default} by default.`,
    }),
  ),
});

interface EventRoutes {
  readonly service: Service;
  /** Streams that may be open at the same time. */
  readonly streamsMax: number;
}

/** Adds the routes by which everyone affected is told: the stream of events, its tickets, and the changes page by page. */
export function addEventRoutes(routes: Routes, deps: EventRoutes): void {
  addStream(routes, deps);
  addTicket(routes, deps);
  addChanges(routes, deps);
}

/** The filter of a query: a key that is limited to doctors gets the events of these doctors by default. */
function filterOf(
  { doctor_id = [], types }: Static<typeof ChangesQuery>,
  { doctorIds: limits }: Identity,
): Pick<StreamedEvents, 'doctorIds' | 'types'> {
  const named = new Set<DoctorId>([doctor_id].flat().map(doctorId));
  return {
    doctorIds: named.size > 0 ? named : limits,
    types: types === undefined ? null : new Set(types.split(',')),
  };
}

function addStream({ app, access }: Routes, deps: EventRoutes): void {
  const options = optionsOf({
    name: 'readEvents',
    tag: 'Events',
    summary: 'Receive events as they happen',
    description:
      'A stream of server-sent events. Each is durable and comes once; those of a doctor come in the order of `version`. A client that connects again with the `id` of its last event gets all events since. `event: reset` says that this `id` is unknown: the client reads the state again, and goes on with the stream.',
    query: StreamQuery,
    headers: StreamHeaders,
    answers: {
      200: { description: 'Events', content: { 'text/event-stream': { schema: Event } } },
    },
    codes: ['invalid_request', ...AVAILABILITY_REFUSALS],
  });
  app.decorateRequest('eventGrant', null);
  app.get<{ Querystring: Static<typeof StreamQuery> }>(
    '/events',
    {
      ...options,
      exposeHeadRoute: false,
      onRequest: streamHook(access.hook('readEvents'), deps.service),
    },
    async (request, reply) => {
      const grant = request.eventGrant ?? deps.service.eventAccess.grantOf(request.identity);
      const guarded = { operation: 'readEvents', url: '/events' } as const;
      const denied = access.denies(guarded, request, reply);
      if (denied !== false && (await denied)) return reply;
      return openStream(request, reply, { ...deps, grant });
    },
  );
}

/** Recognises the ticket of a request if it has one; otherwise its access key. */
const streamHook = (
  byKey: onRequestHookHandler,
  { eventAccess, permissions }: Service,
): onRequestHookHandler =>
  function (request, reply, done) {
    const { ticket } = request.query as { readonly ticket?: unknown };
    if (typeof ticket !== 'string') {
      byKey.call(this, request, reply, done);
      return;
    }
    void eventAccess.grantOfTicket(ticket).then(
      (grant) => {
        const denial = grant && permissions.denialOfRole('readEvents', grant.identity);
        if (grant === undefined || denial !== undefined)
          return void sendProblem(request, reply, 'unauthenticated', { detail: WRONG_TICKET });
        request.identity = grant.identity;
        request.eventGrant = grant;
        done();
      },
      (error: unknown) =>
        error instanceof NotDurableError
          ? void sendProblem(request, reply, 'not_durable')
          : done(error as Error),
    );
  };

const WRONG_TICKET =
  'The ticket is not valid, or has expired. POST /events/ticket with an access key gives a new one.';

async function openStream(
  request: FastifyRequest,
  reply: FastifyReply,
  { service: { eventFeed }, streamsMax, grant }: EventRoutes & { readonly grant: EventGrant },
): Promise<FastifyReply> {
  if (eventFeed.subscriberCount >= streamsMax) return sendProblem(request, reply, 'overloaded');
  const query = request.query as Static<typeof StreamQuery>;
  const { 'last-event-id': lastId } = request.headers;
  const after = typeof lastId === 'string' && lastId !== '' ? lastId : (query.after ?? null);
  const { raw } = reply;
  const stream = new EventStream(reply, grant, {
    ...filterOf(query, grant.identity),
    detail: query.detail ?? eventDetailOf(grant.identity.role),
  });
  const subscribed = await eventFeed.subscribe(stream, after);
  if (!subscribed.ok) return sendRefusal(request, reply, subscribed.refusal);
  raw.on('drain', () => eventFeed.ready(stream));
  raw.once('close', () => eventFeed.unsubscribe(stream));
  if (raw.destroyed) eventFeed.unsubscribe(stream);
  return reply;
}

function addTicket({ app, access }: Routes, { service }: EventRoutes): void {
  const options = optionsOf({
    name: 'createEventTicket',
    tag: 'Events',
    summary: 'Get a ticket for a stream',
    description:
      'A browser cannot send an access key with a stream of events: it sends `ticket` in the query. The ticket opens streams for ten minutes, with the role and the doctors of the caller. A stream goes on when its ticket expires, and ends within a second when the key is revoked.',
    answers: { 200: EventTicket },
    codes: [...BODY_CODES, ...AVAILABILITY_REFUSALS],
  });
  app.post(
    '/events/ticket',
    { ...options, onRequest: access.hook('createEventTicket') },
    async (request, reply) => {
      if (service.unreadiness !== undefined)
        return sendProblem(request, reply, service.unreadiness);
      const { ticket, expiresAt } = await service.eventAccess.issue(request.identity);
      reply.header('cache-control', 'no-store');
      return reply.send({ ticket, expires_at: instantOf(expiresAt) });
    },
  );
}

function addChanges(routes: Routes, { service }: EventRoutes): void {
  routes.read({
    name: 'readChanges',
    url: '/changes',
    tag: 'Events',
    summary: 'Read events page by page',
    description:
      'The same events as the stream has, for clients that ask again and again. A page can have fewer events than `limit`: there are more as long as `has_more` is true. Without `after` the answer has no event, and the `cursor` of now.',
    query: ChangesQuery,
    success: EventChanges,
    codes: ['unknown_cursor'],
    run: async ({ query }, asked) => {
      const { identity } = asked;
      const { doctorIds, types } = filterOf(query, identity);
      const page = await service.changes.page({
        ...asked,
        after: query.after ?? null,
        limit: query.limit === undefined ? PAGE.default : Number(query.limit),
        isWanted: (event) =>
          isOfDoctors(event, doctorIds) &&
          (types?.has(event.type) ?? true) &&
          isSeenBy(event, identity),
      });
      return shown(page, (value) => changesOf(value, eventDetailOf(identity.role)));
    },
  });
}
