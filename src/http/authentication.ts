import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import {
  ANONYMOUS,
  onBehalfOf,
  type AccessKeys,
  type Identity,
  type KeyFailure,
} from '../service/index.ts';
import { FailedAttempts } from './failed-attempts.ts';
import type { ProblemCode } from './problem.ts';
import type { ProblemFacts } from './resources/problem.ts';

/** The roles whose keys stand for several people, so that a request may name the person. */
const ROLES_WITH_PERSONS: ReadonlySet<string> = new Set(['desk', 'doctor', 'admin']);
/** The name or number of a person, in visible ASCII, spaces inside. */
const PERSON = /^[\x21-\x7E]([\x20-\x7E]{0,98}[\x21-\x7E])?$/;
const BEARER = /^bearer +(\S+) *$/i;

const FIRST_KEY =
  'The service has no access key yet and is reached from other machines, so it answers nobody. Make the first key on the machine of the service: npm run -s keys -- create NAME --role admin. Or set ALLOW_ANONYMOUS=true if everybody who reaches the service may do everything.';
const NO_KEY = 'Send the header Authorization: Bearer and the secret of an access key.';
const FAILURES: Readonly<Record<KeyFailure, string>> = {
  malformed: 'The header Authorization has no secret of this service: it begins with opd_.',
  unknown: 'The service does not know this key. Perhaps it has a new secret since.',
  expired: 'This key has expired. An administrator can give it a later expiry.',
  revoked: 'This key is revoked.',
};

/** Why a request has no identity. */
export class AuthenticationFailure {
  readonly code: ProblemCode;
  readonly facts: ProblemFacts;
  /** The header `WWW-Authenticate`; null for none. */
  readonly challenge: string | null;

  constructor(code: ProblemCode, facts: ProblemFacts, challenge: string | null) {
    this.code = code;
    this.facts = facts;
    this.challenge = challenge;
  }
}

const CHALLENGE = 'Bearer realm="opd"';

export interface AuthenticationOptions {
  readonly keys: AccessKeys;
  /** Whether everybody may do everything while there is no key. */
  readonly allowsAnonymous: boolean;
  readonly logger: Logger;
}

/** Finds out who sends a request: the only place that knows how a caller is recognised. */
export class Authentication {
  readonly #options: AuthenticationOptions;
  readonly #attempts: FailedAttempts;

  constructor(options: AuthenticationOptions) {
    this.#options = options;
    this.#attempts = new FailedAttempts(options.logger);
  }

  /** Makes the identity of a request, or says why it has none. */
  identify(request: FastifyRequest): Identity | AuthenticationFailure {
    const identity = this.#identityOf(request);
    const person = request.headers['opd-actor'];
    if (person === undefined || identity instanceof AuthenticationFailure) return identity;
    return withPerson(identity, String(person));
  }

  #identityOf(request: FastifyRequest): Identity | AuthenticationFailure {
    const { keys, allowsAnonymous } = this.#options;
    // A service that loads answers no command and no read, whoever asks.
    if (keys.state !== 'some' && allowsAnonymous) return ANONYMOUS;
    if (keys.state === 'loading') return new AuthenticationFailure('not_durable', {}, null);
    if (keys.state === 'none') return unauthenticated(FIRST_KEY, CHALLENGE);
    const { authorization } = request.headers;
    if (authorization === undefined) return unauthenticated(NO_KEY, CHALLENGE);
    const found = keys.recognise(BEARER.exec(authorization)?.[1] ?? '');
    return 'identity' in found ? found.identity : this.#refuse(request, found);
  }

  #refuse(
    request: FastifyRequest,
    { failure, keyId }: { readonly failure: KeyFailure; readonly keyId: string | null },
  ): AuthenticationFailure {
    if (!this.#attempts.note(request.ip, { request_id: request.id, key_id: keyId, failure }))
      return new AuthenticationFailure('rate_limited', {}, null);
    return unauthenticated(FAILURES[failure], `${CHALLENGE}, error="invalid_token"`);
  }
}

const unauthenticated = (detail: string, challenge: string): AuthenticationFailure =>
  new AuthenticationFailure('unauthenticated', { detail }, challenge);

function withPerson(identity: Identity, person: string): Identity | AuthenticationFailure {
  if (!PERSON.test(person))
    return new AuthenticationFailure('invalid_request', { errors: [WRONG_PERSON] }, null);
  if (ROLES_WITH_PERSONS.has(identity.role)) return onBehalfOf(identity, person);
  const roles = [...ROLES_WITH_PERSONS];
  const detail = `Only a key with the role ${roles.join(' or ')} may name a person in the header Opd-Actor.`;
  return new AuthenticationFailure('forbidden', { detail, roles }, null);
}

const WRONG_PERSON = {
  pointer: '/opd-actor',
  detail: 'must be 1 to 100 visible ASCII characters, spaces inside',
};
