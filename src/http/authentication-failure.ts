import type { ProblemCode } from './problem.ts';
import type { ProblemFacts } from './resources/problem.ts';

/** What the log says of an attempt with a wrong key or token. It has nothing by which somebody could repeat it. */
export interface FailedAttempt {
  readonly failure: string;
  /** The public part of an access key; null when there is none. */
  readonly key_id: string | null;
}

/** Why a request has no identity. */
export class AuthenticationFailure {
  readonly code: ProblemCode;
  readonly facts: ProblemFacts;
  /** The header `WWW-Authenticate`; null for none. */
  readonly challenge: string | null;
  /** The attempt to count and to log; null when the request has shown no key and no token. */
  readonly attempt: FailedAttempt | null;

  constructor(
    code: ProblemCode,
    facts: ProblemFacts,
    challenge: string | null = null,
    attempt: FailedAttempt | null = null,
  ) {
    this.code = code;
    this.facts = facts;
    this.challenge = challenge;
    this.attempt = attempt;
  }
}

const CHALLENGE = 'Bearer realm="opd"';

/** The failure of a request that shows no key and no token. */
export const withoutCredential = (detail: string): AuthenticationFailure =>
  new AuthenticationFailure('unauthenticated', { detail }, CHALLENGE);

/** The failure of a request whose key or token is not valid. */
export const invalidCredential = (detail: string, attempt: FailedAttempt): AuthenticationFailure =>
  new AuthenticationFailure(
    'unauthenticated',
    { detail },
    `${CHALLENGE}, error="invalid_token"`,
    attempt,
  );
