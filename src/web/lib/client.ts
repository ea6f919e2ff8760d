import type { components, paths } from 'openapi';
import { accessKey, signInReason } from './access-key.ts';
import { setServiceTime } from './service-time.ts';

// The types of this client are the service's own description, so a request that the service would refuse for its form
// does not compile. `npm run check` makes them anew.

/** The resources by their names in the description. */
export type Schemas = components['schemas'];
export type Problem = Schemas['Problem'];

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** What the description says of an operation. */
interface Described {
  readonly parameters: { readonly query?: unknown; readonly path?: unknown };
  readonly requestBody?: unknown;
  readonly responses: object;
}

/** The paths that take a method. */
export type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, Described> ? P : never;
}[keyof paths];

type OperationOf<M extends Method, P extends PathOf<M>> =
  paths[P] extends Record<M, infer O> ? (O extends Described ? O : never) : never;

type Json<T> = T extends { readonly content: { readonly 'application/json': infer Body } }
  ? Body
  : never;

/** The answer of an operation when it succeeds. */
export type AnswerOf<M extends Method, P extends PathOf<M>> = Json<
  OperationOf<M, P>['responses'][keyof OperationOf<M, P>['responses'] & (200 | 201)]
>;

interface NoBody {
  readonly body?: never;
}
type BodyOf<O extends Described> = O['requestBody'] extends { content: unknown }
  ? { readonly body: Json<O['requestBody']> }
  : NoBody;

/** What a request of an operation has: parameters of the path, of the query, and the body. */
export type SentOf<M extends Method, P extends PathOf<M>> = Pick<
  OperationOf<M, P>['parameters'],
  'path' | 'query'
> &
  BodyOf<OperationOf<M, P>>;

/** The argument is left out where an operation needs nothing. */
export type Sent<M extends Method, P extends PathOf<M>> =
  object extends SentOf<M, P> ? [sent?: SentOf<M, P>] : [sent: SentOf<M, P>];

/** The service has refused a request. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** No answer has come: the service or the network is away. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

/** Milliseconds within which an answer must come. */
const ANSWER_MS = 10_000;
/** How often a command is sent when no answer comes. The service executes it once, because each time has the same key. */
const COMMAND_TRIES = 3;
/** Milliseconds between two tries. */
const RETRY_MS = 1_000;

/**
 * Sends a request and resolves with the answer.
 * @throws RefusedError when the service refuses it
 * @throws UnreachableError when no answer comes; a command may have been executed then
 */
export async function call<M extends Method, P extends PathOf<M>>(
  method: M,
  path: P,
  ...[sent]: Sent<M, P>
): Promise<AnswerOf<M, P>> {
  return JSON.parse(await callText(method, path, sent)) as AnswerOf<M, P>;
}

/** Sends a GET and resolves with the JSON text of the answer, so that two answers can be compared. */
export const readText = <P extends PathOf<'get'>>(
  path: P,
  ...[sent]: Sent<'get', P>
): Promise<string> => callText('get', path, sent);

interface AnyRequest {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

/** The headers that tell the service who the user is; none without an access key. */
export const authorization = (): Readonly<Record<string, string>> =>
  accessKey.value === null ? {} : { authorization: `Bearer ${accessKey.value}` };

async function callText(method: Method, path: string, sent: unknown = {}): Promise<string> {
  const { body, ...parameters } = sent as AnyRequest;
  const url = urlOf(path, parameters);
  const headers = {
    ...authorization(),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(method === 'post' ? { 'idempotency-key': newIdempotencyKey() } : {}),
  };
  const request = {
    method: method.toUpperCase(),
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
  const { ok, text } = await exchange(url, request, method === 'post' ? COMMAND_TRIES : 1);
  if (ok) return text;
  const problem = JSON.parse(text) as Problem;
  if (problem.code === 'unauthenticated') signInReason.set(problem);
  throw new RefusedError(problem);
}

async function exchange(
  url: string,
  request: RequestInit,
  tries: number,
): Promise<{ readonly ok: boolean; readonly text: string }> {
  try {
    const response = await fetch(url, { ...request, signal: AbortSignal.timeout(ANSWER_MS) });
    const text = await response.text();
    const isOwn = /json/.test(response.headers.get('content-type') ?? '');
    // A proxy in between answers with a page of its own while the service is away.
    if (!isOwn) throw new UnreachableError(`${url} was answered with ${response.status}`);
    setServiceTime(response);
    return { ok: response.ok, text };
  } catch (error) {
    if (tries === 1) throw new UnreachableError(`${url} was not answered`, { cause: error });
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    return exchange(url, request, tries - 1);
  }
}

/** The URL of a request: parameters are put into the path, and the others follow as the query. */
export function urlOf(path: string, { path: names = {}, query = {} }: AnyRequest = {}): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(names[name] ?? ''),
  );
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    [value].flat().map((each) => [name, String(each)]),
  );
  return pairs.length === 0 ? filled : `${filled}?${new URLSearchParams(pairs).toString()}`;
}

/** Random bits in Base 36. Not `crypto.randomUUID`, because a page that is not encrypted has none. */
const newIdempotencyKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint32Array(4)), (bits) => bits.toString(36)).join('');
