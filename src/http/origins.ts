import cors from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** What an allowed page may send, and what it may read beside the status and the body. */
const ALLOWED = {
  origin: true,
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  allowedHeaders: ['Content-Type', 'Idempotency-Key'],
  exposedHeaders: ['Location', 'Retry-After', 'ETag', 'Idempotency-Replayed'],
  // Seconds for which a browser need not ask again: the most that Chromium accepts.
  maxAge: 7_200,
};
const REFUSED = { origin: false };

/**
 * Lets pages of other origins use the service (CORS, a part of the Fetch standard). It is called before other routes are
 * added. A page of any other origin can send only what needs no permission, which is no command, and reads no answer.
 * @param origins each exactly as a browser sends it, such as `https://desk.hospital.example`
 */
export async function allowOrigins(
  app: FastifyInstance,
  origins: readonly string[],
): Promise<void> {
  // Without the package's hook, requests cost nothing more.
  if (origins.length === 0) return;
  const allowed = new Set(origins);
  await app.register(cors, {
    delegator: ({ method, headers }: FastifyRequest, done) => {
      // An `OPTIONS` that asks for no permission is answered as every other method that a route does not take.
      const isAnswerable = method !== 'OPTIONS' || 'access-control-request-method' in headers;
      done(null, isAnswerable && allowed.has(headers.origin ?? '') ? ALLOWED : REFUSED);
    },
  });
}
