import type autocannon from 'autocannon';
import { authorizationOf } from '../lib/client.ts';
import { bookingsOf, type Target } from '../lib/hospital.ts';
import { Random } from '../lib/random.ts';
import { required } from '../lib/required.ts';
import { ToolError } from '../lib/tool.ts';

/** The requests that a mix can have. */
export const REQUEST_NAMES = ['book', 'cancel', 'schedule'] as const;

export type RequestName = (typeof REQUEST_NAMES)[number];

/** Is told of every answer: the request's name, the status and the body. */
export type OnAnswer = (name: RequestName, status: number, body: string) => void;

const ID = /"id":"([^"]+)"/;

/**
 * Reads the mix of the command line: names of requests in the order in which every connection sends them.
 * @throws ToolError when a name is unknown, or when nothing could be cancelled
 */
export function mixOf(text: string): readonly RequestName[] {
  const names = text.split(',');
  const isKnown = (name: string): name is RequestName =>
    (REQUEST_NAMES as readonly string[]).includes(name);
  if (!names.every(isKnown))
    throw new ToolError(
      `--mix=${text} is not valid: it takes ${REQUEST_NAMES.join(', ')}, with commas between them; see --help.`,
    );
  if (names.includes('cancel') && names[0] !== 'book')
    throw new ToolError(
      `--mix=${text} is not valid: a mix with cancel begins with book, because only booked tokens can be cancelled.`,
    );
  return names;
}

/** What the requests of one connection have of their own. */
interface RequestOptions {
  /** The number of the connection, from 0. */
  readonly client: number;
  /** The secret of an access key, if the server needs one. */
  readonly key: string | undefined;
  readonly onAnswer: OnAnswer;
}

/** Makes the requests of one connection. It sends them in turn, again and again. */
export function requestsOf(
  mix: readonly RequestName[],
  targets: readonly Target[],
  { client, key, onAnswer }: RequestOptions,
): autocannon.Request[] {
  const random = new Random(client);
  const doctorIds = [...new Set(targets.map(({ doctorId }) => doctorId))];
  const tokenIds: string[] = [];
  let booked = 0;
  const authorization = authorizationOf(key);
  const headers = { ...authorization, 'content-type': 'application/json' };
  const builders: Record<RequestName, () => autocannon.Request | undefined> = {
    book: () => ({
      method: 'POST',
      path: '/book',
      headers,
      body: required(bookingsOf(targets, { random, first: client * 1e9 + booked++, count: 1 })[0]),
    }),
    // Without a token of this connection, autocannon begins again with the first request of the mix.
    cancel: () => {
      const id = tokenIds.shift();
      const body = JSON.stringify({ token_id: id });
      return id === undefined ? id : { method: 'POST', path: '/cancel', headers, body };
    },
    schedule: () => ({
      method: 'GET',
      path: `/schedule?doctor_id=${random.pick(doctorIds)}`,
      headers: authorization,
    }),
  };
  return mix.map((name) => ({
    setupRequest: (request) => {
      const built = builders[name]();
      return built === undefined
        ? (undefined as unknown as typeof request)
        : { ...request, ...built };
    },
    onResponse: (status, body) => {
      const [, id] = name === 'book' && status < 300 ? (ID.exec(body) ?? []) : [];
      if (id !== undefined) tokenIds.push(id);
      onAnswer(name, status, body);
    },
  }));
}
