import Fastify, { type FastifyInstance } from 'fastify';
import pino from 'pino';
import { AllocationEngine, DEFAULT_CLASSES, epochMs } from '../../../src/engine/index.ts';
import { readVersion } from '../../../src/cli/program.ts';
import { buildApp } from '../../../src/http/app.ts';
import { webhookBodyOf } from '../../../src/http/resources/webhook.ts';
import { Webhooks } from '../../../src/webhooks/index.ts';
import { VALIDATION } from '../../../src/http/schema.ts';
import { createService } from '../../../src/service/index.ts';
import { CONNECTION_LIMITS, NO_ADMISSION_LIMITS } from './limits.ts';
import { openMemoryDatabase } from '../../../src/store/memory/database.ts';

/** The parts of a JSON Schema that the description uses. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly minProperties?: number;
  readonly additionalProperties?: unknown;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { description: string; content?: Content }>>;
}

/** A body field or a query parameter of a request. `sessions[].id` is a field of the items of a list, `[].id` one of a body that is a list. */
export interface Field {
  readonly name: string;
  readonly isRequired: boolean;
  /** The greatest number that the schema allows. */
  readonly maximum?: number | undefined;
}

/** A route as `/openapi.json` describes it. */
export class DescribedRoute {
  /** For example `GET /tokens/{id}`. */
  readonly name: string;
  readonly #operation: Operation;
  readonly #method: string;
  readonly #path: RegExp;

  constructor(method: string, path: string, operation: Operation) {
    this.name = `${method} ${path}`;
    this.#operation = operation;
    this.#method = method;
    this.#path = new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`);
  }

  /** Whether a request with this method and URL reaches this route. */
  takes(method: string, url: string): boolean {
    return method === this.#method && this.#path.test(url.replace(/\?.*/, ''));
  }

  /** The success statuses of the route. */
  get successes(): string[] {
    return Object.keys(this.#operation.responses).filter((status) => status < '300');
  }

  /** The problem codes that the route may answer. */
  get codes(): string[] {
    const failures = Object.entries(this.#operation.responses).filter(([status]) => status > '399');
    return failures.flatMap(([, { description }]) => description.match(/\w+/g) ?? []);
  }

  get bodySchema(): Schema | undefined {
    return this.#operation.requestBody?.content['application/json']?.schema;
  }

  /** The schema of an answer. It forbids fields that it does not describe, except in a problem. */
  answerSchema(status: string): Schema | undefined {
    const { content = {} } = this.#operation.responses[status] ?? { description: '' };
    const json = (content['application/json'] ?? content['text/event-stream'])?.schema;
    return json === undefined ? content['application/problem+json']?.schema : closed(json);
  }

  /** The fields of the body and the parameters of the query. */
  get fields(): Field[] {
    const query = (this.#operation.parameters ?? []).filter((given) => given.in === 'query');
    return [
      ...query.map(({ name, required = false }) => ({ name, isRequired: required })),
      ...fieldsOf(this.bodySchema ?? {}, ''),
      ...fieldsOf(this.bodySchema?.items ?? {}, '[].'),
    ];
  }
}

function fieldsOf({ properties = {}, required = [] }: Schema, prefix: string): Field[] {
  return Object.entries(properties).flatMap(([key, schema]) => [
    { name: prefix + key, isRequired: required.includes(key), maximum: schema.maximum },
    ...fieldsOf(schema.items ?? {}, `${prefix}${key}[].`),
  ]);
}

/** A part of a description in which the named schemas stand in place of the references to them. */
export function withoutReferences<T>(part: T, description: object): T {
  const inlined = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(inlined);
    const { $ref } = value as { readonly $ref?: string };
    if ($ref === undefined)
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, inlined(each)]));
    const named = $ref
      .slice('#/'.length)
      .split('/')
      .reduce<unknown>(
        (parent, key) => (parent as Readonly<Record<string, unknown>>)[key],
        description,
      );
    if (named === undefined) throw new Error(`${$ref} is not in the description`);
    return inlined(named);
  };
  return inlined(part) as T;
}

/** The schema, so that no object in it has a member that is not described, unless the object says that it may. */
export function closed(schema: Schema): Schema {
  const { properties, items, anyOf, additionalProperties = false } = schema;
  return {
    ...schema,
    ...(properties === undefined
      ? {}
      : {
          additionalProperties,
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, value]) => [name, closed(value)]),
          ),
        }),
    ...(items === undefined ? {} : { items: closed(items) }),
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map(closed) }),
  };
}

/** Builds the program without starting it, because `/openapi.json` needs no data. Works outside of a test too. */
function buildUnstartedApp(): Promise<FastifyInstance> {
  const rules = { classes: DEFAULT_CLASSES, graceMinutes: 30, waitlistMax: 1_000 };
  const engine = new AllocationEngine(rules);
  const database = openMemoryDatabase(engine);
  const { store, archive, changeLog, keys } = database;
  const clock = () => epochMs(0);
  const service = createService({
    engine,
    store,
    archive,
    changeLog,
    keys,
    clock,
    horizonDays: 14,
  });
  const logger = pino({ level: 'silent' });
  const webhooks = new Webhooks({
    ...{ database, clock, bodyOf: webhookBodyOf, version: readVersion() },
    allowsPrivate: false,
  });
  return buildApp({
    service,
    webhooks,
    classes: DEFAULT_CLASSES,
    logger,
    clock,
    version: readVersion(),
    connectionLimits: CONNECTION_LIMITS,
    admissionLimits: NO_ADMISSION_LIMITS,
    allowsAnonymous: true,
    metrics: { contentType: 'text/plain', scrape: () => Promise.resolve('') },
  });
}

/** What `/openapi.json` answers. */
export async function describedApi(): Promise<unknown> {
  const app = await buildUnstartedApp();
  const description = (await app.inject('/openapi.json')).json<unknown>();
  await app.close();
  return description;
}

/** What `/openapi.json` says of who may use each operation. */
export async function describedOperations(): Promise<
  readonly { readonly route: string; readonly id: string; readonly security: readonly object[] }[]
> {
  const app = await buildUnstartedApp();
  const { paths } = (await app.inject('/openapi.json')).json<{
    paths: Record<string, Record<string, { operationId: string; security: object[] }>>;
  }>();
  await app.close();
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { operationId: id, security }]) => ({
      ...{ route: `${method.toUpperCase()} ${path}`, id, security },
    })),
  );
}

/** Every route of the program, including those that `/openapi.json` leaves out. */
export async function describedRoutes(): Promise<DescribedRoute[]> {
  const app = await buildUnstartedApp();
  const { body } = await app.inject('/openapi.json');
  const description = JSON.parse(body) as { paths: Record<string, Record<string, Operation>> };
  const paths = withoutReferences(description.paths, description);
  const described = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(
      ([method, operation]) => new DescribedRoute(method.toUpperCase(), path, operation),
    ),
  );
  const hidden = await Promise.all(
    ['/openapi.json', '/docs'].map(async (path) => {
      const { statusCode } = await app.inject(path);
      return new DescribedRoute('GET', path, { responses: { [statusCode]: { description: '' } } });
    }),
  );
  await app.close();
  return [...described, ...hidden];
}

/** The faults of a value, in words. Empty when the value is valid. The validator is the one that checks requests. */
export async function faultsIn(schema: Schema, value: unknown): Promise<string> {
  const app = Fastify({ ajv: { customOptions: VALIDATION } });
  app.post('/', { schema: { body: schema } }, () => ({}));
  const answer = await app.inject({
    method: 'POST',
    url: '/',
    headers: { 'content-type': 'application/json' },
    payload: JSON.stringify(value),
  });
  await app.close();
  return answer.statusCode === 200 ? '' : answer.body;
}
