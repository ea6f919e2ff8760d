import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Answer, Caller, Result } from '../service/index.ts';
import { sendRefusal } from './problem.ts';

/** Sends a result: its value, through the route's compiled serialiser, or the problem that it is. */
export function send<T>(
  request: FastifyRequest,
  reply: FastifyReply,
  result: Result<T>,
  status = 200,
): FastifyReply {
  return result.ok
    ? reply.code(status).header('cache-control', 'no-store').send(result.value)
    : sendRefusal(request, reply, result.refusal);
}

/** Sends a command's answer, and says when it is the one given before. */
export function sendAnswer<T>(
  request: FastifyRequest,
  reply: FastifyReply,
  { result, isReplay }: Answer<T>,
  status = 200,
): FastifyReply {
  if (isReplay) reply.header('idempotency-replayed', 'true');
  return send(request, reply, result, status);
}

/** Who sends a command. There are no access keys: everybody is the same caller. */
export function callerOf({ headers }: FastifyRequest): Caller {
  const key = headers['idempotency-key'];
  return {
    name: 'anonymous',
    idempotencyKey: typeof key === 'string' ? key.replace(/^"(.*)"$/, '$1') : null,
  };
}
