import type { FastifyRequest } from 'fastify';
import {
  ANONYMOUS,
  onBehalfOf,
  type AccessKeys,
  type Identity,
  type KeyFailure,
} from '../service/index.ts';
import {
  AuthenticationFailure,
  invalidCredential,
  withoutCredential,
} from './authentication-failure.ts';
import type { IdentityProvider } from './identity-provider.ts';
import { isPerson, ROLES_WITH_PERSONS, standsForPersons } from './person.ts';

const BEARER = /^bearer +(\S+) *$/i;

const FIRST_KEY =
  'The service has no access key yet and is reached from other machines, so it answers nobody. Make the first key on the machine of the service: npm run -s keys -- create NAME --role admin. Or set ALLOW_ANONYMOUS=true if everybody who reaches the service may do everything.';
const NO_KEY = 'Send the header Authorization: Bearer and the secret of an access key.';
const NO_KEY_OR_TOKEN =
  'Send the header Authorization: Bearer and the secret of an access key, or a token of the identity provider.';
const FAILURES: Readonly<Record<KeyFailure, string>> = {
  malformed: 'The header Authorization has no secret of this service: it begins with opd_.',
  unknown: 'The service does not know this key. Perhaps it has a new secret since.',
  expired: 'This key has expired. An administrator can give it a later expiry.',
  revoked: 'This key is revoked.',
};

export interface AuthenticationOptions {
  readonly keys: AccessKeys;
  /** Whether everybody may do everything while there is no key and no identity provider. */
  readonly allowsAnonymous: boolean;
  /** Whose tokens are accepted too; null for nobody's. */
  readonly provider: IdentityProvider | null;
}

/** The identity of a request, or why it has none. */
export type Authenticated = Identity | AuthenticationFailure;

/** Finds out who sends a request: the only place that knows how a caller is recognised. */
export class Authentication {
  readonly #options: AuthenticationOptions;

  constructor(options: AuthenticationOptions) {
    this.#options = options;
  }

  /** Whether everybody may do everything now, without a key. A service that loads answers no command and no read. */
  get answersEverybody(): boolean {
    const { keys, allowsAnonymous, provider } = this.#options;
    return keys.state !== 'some' && allowsAnonymous && provider === null;
  }

  /** Asks the identity provider, if there is one, for its keys, so that the first token does not wait for them. */
  discoverProvider(): void {
    void this.#options.provider?.discover();
  }

  /** Makes the identity of a request, or says why it has none: at once, unless a token must be verified first. */
  identify(request: FastifyRequest): Authenticated | Promise<Authenticated> {
    const identity = this.#identityOf(request);
    const person = request.headers['opd-actor'];
    if (person === undefined) return identity;
    return identity instanceof Promise
      ? identity.then((found) => withPerson(found, String(person)))
      : withPerson(identity, String(person));
  }

  #identityOf({
    headers: { authorization },
  }: FastifyRequest): Authenticated | Promise<Authenticated> {
    const { keys, provider } = this.#options;
    if (this.answersEverybody) return ANONYMOUS;
    if (keys.state === 'loading') return new AuthenticationFailure('not_durable', {});
    if (keys.state === 'none' && provider === null) return withoutCredential(FIRST_KEY);
    if (authorization === undefined)
      return withoutCredential(provider === null ? NO_KEY : NO_KEY_OR_TOKEN);
    const secret = BEARER.exec(authorization)?.[1] ?? '';
    // No secret of an access key has a dot, and every token has two.
    if (provider !== null && secret.includes('.')) return provider.recognise(secret);
    const found = keys.recognise(secret);
    return 'identity' in found
      ? found.identity
      : invalidCredential(FAILURES[found.failure], { failure: found.failure, key_id: found.keyId });
  }
}

function withPerson(identity: Authenticated, person: string): Authenticated {
  if (identity instanceof AuthenticationFailure) return identity;
  if (!isPerson(person))
    return new AuthenticationFailure('invalid_request', { errors: [WRONG_PERSON] });
  if (standsForPersons(identity.role)) return onBehalfOf(identity, person);
  const detail = `Only a caller with the role ${ROLES_WITH_PERSONS.join(' or ')} may name a person in the header Opd-Actor.`;
  return new AuthenticationFailure('forbidden', { detail, roles: ROLES_WITH_PERSONS });
}

const WRONG_PERSON = {
  pointer: '/opd-actor',
  detail: 'must be 1 to 100 visible ASCII characters, spaces inside',
};
