import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Refusal } from '../service/index.ts';
import { publish } from '../telemetry/index.ts';
import { PROBLEMS, type ProblemCode, type ProblemKind } from './problem.ts';
import { SECURITY_HEADERS } from './security-headers.ts';
import { factsOf, type ProblemFacts, type ProblemView } from './resources/problem.ts';

/** A problem (RFC 9457) as an answer. */
export interface ProblemAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Makes the answer that a problem is.
 * @param requestId the id of the request; undefined when the bytes that are answered are no request
 */
export function problemAnswer(
  code: ProblemCode,
  facts: ProblemFacts = {},
  requestId?: string,
): ProblemAnswer {
  const { status, retryAfter }: ProblemKind = PROBLEMS[code];
  const { retry_after: seconds = retryAfter } = facts as { readonly retry_after?: number };
  const view = viewOf(code, facts, requestId === undefined ? {} : instanceOf(requestId));
  const body = JSON.stringify(view);
  const headers = {
    'Content-Type': 'application/problem+json; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    ...SECURITY_HEADERS,
    ...(seconds === undefined ? {} : { 'Retry-After': String(seconds) }),
  };
  return { status, headers, body };
}

const instanceOf = (requestId: string) => ({ instance: `urn:opd:request:${requestId}` });

function viewOf<Instance extends object>(
  code: ProblemCode,
  facts: ProblemFacts,
  instance: Instance,
) {
  const { status, title, detail, retryAfter }: ProblemKind = PROBLEMS[code];
  return {
    type: `urn:opd:problem:${code}`,
    title,
    status,
    detail,
    ...instance,
    code,
    ...(retryAfter === undefined ? {} : { retry_after: retryAfter }),
    ...facts,
  };
}

/** Makes the problem of a request, or of a part of it, and publishes that it was refused. */
export function problemFor(
  request: FastifyRequest,
  code: ProblemCode,
  facts: ProblemFacts,
): ProblemView {
  publish('opd:request-refused', () => ({ code }));
  return viewOf(code, facts, instanceOf(request.id));
}

/** Answers with a problem. */
export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  code: ProblemCode,
  facts: ProblemFacts = {},
): FastifyReply {
  publish('opd:request-refused', () => ({ code }));
  const { status, headers, body } = problemAnswer(code, facts, request.id);
  return reply.code(status).headers(headers).send(body);
}

/** Answers with the problem that a refusal of the service is. */
export const sendRefusal = (
  request: FastifyRequest,
  reply: FastifyReply,
  refusal: Refusal,
): FastifyReply => sendProblem(request, reply, refusal.code, factsOf(refusal));
