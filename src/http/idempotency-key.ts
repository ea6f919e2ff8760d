import { Type } from '@sinclair/typebox';
import type { FastifyRequest } from 'fastify';
import type { IdempotencyKey } from '../service/index.ts';

/** Bare, or quoted as RFC 8941 has it; visible ASCII. */
export const KeyHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      pattern:
        '^("[\\x20\\x21\\x23-\\x7E]{1,255}"|[\\x21\\x23-\\x7E][\\x20\\x21\\x23-\\x7E]{0,254})$',
      description:
        '1 to 255 visible ASCII characters, with or without double quotes around them. A repeat with the same key and body gets the first answer again, for 24 hours.',
    }),
  ),
});

/**
 * The idempotency key of a request, without its quotes; null when the request has none.
 * @param url of the route, such as `/slots/:id/close`. With the path's id in it, it names the command: responses that
 *   are stored were hashed with this name.
 */
export function idempotencyKeyOf(request: FastifyRequest, url: string): IdempotencyKey | null {
  const header = request.headers['idempotency-key'];
  if (typeof header !== 'string') return null;
  const { id = '' } = request.params as { readonly id?: string };
  const name = url.slice(1).replace(':id', () => id);
  return { key: header.replace(/^"(.*)"$/, '$1'), request: [name, request.body] };
}
