import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Refusal } from '../service/index.ts';
import { publish } from '../telemetry/index.ts';
import { PROBLEMS, type ProblemCode, type ProblemKind } from './problem.ts';
import { factsOf, type ProblemFacts } from './resources/problem.ts';

/** Answers with a problem (RFC 9457). */
export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  code: ProblemCode,
  facts: ProblemFacts = {},
): FastifyReply {
  const { status, title, detail, retryAfter }: ProblemKind = PROBLEMS[code];
  publish('opd:request-refused', () => ({ code }));
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter);
  const problem = {
    type: `urn:opd:problem:${code}`,
    title,
    status,
    detail,
    instance: `urn:opd:request:${request.id}`,
    code,
    ...facts,
    ...(retryAfter === undefined ? {} : { retry_after: retryAfter }),
  };
  return reply
    .code(status)
    .header('content-type', 'application/problem+json')
    .header('cache-control', 'no-store')
    .send(JSON.stringify(problem));
}

/** Answers with the problem that a refusal of the service is. */
export const sendRefusal = (
  request: FastifyRequest,
  reply: FastifyReply,
  refusal: Refusal,
): FastifyReply => sendProblem(request, reply, refusal.code, factsOf(refusal));
