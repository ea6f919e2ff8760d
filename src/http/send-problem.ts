import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Refusal } from '../service/index.ts';
import { publish } from '../telemetry/index.ts';
import { PROBLEMS, type ProblemCode, type ProblemKind } from './problem.ts';
import { factsOf, type ProblemFacts, type ProblemView } from './resources/problem.ts';

/** Answers with a problem (RFC 9457). */
export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  code: ProblemCode,
  facts: ProblemFacts = {},
): FastifyReply {
  const { status, retryAfter }: ProblemKind = PROBLEMS[code];
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter);
  return reply
    .code(status)
    .header('content-type', 'application/problem+json')
    .header('cache-control', 'no-store')
    .send(JSON.stringify(problemFor(request, code, facts)));
}

/** Makes the problem of a request, or of a part of it, and publishes that it was refused. */
export function problemFor(
  request: FastifyRequest,
  code: ProblemCode,
  facts: ProblemFacts,
): ProblemView {
  const { status, title, detail, retryAfter }: ProblemKind = PROBLEMS[code];
  publish('opd:request-refused', () => ({ code }));
  return {
    type: `urn:opd:problem:${code}`,
    title,
    status,
    detail,
    instance: `urn:opd:request:${request.id}`,
    code,
    ...facts,
    ...(retryAfter === undefined ? {} : { retry_after: retryAfter }),
  };
}

/** Answers with the problem that a refusal of the service is. */
export const sendRefusal = (
  request: FastifyRequest,
  reply: FastifyReply,
  refusal: Refusal,
): FastifyReply => sendProblem(request, reply, refusal.code, factsOf(refusal));
