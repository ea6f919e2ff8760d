import { isUtf8 } from 'node:buffer';
import { PROBLEMS, type ProblemKind } from '../../src/http/problem.ts';
import { EVENT_STREAM, isSuccess, type Operation } from './operations.ts';
import { repeatsField } from './raw-json.ts';
import { bytesOf, type FuzzRequest } from './requests.ts';
import { faultIn, fits } from './schemas.ts';

/** An answer as a client receives it. */
export interface FuzzAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** What is wrong with an answer. */
export interface AnswerFault {
  /** The same for all answers that are wrong in the same way. */
  readonly rule: string;
  readonly detail: string;
}

/** The first thing that is wrong with an answer, by the description of the operation; undefined when it is right. */
export function faultOf(request: FuzzRequest, answer: FuzzAnswer): AnswerFault | undefined {
  const { status, text } = answer;
  // A request whose method or path was changed may reach any route.
  if (request.isAstray || status >= 500) return faultOfUnknown(answer);
  const types = request.operation.answers.get(status);
  if (types === undefined)
    return { rule: 'the status is not described', detail: `${status} ${text}` };
  if (types.size === 0)
    return text === '' ? undefined : { rule: 'the answer has a body', detail: `${status} ${text}` };
  const type = typeOf(answer);
  const schema = types.get(type);
  if (schema === undefined) return { rule: 'the media type is not described', detail: type };
  if (type === EVENT_STREAM) return faultOfStream(answer) ?? faultOfSuccess(request, answer);
  const body = bodyOf(answer);
  if (body === undefined) return { rule: 'the body is not JSON', detail: text };
  const fault = faultIn(schema, body);
  if (fault !== undefined)
    return { rule: 'the body does not fit its schema', detail: `${fault} in ${text}` };
  if (!isSuccess(status)) return faultOfProblem(answer);
  return faultOfSuccess(request, answer);
}

/** What is wrong with the answer to a request of an unknown operation. Only the answer to `HEAD` has no body. */
export function faultOfUnknown(answer: FuzzAnswer): AnswerFault | undefined {
  const { status, text } = answer;
  // No request of the fuzzer brings the service into a state in which 503 is right.
  if (status >= 500) return { rule: 'the service failed', detail: `${status} ${text}` };
  return status < 400 || text === '' ? undefined : faultOfProblem(answer);
}

const typeOf = ({ headers }: FuzzAnswer): string =>
  /^[^;]*/.exec(String(headers['content-type']))?.[0] ?? '';

/** The body of an answer as a schema sees it: the value of JSON, or else the text; undefined when it is broken. */
export function bodyOf(answer: FuzzAnswer): unknown {
  if (!/\bjson$/.test(typeOf(answer))) return answer.text;
  try {
    return JSON.parse(answer.text) as unknown;
  } catch {
    return undefined;
  }
}

/** The first frame of a stream and, if the client named an event, the frame that says that it is unknown. */
const BEGIN_OF_STREAM =
  /^retry: \d+\nid: [^\n]+\n\n(id: [\w-]+\nevent: reset\ndata: \{"type":"reset"\}\n\n)?$/;

const faultOfStream = ({ text }: FuzzAnswer): AnswerFault | undefined =>
  BEGIN_OF_STREAM.test(text)
    ? undefined
    : { rule: 'the stream begins with other frames', detail: text };

/** What the members of a problem and its headers must agree in. */
function faultOfProblem(answer: FuzzAnswer): AnswerFault | undefined {
  const { status, headers, text } = answer;
  const problem = (bodyOf(answer) ?? {}) as Readonly<Record<string, unknown>>;
  const code = String(problem['code']);
  const known: ProblemKind | undefined = Object.hasOwn(PROBLEMS, code)
    ? PROBLEMS[code as keyof typeof PROBLEMS]
    : undefined;
  const isRight =
    typeOf(answer) === 'application/problem+json' &&
    known?.status === status &&
    problem['status'] === status &&
    problem['type'] === `urn:opd:problem:${code}` &&
    problem['retry_after'] === known.retryAfter &&
    Number(headers['retry-after'] ?? 0) === (known.retryAfter ?? 0) &&
    (status === 405) === (headers['allow'] !== undefined);
  return isRight
    ? undefined
    : { rule: 'the problem contradicts itself', detail: `${JSON.stringify(headers)} ${text}` };
}

/** The operations that answer each item of their body for itself: the answer succeeds also when an item is invalid. */
const ANSWERS_ITEMS: ReadonlySet<string> = new Set(['bookAll']);

function faultOfSuccess(request: FuzzRequest, { text }: FuzzAnswer): AnswerFault | undefined {
  const wrong = ANSWERS_ITEMS.has(request.operation.id) ? undefined : faultOfRequest(request);
  return wrong === undefined
    ? undefined
    : { rule: 'an invalid request is accepted', detail: `${wrong}; the answer: ${text}` };
}

/** What is wrong with a request by the schemas of its operation; undefined when they allow it. */
export function faultOfRequest(request: FuzzRequest): string | undefined {
  const { operation, query, headers } = request;
  const body = faultOfBody(request);
  if (body !== undefined) return body;
  const wrong = query.find(([name]) => !isDescribed(operation, decoded(name)));
  if (wrong !== undefined) return `the query parameter ${wrong[0]} is not described`;
  for (const { name, in: place, schema, required } of operation.parameters) {
    if (place === 'path') continue;
    const given =
      place === 'header'
        ? headers.filter(([other]) => other === name).map(([, value]) => value)
        : query.filter(([other]) => decoded(other) === name).map(([, value]) => decoded(value));
    if (given.length === 0 && !required) continue;
    if (!fits(schema, given.length > 1 ? given : given[0])) return `${place} parameter ${name}`;
  }
  return undefined;
}

/** The escape of half a surrogate pair in the output of `JSON.stringify`. */
const LONE_SURROGATE = /(?<!\\)(\\\\)*\\ud[89a-f]/;

function faultOfBody(request: FuzzRequest): string | undefined {
  const { operation, headers, body } = request;
  if (operation.body === undefined) return undefined;
  const [, type = ''] = headers.find(([name]) => name === 'content-type') ?? [];
  if (!/^application\/json *(;|$)/.test(type)) return `the media type is ${type}`;
  const bytes = bytesOf(request) ?? Buffer.of();
  if (!isUtf8(bytes)) return 'the body is not UTF-8';
  if (body !== null && 'json' in body && repeatsField(body.json)) return 'a field is given twice';
  try {
    const value: unknown = JSON.parse(bytes.toString());
    if (LONE_SURROGATE.test(JSON.stringify(value))) return 'the body has half a surrogate pair';
    return faultIn(operation.body, value);
  } catch {
    return 'the body is not JSON';
  }
}

const isDescribed = ({ parameters }: Operation, name: string): boolean =>
  parameters.some((parameter) => parameter.in === 'query' && parameter.name === name);

/** The text of a percent-encoded one. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
