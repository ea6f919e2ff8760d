import type { FastifyRequest } from 'fastify';
import { ANONYMOUS, type Identity } from '../service/index.ts';

/**
 * Makes the identity of a request: the only place that knows how a caller is recognised. The helper of the routes
 * calls it for every command and every read. It is a function and not a Fastify hook, because it costs nothing then.
 */
export type Identify = (request: FastifyRequest) => Identity;

/** Without access keys every request has the same identity. */
export const identifyNobody: Identify = () => ANONYMOUS;
