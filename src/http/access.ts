import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import type { Logger } from 'pino';
import {
  NotDurableError,
  type Denial,
  type Identity,
  type Operation,
  type Permissions,
} from '../service/index.ts';
import { AuthenticationFailure, withoutCredential } from './authentication-failure.ts';
import type { Authenticated } from './authentication.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { sendProblem } from './send-problem.ts';
import { subjectOf } from './subject.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller; set on every route that needs a key, before the body is read. */
    identity: Identity;
  }
}

/** Makes the identity of a request, or says why it has none. */
export type Identify = (request: FastifyRequest) => Authenticated | Promise<Authenticated>;

export interface AccessOptions {
  readonly identify: Identify;
  readonly permissions: Permissions;
  readonly limiter: RateLimiter;
  readonly logger: Logger;
}

/** A route as it was added, such as `/slots/:id/close`. */
interface GuardedRoute {
  readonly operation: Operation;
  readonly url: string;
}

/** Lets a request reach an operation only if its caller may do it. */
export class Access {
  readonly #identify: Identify;
  readonly #permissions: Permissions;
  readonly #logger: Logger;
  readonly #limiter: RateLimiter;

  constructor(app: FastifyInstance, { identify, permissions, limiter, logger }: AccessOptions) {
    this.#identify = identify;
    this.#permissions = permissions;
    this.#logger = logger;
    this.#limiter = limiter;
    app.decorateRequest('identity');
  }

  /** The hook of a route: it sets the identity, and refuses a caller whose role may not do the operation at all. */
  hook(operation: Operation): onRequestHookHandler {
    return (request, reply, done) => {
      const enter = (identity: Authenticated): void => {
        if (this.#lets(identity, operation, request, reply)) done();
      };
      const identity = this.#identify(request);
      // A caller with an access key does not wait for a promise.
      if (identity instanceof Promise) identity.then(enter, done);
      else enter(identity);
    };
  }

  /**
   * The hook of a route that needs a ticket instead of a key.
   * @param identify resolves with the holder of the ticket; with undefined when the ticket is not valid, which is answered
   * as a token that does not exist
   */
  ticketHook(
    identify: (request: FastifyRequest) => Promise<Identity | undefined>,
  ): onRequestHookHandler {
    return (request, reply, done) => {
      const enter = (identity: Identity | undefined): void => {
        if (identity === undefined) {
          const stranger = withoutCredential('');
          if (this.#limiter.countRefusal(stranger, request, reply))
            sendProblem(request, reply, 'token_not_found');
        } else if (this.#limiter.countRequest(identity, request, reply)) {
          request.identity = identity;
          done();
        }
      };
      identify(request).then(enter, (error: unknown) =>
        error instanceof NotDurableError
          ? void sendProblem(request, reply, 'not_durable')
          : done(error as Error),
      );
    };
  }

  /** Lets a caller pass whose role may do the operation, perhaps on a condition; answers every other one. */
  #lets(
    identity: Authenticated,
    operation: Operation,
    request: FastifyRequest,
    reply: FastifyReply,
  ): boolean {
    if (!this.#limiter.countRequest(identity, request, reply)) return false;
    if (identity instanceof AuthenticationFailure) {
      this.#refuse(identity, request, reply);
      return false;
    }
    request.identity = identity;
    const denial = this.#permissions.denialOfRole(operation, identity);
    if (denial !== undefined) this.#deny(operation, denial, request, reply);
    return denial === undefined;
  }

  #refuse(failure: AuthenticationFailure, request: FastifyRequest, reply: FastifyReply): void {
    const { code, facts, challenge, attempt } = failure;
    if (attempt !== null) {
      if (!this.#limiter.countRefusal(failure, request, reply)) return;
      this.#logger.warn(
        { request_id: request.id, ...attempt, address: request.ip },
        'An access key or a token was refused.',
      );
    }
    if (challenge !== null) reply.header('www-authenticate', challenge);
    sendProblem(request, reply, code, facts);
  }

  /**
   * Refuses a validated request if its caller may not do the operation on what the request names.
   * @returns false at once for callers whose role has no condition and no limit; otherwise whether it was refused
   */
  denies(
    route: GuardedRoute,
    request: FastifyRequest,
    reply: FastifyReply,
  ): false | Promise<boolean> {
    return (
      this.#permissions.dependsOnSubject(route.operation, request.identity) &&
      this.#deniesSubject(route, request, reply)
    );
  }

  async #deniesSubject(
    { operation, url }: GuardedRoute,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<boolean> {
    const subject = subjectOf(request, url);
    const denial = await this.#permissions.denialOfSubject(operation, request.identity, subject);
    if (denial !== undefined) this.#deny(operation, denial, request, reply);
    return denial !== undefined;
  }

  #deny(operation: Operation, denial: Denial, request: FastifyRequest, reply: FastifyReply): void {
    // Only a refusal that tells nothing of what exists is counted.
    if (denial.code !== 'forbidden') return void sendProblem(request, reply, denial.code);
    if (!this.#limiter.countRefusal(request.identity, request, reply)) return;
    const { needs: detail, roles } = denial;
    const { name: key, role } = request.identity;
    this.#logger.warn({ request_id: request.id, key, role, operation }, 'A request was forbidden.');
    sendProblem(request, reply, 'forbidden', { detail, roles });
  }
}
