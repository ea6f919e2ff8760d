import { Readable } from 'node:stream';
import type { TSchema } from '@sinclair/typebox';
import type { FastifyReply } from 'fastify';
import { RequestEndedError } from '../service/index.ts';

/** Characters up to which an answer that is made in pieces is sent whole, with its length. */
const WHOLE_MAX = 65_536;
/** Milliseconds within which the client must have received an answer that is sent in pieces. */
const RECEIVE_MS = 60_000;

/** The compiled serialiser of a schema: it makes JSON of a value. */
export type SerialiserOf = (
  schema: TSchema,
) => (value: Readonly<Record<string, unknown>>) => string;

/** The text of an answer that is made piece by piece. Each piece takes about a millisecond. */
export class Pieces {
  readonly of: (serialiserOf: SerialiserOf) => AsyncIterable<string>;

  constructor(of: (serialiserOf: SerialiserOf) => AsyncIterable<string>) {
    this.of = of;
  }
}

/** A text of JSON, and the `ETag` that names it. */
export interface TaggedText {
  readonly text: string;
  readonly etag: string;
}

/** The text of an answer that is made at once, of texts that are known already. */
export class WholeText {
  readonly of: (serialiserOf: SerialiserOf) => TaggedText;

  constructor(of: (serialiserOf: SerialiserOf) => TaggedText) {
    this.of = of;
  }
}

const JSON_TYPE = 'application/json; charset=utf-8';

/** Sends an answer whose text is made at once. */
export function sendText(reply: FastifyReply, { of }: WholeText): FastifyReply {
  const { text, etag } = of(serialisersOf(reply));
  return reply.type(JSON_TYPE).header('etag', etag).send(text);
}

const serialisersOf =
  (reply: FastifyReply): SerialiserOf =>
  (schema) =>
    reply.compileSerializationSchema(schema);

/**
 * Sends an answer piece by piece: the next piece is made when the client has received those before it, and no more of them
 * when the client has gone. An error before the first bytes are sent is thrown; after that it ends the connection, so that
 * the client sees an answer that is not whole.
 */
export async function sendPieces(reply: FastifyReply, pieces: Pieces): Promise<FastifyReply> {
  const texts = pieces.of(serialisersOf(reply))[Symbol.asyncIterator]();
  reply.type(JSON_TYPE);
  let first = '';
  while (first.length < WHOLE_MAX) {
    const next = await texts.next();
    if (next.done === true) return reply.send(first);
    first += next.value;
  }
  const { raw } = reply;
  // A client that reads slowly would otherwise keep the place of a large read for ever.
  const timer = setTimeout(() => raw.destroy(), RECEIVE_MS);
  raw.once('close', () => clearTimeout(timer));
  return reply.send(Readable.from(following(first, texts), { highWaterMark: 1 }));
}

async function* following(first: string, others: AsyncIterator<string>): AsyncGenerator<string> {
  try {
    yield first;
    for (let next = await others.next(); next.done !== true; next = await others.next())
      yield next.value;
  } finally {
    await others.return?.();
  }
}

/** Makes the signal of a request that aborts when its answer is sent or its client has gone. */
export function endedSignalOf({ raw }: FastifyReply): AbortSignal {
  const ended = new AbortController();
  const end = (): void => ended.abort(new RequestEndedError('The request has ended.'));
  if (raw.destroyed) end();
  else raw.once('close', end);
  return ended.signal;
}

/** The text of an object of JSON without its end, so that more members can follow. The object has at least one. */
export const withoutEnd = (json: string): string => json.slice(0, -1);

/** The pieces of a JSON array: its items without the brackets. Each slice of the list becomes a piece. */
export async function* itemsOf<Item>(
  slices: Iterable<readonly Item[]> | AsyncIterable<readonly Item[]>,
  write: (item: Item) => string,
): AsyncGenerator<string> {
  let separator = '';
  for await (const slice of slices) {
    if (slice.length === 0) continue;
    yield separator + slice.map(write).join(',');
    separator = ',';
  }
}
