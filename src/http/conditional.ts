import { hash } from 'node:crypto';
import { Type, type TSchema } from '@sinclair/typebox';
import type { onSendHookHandler } from 'fastify';

// Conditional requests (RFC 9110, 13): a client that has an answer already gets a short 304 while the answer is the same.

/**
 * Who may store an answer with an `ETag`: also a browser, which asks again each time, or with `no-store` the client
 * program alone, because the answer has names of patients.
 */
export type CacheControl = 'no-store' | 'private, no-cache';

/** The header by which a client names the answers that it has. */
export const ConditionHeaders = Type.Object({
  'if-none-match': Type.Optional(
    Type.String({
      description:
        'The `ETag` of the answer that the client has, or several of them. While the answer is the same, the service answers 304 without a body.',
    }),
  ),
});

const headers = {
  ETag: { type: 'string', description: 'Names this answer. A large answer has none.' },
};

/** The answers of a conditional route, by their statuses. */
export const conditionalAnswers = (success: TSchema): Readonly<Record<number, object>> => ({
  200: { ...success, headers },
  304: { type: 'null', description: 'The client has the answer already.', headers },
});

/**
 * The strong `ETag` of an answer: a hash of its text. No version of a doctor could replace it, because estimated times,
 * the statuses of slots and the day depend on the instant of the request too.
 */
export const etagOf = (text: string): string => `"${hash('sha256', text, 'base64url')}"`;

/** Whether the header names the answer. A tag contains no quotes, so the list needs no parser, and `W/` does not count. */
const isNamed = (etag: string, ifNoneMatch: string | undefined): boolean =>
  ifNoneMatch !== undefined && (ifNoneMatch === '*' || ifNoneMatch.includes(etag));

/**
 * The hook of a conditional route: gives a successful answer its `ETag`, and sends 304 in its place when the client has
 * it. An answer that is sent in pieces has no `ETag`, because its text is never whole in memory. An answer of texts that are
 * known already has its `ETag` too.
 */
export const sendConditionally =
  (cacheControl: CacheControl): onSendHookHandler =>
  (request, reply, payload, done) => {
    if (reply.statusCode !== 200 || typeof payload !== 'string') {
      done();
      return;
    }
    const etag = (reply.getHeader('etag') as string | undefined) ?? etagOf(payload);
    reply.headers({ etag, 'cache-control': cacheControl });
    if (!isNamed(etag, request.headers['if-none-match'])) {
      done();
      return;
    }
    reply.code(304).removeHeader('content-type');
    // Of a HEAD, Fastify takes the length of the text later, and sends no body.
    done(null, request.method === 'HEAD' ? payload : null);
  };
