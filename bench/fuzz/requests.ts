import type { Schema } from '../../test/support/app/described-routes.ts';
import type { Random } from '../lib/random.ts';
import * as hostile from './hostile-values.ts';
import type { KnownValues } from './known-values.ts';
import type { Operation } from './operations.ts';
import { jsonText, RawJson } from './raw-json.ts';
import type { Values } from './values.ts';

/** How far a request is from a valid one. */
export const KINDS = ['valid', 'near-valid', 'hostile'] as const;
export type Kind = (typeof KINDS)[number];

export type Pair = readonly [name: string, value: string];

/** A request that was generated for an operation. */
export interface FuzzRequest {
  readonly operation: Operation;
  readonly kind: Kind;
  readonly method: string;
  /** Percent-encoded, without the query. */
  readonly path: string;
  /** Percent-encoded names and values. */
  readonly query: readonly Pair[];
  readonly headers: readonly Pair[];
  /** A value that is sent as JSON, or bytes that are sent as they are; null when there is no body. */
  readonly body: { readonly json: unknown } | { readonly bytes: Buffer } | null;
  /** Whether the method or the path may be those of another route, or of none. */
  readonly isAstray: boolean;
}

/** The bytes of the body. */
export function bytesOf({ body }: FuzzRequest): Buffer | undefined {
  if (body === null) return undefined;
  return 'bytes' in body ? body.bytes : Buffer.from(jsonText(body.json));
}

/** The path and the query, as they stand in the first line of a request. */
export const urlOf = ({ path, query }: Pick<FuzzRequest, 'path' | 'query'>): string =>
  path +
  (query.length === 0 ? '' : `?${query.map(([name, value]) => `${name}=${value}`).join('&')}`);

/** Whether a request for a stream names the last event that the client has. No service knows an event of the fuzzer's. */
export const resumes = ({ query, headers }: FuzzRequest): boolean =>
  query.some(([name]) => name === 'after') ||
  headers.some(([name, value]) => name === 'last-event-id' && value !== '');

/** Changes one thing of a request. */
type Change = (request: FuzzRequest) => FuzzRequest;

/** Makes the requests of a run. */
export class Requests {
  readonly #random: Random;
  readonly #values: Values;
  readonly #known: KnownValues;

  constructor(random: Random, values: Values, known: KnownValues) {
    this.#random = random;
    this.#values = values;
    this.#known = known;
  }

  /** A request of an operation. A near-valid one has one thing that is off; a hostile one has one to three. */
  make(operation: Operation, kind: Kind): FuzzRequest {
    const valid = this.#valid(operation);
    if (kind === 'valid') return valid;
    const changes = kind === 'near-valid' ? 1 : 1 + this.#random.below(3);
    let request: FuzzRequest = { ...valid, kind };
    for (let nth = 0; nth < changes; nth += 1) request = this.#changed(request);
    return request;
  }

  #valid(operation: Operation): FuzzRequest {
    const { method, parameters, body } = operation;
    const given = parameters.filter(({ required, in: place }) =>
      this.#random.chance(required ? 1 : place === 'header' ? 0.15 : 0.35),
    );
    const headers = given
      .filter((parameter) => parameter.in === 'header')
      .map(({ name, schema }): Pair => [name, this.#headerOf(schema)]);
    const path = Object.entries(this.#values.ofPath(operation)).reduce(
      (left, [name, value]) => left.replace(`{${name}}`, encodeURIComponent(value)),
      operation.path,
    );
    const query = given
      .filter((parameter) => parameter.in === 'query')
      .flatMap(({ name, schema }) =>
        [this.#values.valid(schema, name)]
          .flat()
          .map((value): Pair => [name, encodeURIComponent(String(value))]),
      );
    return {
      ...{ operation, kind: 'valid', method, path, query, isAstray: false },
      headers: [
        ...headers,
        ...(body === undefined ? [] : [['content-type', 'application/json'] as const]),
        ...this.#accept(operation),
        ...this.#otherKey(),
      ],
      body: body === undefined ? null : { json: this.#values.valid(body) },
    };
  }

  /** A key of few, so that keys are used again. */
  #headerOf(schema: Schema): string {
    return this.#random.chance(0.8)
      ? `key-${this.#random.below(100)}`
      : String(this.#values.valid(schema));
  }

  /** Asks for one of the media types of the answer, if there are several. */
  #accept({ answers }: Operation): Pair[] {
    const types = [...(answers.get(200)?.keys() ?? [])];
    return types.length > 1 && this.#random.chance(0.5)
      ? [['accept', this.#random.pick(types)]]
      : [];
  }

  /** Sends some requests with an access key that may have any role, doctors and end. */
  #otherKey(): Pair[] {
    const secret = this.#random.chance(0.1) ? this.#known.secret() : undefined;
    return secret === undefined ? [] : [['authorization', `Bearer ${secret}`]];
  }

  #changed(request: FuzzRequest): FuzzRequest {
    const { body, operation } = request;
    const json = body !== null && 'json' in body;
    const isNear = request.kind === 'near-valid';
    const change = this.#random.pick<Change>([
      ...(json ? [this.#withOtherPart, this.#withOtherPart, this.#withOtherPart] : []),
      ...(json ? [this.#withoutPart, this.#withUnknownField, this.#withRepeatedField] : []),
      ...(operation.parameters.some((parameter) => parameter.in === 'query')
        ? [this.#withOtherParameter, this.#withOtherParameter, this.#withoutParameter]
        : []),
      ...(operation.path.includes('{') ? [this.#withOtherStep] : []),
      this.#withUnknownParameter,
      ...(body === null ? [] : [this.#withOtherMediaType]),
      ...(isNear ? [] : [this.#withHeader, this.#withHeader, this.#withHostileStep]),
      ...(isNear ? [] : [this.#withOtherMethod, this.#withOtherRoute]),
      ...(isNear || body === null ? [] : [this.#withOtherBody, this.#withOtherBody]),
    ]);
    return change(request);
  }

  #hostileText = (): string => this.#random.pick(hostile.HOSTILE_TEXTS);
  #hostileValue = (): unknown =>
    this.#random.chance(0.5) ? this.#hostileText() : this.#random.pick(hostile.HOSTILE_VALUES);

  /** Replaces a part of the body, or the whole. */
  #withOtherPart: Change = (request) => this.#withPart(request, (value) => this.#otherValue(value));

  #otherValue(value: unknown): unknown {
    const random = this.#random;
    const text = typeof value === 'string' ? value : '';
    return random.chance(0.7)
      ? this.#hostileValue()
      : random.pick<unknown>([
          ...[[value], { value }, String(value), text.toLowerCase(), `${text} `, ` ${text}`],
          ...[
            Number(value) + 1,
            Number(value) + 0.5,
            -Number(value),
            text.slice(0, -1),
            `${text}\n`,
          ],
          ...[text.repeat(3), text.normalize('NFD'), `${text}\u0301`, [value, value]],
        ]);
  }

  #withoutPart: Change = (request) => this.#withPart(request, () => undefined);

  #withUnknownField: Change = (request) =>
    this.#withPart(request, (value) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? { ...value, [this.#random.pick(hostile.HOSTILE_NAMES)]: this.#hostileValue() }
        : value,
    );

  /** Gives a field of an object twice. */
  #withRepeatedField: Change = (request) =>
    this.#withPart(request, (value) => {
      if (typeof value !== 'object' || value === null || value instanceof RawJson) return value;
      const [member] = this.#random.sample(Object.entries(value), 1);
      if (member === undefined || Array.isArray(value)) return value;
      const first = jsonText(Object.fromEntries([member])).slice(0, -1);
      return new RawJson(`${first},${jsonText(value).slice(1)}`, { repeatsField: true });
    });

  /** Replaces one part of the body that is chosen at random: the whole, or what is inside. */
  #withPart(request: FuzzRequest, replace: (value: unknown) => unknown): FuzzRequest {
    if (request.body === null || !('json' in request.body)) return request;
    return { ...request, body: { json: this.#replaced(request.body.json, replace) ?? null } };
  }

  #replaced(value: unknown, replace: (value: unknown) => unknown): unknown {
    const isLeaf = typeof value !== 'object' || value === null || value instanceof RawJson;
    if (isLeaf || this.#random.chance(0.15)) return replace(value);
    const entries = Object.entries(value);
    if (entries.length === 0) return replace(value);
    const chosen = this.#random.below(entries.length);
    const changed = entries.flatMap(([name, member], nth): [string, unknown][] => {
      if (nth !== chosen) return [[name, member]];
      const other = this.#replaced(member, replace);
      return other === undefined ? [] : [[name, other]];
    });
    return Array.isArray(value) ? changed.map(([, member]) => member) : Object.fromEntries(changed);
  }

  #withOtherParameter: Change = (request) => {
    const { name } = this.#random.pick(
      request.operation.parameters.filter((parameter) => parameter.in === 'query'),
    );
    const value = this.#encoded(this.#hostileText());
    const others = request.query.filter(([other]) => other !== name || this.#random.chance(0.3));
    return { ...request, query: [...others, [name, value]] };
  };

  #withoutParameter: Change = (request) => {
    const [left] = this.#random.sample(request.query, 1);
    return { ...request, query: request.query.filter((pair) => pair !== left) };
  };

  #withUnknownParameter: Change = (request) => {
    const name = this.#encoded(this.#random.pick(hostile.HOSTILE_NAMES));
    return { ...request, query: [...request.query, [name, this.#encoded(this.#hostileText())]] };
  };

  /** Lone surrogates have no percent-encoding. */
  #encoded(text: string): string {
    return encodeURIComponent(text.toWellFormed());
  }

  #withOtherStep: Change = (request) => {
    // An empty step, or a dot, is a part of the path itself.
    const text = this.#encoded(this.#hostileText());
    return this.#withStep(request, text);
  };

  #withHostileStep: Change = (request) =>
    this.#withStep(request, this.#random.pick(hostile.HOSTILE_STEPS));

  /** A route that the description leaves out, or none. */
  #withOtherRoute: Change = (request) => ({
    ...request,
    path:
      this.#random.pick(hostile.OTHER_PATHS) + this.#random.pick(['', ...hostile.HOSTILE_STEPS]),
    isAstray: true,
  });

  #withStep(request: FuzzRequest, step: string): FuzzRequest {
    const steps = request.path.split('/');
    const nth = 1 + this.#random.below(steps.length - 1);
    return { ...request, path: steps.with(nth, step).join('/'), isAstray: true };
  }

  #withOtherMediaType: Change = (request) => ({
    ...request,
    headers: [
      ...request.headers.filter(([name]) => name !== 'content-type'),
      ['content-type', this.#random.pick(hostile.OTHER_MEDIA_TYPES)],
    ],
  });

  #withHeader: Change = (request) => {
    const [name, value] = this.#random.pick(hostile.HOSTILE_HEADERS);
    return {
      ...request,
      headers: [...request.headers.filter(([other]) => other !== name), [name, value]],
    };
  };

  #withOtherMethod: Change = (request) => {
    const method = this.#random.pick([
      'GET',
      'POST',
      'PUT',
      'PATCH',
      'DELETE',
      'HEAD',
      'OPTIONS',
      'TRACE',
      'PROPFIND',
    ]);
    return { ...request, method, isAstray: true };
  };

  #withOtherBody: Change = (request) => {
    const isHuge = this.#random.chance(0.02);
    const body = isHuge ? hostile.HUGE_BODY : this.#random.pick(hostile.HOSTILE_BODIES);
    return { ...request, body: { bytes: Buffer.from(body as string) } };
  };
}
