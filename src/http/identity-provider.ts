import {
  createRemoteJWKSet,
  errors,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
  type RemoteJWKSet,
} from 'jose';
import type { Logger } from 'pino';
import { epochMs, type EpochMs } from '../engine/index.ts';
import type { Identity } from '../service/index.ts';
import { AuthenticationFailure, invalidCredential } from './authentication-failure.ts';
import { BoundedMap } from './bounded-map.ts';
import { identityOfClaims, type ClaimNames } from './identity-claims.ts';

/** The signatures that are accepted. All need a private key: neither `none` nor a shared secret is among them. */
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];
/** Seconds by which the clock of the provider may differ. */
const CLOCK_TOLERANCE_S = 30;
/** Milliseconds within which the provider must answer. */
const FETCH_MS = 5_000;
/** Milliseconds for which a provider that did not answer is not asked again. */
const AWAY_MS = 5_000;
/** Milliseconds after which the provider's keys are read again. */
const KEYS_MS = 600_000;
/** Milliseconds, at least, between two reads of the keys that tokens with an unknown key cause. */
const COOLDOWN_MS = 30_000;
/** Milliseconds for which a token that was verified is accepted without a new look at its signature. */
const VERIFIED_MS = 60_000;
/** Verified tokens that are remembered. */
const VERIFIED_MAX = 5_000;

export interface IdentityProviderOptions {
  /** Exactly as the provider and its tokens write it, such as `https://login.hospital.example/realms/opd`. */
  readonly issuer: string;
  readonly audience: string;
  readonly claims: ClaimNames;
  /** Milliseconds, at least, between two reads of the keys that tokens with an unknown key cause. Half a minute by default. */
  readonly cooldownMs?: number;
}

interface Verified {
  readonly identity: Identity | AuthenticationFailure;
  readonly until: number;
}

/** The provider, or its list of keys, cannot be read. */
class ProviderAwayError extends Error {
  override readonly name = 'ProviderAwayError';
}

/**
 * Verifies the tokens (JWTs) of the hospital's identity provider (OpenID Connect). The provider is asked for its address of
 * keys once (discovery) and for its keys again and again. When it cannot be reached, its tokens are answered with 503.
 */
export class IdentityProvider {
  readonly #options: IdentityProviderOptions;
  readonly #clock: () => EpochMs;
  readonly #logger: Logger;
  readonly #verified = new BoundedMap<string, Verified>(VERIFIED_MAX);
  #keys: Promise<RemoteJWKSet> | null = null;
  /** The moment of `performance.now()` until which the provider is not asked. */
  #awayUntilMs = 0;
  #isAway = false;

  constructor(options: IdentityProviderOptions, clock: () => EpochMs, logger: Logger) {
    this.#options = options;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Asks for the address of the keys, so that the log tells a wrong setting before the first token comes. */
  async discover(): Promise<void> {
    try {
      await this.#keysOfProvider();
    } catch (error) {
      this.#noteAway(error);
    }
  }

  /** Makes the identity of a token. It does so at once when the same token was verified a moment ago. */
  recognise(
    jwt: string,
  ): Identity | AuthenticationFailure | Promise<Identity | AuthenticationFailure> {
    const known = this.#verified.get(jwt);
    return known !== undefined && known.until > this.#clock() ? known.identity : this.#verify(jwt);
  }

  async #verify(jwt: string): Promise<Identity | AuthenticationFailure> {
    const { issuer, audience, claims } = this.#options;
    const now = this.#clock();
    try {
      const { payload } = await jwtVerify(jwt, this.#keyOf, {
        ...{ issuer, audience, algorithms: ALGORITHMS, requiredClaims: ['sub', 'exp'] },
        ...{ clockTolerance: CLOCK_TOLERANCE_S, currentDate: new Date(now) },
      });
      const named = identityOfClaims(payload, claims);
      const end = endOf(payload);
      const identity =
        named instanceof AuthenticationFailure ? named : { ...named, expiresAt: epochMs(end) };
      this.#verified.set(jwt, { identity, until: Math.min(end, now + VERIFIED_MS) });
      return identity;
    } catch (error) {
      if (!(error instanceof ProviderAwayError)) return failureOf(error);
      this.#noteAway(error.cause);
      return new AuthenticationFailure('identity_unavailable', {});
    }
  }

  /** The key with which a token must be signed. */
  readonly #keyOf: JWTVerifyGetKey = async (header, token) => {
    try {
      const key = await (await this.#keysOfProvider())(header, token);
      if (this.#isAway) this.#logger.info('The identity provider answers again.');
      this.#isAway = false;
      return key;
    } catch (error) {
      if (UNKNOWN_KEY.some((kind) => error instanceof kind)) throw error;
      throw new ProviderAwayError('The identity provider is away.', { cause: error });
    }
  };

  /** @throws Error when the provider cannot be asked */
  async #keysOfProvider(): Promise<RemoteJWKSet> {
    if (performance.now() < this.#awayUntilMs) throw new Error('It did not answer a moment ago.');
    this.#keys ??= discoverKeys(this.#options);
    try {
      return await this.#keys;
    } catch (error) {
      this.#keys = null;
      throw error;
    }
  }

  #noteAway(error: unknown): void {
    const nowMs = performance.now();
    if (nowMs >= this.#awayUntilMs) this.#awayUntilMs = nowMs + AWAY_MS;
    if (!this.#isAway)
      this.#logger.error(
        { err: error, issuer: this.#options.issuer },
        'The identity provider cannot be used: its tokens are answered with 503. Access keys still work.',
      );
    this.#isAway = true;
  }
}

/** The errors of a token whose key the provider does not publish. */
const UNKNOWN_KEY = [
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
  errors.JOSENotSupported,
];

/**
 * Reads the provider's description of itself (OpenID Connect Discovery 1.0, 4).
 * @throws Error when it cannot be read, or is the description of another issuer
 */
async function discoverKeys({
  issuer,
  cooldownMs = COOLDOWN_MS,
}: IdentityProviderOptions): Promise<RemoteJWKSet> {
  const url = new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  const signal = AbortSignal.timeout(FETCH_MS);
  const response = await fetch(url, { redirect: 'error', signal });
  if (!response.ok) throw new Error(`${url.href} answers with ${response.status}.`);
  const { issuer: named, jwks_uri: keys } = (await response.json()) as Readonly<
    Record<string, unknown>
  >;
  if (named !== issuer)
    throw new Error(`OIDC_ISSUER=${issuer} calls itself ${String(named)}. Both must be the same.`);
  const keysUrl = new URL(String(keys));
  if (keysUrl.protocol !== url.protocol)
    throw new Error(
      `The address of its keys, ${keysUrl.href}, does not begin with ${url.protocol}`,
    );
  return createRemoteJWKSet(keysUrl, {
    timeoutDuration: FETCH_MS,
    cooldownDuration: cooldownMs,
    cacheMaxAge: KEYS_MS,
  });
}

/** The instant from which a token is not valid any more. */
const endOf = ({ exp = 0 }: JWTPayload): number => (exp + CLOCK_TOLERANCE_S) * 1_000;

/** The failure of a token, in words. Only what the token itself shows is told. */
function failureOf(error: unknown): AuthenticationFailure {
  if (!(error instanceof errors.JOSEError)) throw error;
  const claim = error instanceof errors.JWTClaimValidationFailed ? error.claim : '';
  const detail = CLAIM_FAILURES[claim] ?? FAILURES[error.code] ?? NOT_VALID;
  return invalidCredential(detail, { failure: claim || error.code, key_id: null });
}

const NOT_VALID = 'The token of the identity provider is not valid.';
const FAILURES: Readonly<Record<string, string>> = {
  ERR_JWT_EXPIRED: 'The token of the identity provider has expired. Get a new one.',
  ERR_JWKS_NO_MATCHING_KEY: 'The identity provider does not publish the key of this token.',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'The signature of the token is wrong.',
  ERR_JOSE_ALG_NOT_ALLOWED: 'The token is not signed with a private key of the identity provider.',
};
const CLAIM_FAILURES: Readonly<Record<string, string>> = {
  iss: 'The token is of another issuer than OIDC_ISSUER.',
  aud: 'The token is for another audience than OIDC_AUDIENCE.',
  nbf: 'The token is not valid yet.',
  exp: 'The token must have an expiry.',
  sub: 'The token must name its subject.',
};
