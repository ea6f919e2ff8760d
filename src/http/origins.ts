import type { IncomingMessage } from 'node:http';
import cors from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** The headers that an allowed page may read beside the status and the body. */
const EXPOSED_HEADERS = [
  'Location',
  'Retry-After',
  'ETag',
  'Idempotency-Replayed',
  'WWW-Authenticate',
  'RateLimit',
  'RateLimit-Policy',
];
/** What an allowed page may send, and what it may read. */
const ALLOWED = {
  origin: true,
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  allowedHeaders: [
    'Authorization',
    'Content-Type',
    'Idempotency-Key',
    'If-None-Match',
    'Opd-Actor',
  ],
  exposedHeaders: EXPOSED_HEADERS,
  // Seconds for which a browser need not ask again: the most that Chromium accepts.
  maxAge: 7_200,
};
const REFUSED = { origin: false };
/** The setting that allows every origin while the service answers everybody. */
const EVERY_ORIGIN = '*';

/**
 * The origins whose pages may use the service (CORS, a part of the Fetch standard). A page of any other origin can send
 * only what needs no permission, which is no command, and reads no answer.
 */
export class Origins {
  readonly #allowed: ReadonlySet<string>;
  readonly #answersEverybody: () => boolean;

  /**
   * @param origins each exactly as a browser sends it, such as `https://desk.hospital.example`, or `*` for every origin
   *   while the service answers everybody
   * @param answersEverybody whether the service now answers callers without an access key
   */
  constructor(origins: readonly string[], answersEverybody: () => boolean) {
    this.#allowed = new Set(origins);
    this.#answersEverybody = answersEverybody;
  }

  /** Gives the permissions on all routes that are added to the app later. */
  async install(app: FastifyInstance): Promise<void> {
    // Without the package's hook, requests cost nothing more.
    if (this.#allowed.size === 0) return;
    await app.register(cors, {
      delegator: ({ method, headers }: FastifyRequest, done) => {
        // An `OPTIONS` that asks for no permission is answered as every other method that a route does not take.
        const isAnswerable = method !== 'OPTIONS' || 'access-control-request-method' in headers;
        done(null, isAnswerable && this.#isAllowed(headers.origin) ? ALLOWED : REFUSED);
      },
    });
  }

  /** The permission in an answer that is sent before the request reaches a route. */
  headersFor({ headers: { origin } }: IncomingMessage): Readonly<Record<string, string>> {
    if (this.#allowed.size === 0) return {};
    const vary = { Vary: 'Origin' };
    if (!this.#isAllowed(origin)) return vary;
    return {
      ...vary,
      'Access-Control-Allow-Origin': origin,
      'Access-Control-Expose-Headers': EXPOSED_HEADERS.join(', '),
    };
  }

  #isAllowed(origin: string | undefined): origin is string {
    if (origin === undefined || origin === EVERY_ORIGIN) return false;
    return (
      this.#allowed.has(origin) || (this.#allowed.has(EVERY_ORIGIN) && this.#answersEverybody())
    );
  }
}
