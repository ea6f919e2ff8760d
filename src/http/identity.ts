import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify';
import { ANONYMOUS, type Identity } from '../service/index.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller; set on the routes of commands and reads before the body is read. */
    identity: Identity;
  }
}

/** Makes the identity of a request: the only place that knows how a caller is recognised. */
export type Identify = (request: FastifyRequest) => Identity;

/** Without access keys every request has the same identity. */
export const identifyNobody: Identify = () => ANONYMOUS;

/**
 * Prepares the requests of an app for an identity.
 * @returns the hook of every route of a command or a read; it sets the identity
 */
export function createIdentityHook(app: FastifyInstance, identify: Identify): onRequestHookHandler {
  app.decorateRequest('identity');
  return (request, _reply, done) => {
    request.identity = identify(request);
    done();
  };
}
