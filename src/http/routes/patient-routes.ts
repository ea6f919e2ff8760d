import { Type, type Static } from '@sinclair/typebox';
import type { FastifyRequest } from 'fastify';
import { invariant, type TokenId } from '../../engine/index.ts';
import {
  AVAILABILITY_REFUSALS,
  refusalsOf,
  type Query,
  type Result,
  type Service,
  type TicketHolder,
} from '../../service/index.ts';
import { conditionalAnswers, ConditionHeaders, sendConditionally } from '../conditional.ts';
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
    description: 'What the page `/t/{ticket}` shows. It has no name of a patient.',
    params: TicketParams,
    headers: ConditionHeaders,
    answers: conditionalAnswers(PatientStatus),
    codes: ['invalid_request', 'rate_limited', 'token_not_found', 'overloaded', 'not_durable'],
  });
  routes.app.get(
    '/t/:ticket/status',
    {
      ...options,
      onRequest: ticketHook(routes, service),
      onSend: sendConditionally('no-store'),
    },
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
