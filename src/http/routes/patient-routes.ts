import { createHash } from 'node:crypto';
import { Type, type Static } from '@sinclair/typebox';
import type { FastifyRequest, onSendHookHandler } from 'fastify';
import { invariant, type TokenId } from '../../engine/index.ts';
import {
  AVAILABILITY_REFUSALS,
  refusalsOf,
  type Query,
  type Result,
  type Service,
  type TicketHolder,
} from '../../service/index.ts';
import { EXAMPLE_TICKET } from '../examples.ts';
import {
  namedStatusOf,
  overPatientStatusOf,
  PatientStatus,
  patientStatusOf,
  type PatientStatusView,
} from '../resources/patient-status.ts';
import { askedBy, BODY_CODES, optionsOf, send, shown, type Routes } from '../route.ts';
import { closed } from '../schema.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on the routes of a patient's own page. */
    ticketHolder: TicketHolder | null;
  }
}

const ETAG_LENGTH = 22;

const TicketParams = closed({
  ticket: Type.String({
    minLength: 1,
    maxLength: 1_000,
    description: 'The last part of `status_url`.',
    examples: [EXAMPLE_TICKET],
  }),
});

/** Adds what a patient's own page asks for: the status of the token, and its cancellation. A ticket stands for a key. */
export function addPatientRoutes(routes: Routes, service: Service): void {
  routes.app.decorateRequest('ticketHolder', null);
  addStatus(routes, service);
  addCancellation(routes, service);
}

/** Recognises the ticket in the path of a request. */
const ticketHook = ({ access }: Routes, { patientTickets }: Service) =>
  access.ticketHook(async (request) => {
    const { ticket } = request.params as Static<typeof TicketParams>;
    const holder = await patientTickets.holderOf(ticket);
    request.ticketHolder = holder ?? null;
    return holder?.identity;
  });

function addStatus(routes: Routes, service: Service): void {
  const options = optionsOf({
    name: 'readPatientStatus',
    tag: 'Patients',
    summary: 'Read what a patient may know of the own token',
    description:
      'What the page `/t/{ticket}` shows. It has no name of a patient. The answer has an `ETag`: a request with the same `If-None-Match` gets 304.',
    params: TicketParams,
    answers: { 200: PatientStatus },
    codes: ['invalid_request', 'rate_limited', 'token_not_found', 'overloaded', 'not_durable'],
  });
  routes.app.get(
    '/t/:ticket/status',
    { ...options, onRequest: ticketHook(routes, service), onSend: answerUnchanged },
    async (request, reply) =>
      send(
        request,
        reply,
        await routes.reads.during(() =>
          statusOf(holderOf(request).tokenId, askedBy(request, reply), service),
        ),
      ),
  );
}

async function statusOf(
  tokenId: TokenId,
  asked: Query,
  { reads }: Service,
): Promise<Result<PatientStatusView>> {
  const found = await reads.token(
    { ...asked, tokenId },
    { live: patientStatusOf, over: overPatientStatusOf },
  );
  if (!found.ok) return found;
  const { doctorId } = found.value;
  return shown(await reads.doctor({ ...asked, doctorId }), (doctor) =>
    namedStatusOf(found.value, doctor),
  );
}

const etagOf = (text: string): string =>
  `W/"${createHash('sha256').update(text).digest('base64url').slice(0, ETAG_LENGTH)}"`;

/** Answers 304 to a client that has the same answer already. */
const answerUnchanged: onSendHookHandler = (request, reply, payload, done) => {
  const etag = reply.statusCode === 200 ? etagOf(String(payload)) : null;
  if (etag !== null) reply.header('etag', etag);
  if (etag === null || request.headers['if-none-match'] !== etag) {
    done(null, payload);
    return;
  }
  reply.code(304).removeHeader('content-type').removeHeader('content-length');
  done(null, '');
};

function addCancellation(routes: Routes, service: Service): void {
  const options = optionsOf({
    name: 'cancelAsPatient',
    tag: 'Patients',
    summary: 'Cancel the own token',
    description: 'As `POST /cancel` does it. The history of the token names the link as its actor.',
    params: TicketParams,
    answers: { 200: PatientStatus },
    codes: [...BODY_CODES, 'rate_limited', ...AVAILABILITY_REFUSALS, ...refusalsOf('cancel')],
  });
  routes.app.post(
    '/t/:ticket/cancel',
    { ...options, onRequest: ticketHook(routes, service) },
    async (request, reply) => {
      const { tokenId, identity } = holderOf(request);
      const cancelled = await routes.commands.during(() =>
        service.tokens.cancel(
          { tokenId, reason: null },
          { identity, idempotency: null },
          ({ token }) => token.id,
        ),
      );
      const { result } = cancelled;
      if (!result.ok) return send(request, reply, result);
      return send(request, reply, await statusOf(tokenId, askedBy(request, reply), service));
    },
  );
}

function holderOf({ ticketHolder }: FastifyRequest): TicketHolder {
  invariant(ticketHolder !== null, 'a request with a ticket has its holder');
  return ticketHolder;
}
