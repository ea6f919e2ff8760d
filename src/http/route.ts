import type { Static, TSchema } from '@sinclair/typebox';
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  preValidationHookHandler,
} from 'fastify';
import {
  AVAILABILITY_REFUSALS,
  COMMANDS,
  KEY_REFUSALS,
  PERMISSIONS,
  refusalsOf,
  type Answer,
  type CommandContext,
  type CommandName,
  type Operation,
  type Query as Asked,
  type RefusalCode,
  type Result,
} from '../service/index.ts';
import type { Access } from './access.ts';
import type { Admission, InFlight } from './admission.ts';
import {
  conditionalAnswers,
  ConditionHeaders,
  sendConditionally,
  type CacheControl,
} from './conditional.ts';
import type { Tag } from './description.ts';
import { idempotencyKeyOf, KeyHeaders } from './idempotency-key.ts';
import { endedSignalOf, Pieces, sendPieces, sendText, WholeText } from './pieces.ts';
import type { ProblemCode } from './problem.ts';
import { NoQuery } from './schema.ts';
import { sendRefusal } from './send-problem.ts';

/** The codes of a body that does not reach the command. */
export const BODY_CODES: readonly ProblemCode[] = [
  'malformed_json',
  'invalid_request',
  'payload_too_large',
  'unsupported_media_type',
];

/** How `/openapi.json` presents a route. */
interface Texts {
  readonly tag: Tag;
  /** One line, without a full stop. */
  readonly summary: string;
  /** Sentences in Markdown. */
  readonly description: string;
}

/** The operations for which no key is needed. Those of a patient need a ticket. */
type PublicOperation = 'readHealth' | 'readReadiness' | 'readPatientStatus' | 'cancelAsPatient';

interface Described extends Texts {
  /** The `operationId`: generated clients name a method after it. */
  readonly name: Operation | PublicOperation;
  readonly params?: TSchema | undefined;
  readonly query?: TSchema | undefined;
  readonly headers?: TSchema | undefined;
  readonly body?: TSchema | undefined;
  /** The answers of success by their statuses. */
  readonly answers: Readonly<Record<number, object>>;
  /** The codes that the route may answer besides those that every route may. */
  readonly codes: readonly ProblemCode[];
}

/** The codes of a caller who has no key or the wrong one. */
const ACCESS_CODES: readonly ProblemCode[] = [
  'unauthenticated',
  'forbidden',
  'rate_limited',
  'identity_unavailable',
];

const isPublic = (name: Described['name']): name is PublicOperation =>
  !Object.hasOwn(PERMISSIONS, name);

/** What Fastify takes of a route beside its handler: validation, serialisation and description. */
export function optionsOf(route: Described) {
  const { name, tag, summary, description, params, query, headers, body } = route;
  const codes: readonly ProblemCode[] = [
    ...(isPublic(name) ? [] : ACCESS_CODES),
    ...route.codes,
    'misdirected_request',
    'internal',
  ];
  return {
    config: { codes, operation: isPublic(name) ? null : name },
    schema: {
      operationId: name,
      tags: [tag],
      summary,
      description,
      ...(params === undefined ? {} : { params }),
      ...(query === undefined ? {} : { querystring: query }),
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body }),
      response: route.answers,
    },
  };
}

/** The codes of a command: of its body, its idempotency key, its durability, then its own as the engine lists them. */
const codesOf = (command: CommandName): readonly ProblemCode[] => [
  ...BODY_CODES,
  ...(COMMANDS[command].takesKey ? KEY_REFUSALS : []),
  ...AVAILABILITY_REFUSALS,
  ...refusalsOf(command),
];

/**
 * Refuses every query parameter on the routes that declare none, also on the routes of packages. It is called before the
 * routes are added.
 */
export function refuseUnknownQueries(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    route.schema = { querystring: NoQuery, ...route.schema };
  });
}

/** What a handler gets of a request, validated. */
interface Sent<Params extends TSchema, Query extends TSchema> {
  readonly params: Static<Params>;
  readonly query: Static<Query>;
}

/** A route that sends a command to the service. */
export interface CommandRoute<
  Params extends TSchema,
  Query extends TSchema,
  Body extends TSchema,
  Success extends TSchema,
> extends Texts {
  readonly command: CommandName;
  /** `POST` by default. */
  readonly method?: 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly params?: Params;
  readonly query?: Query;
  /** None by default: a body is ignored then. */
  readonly body?: Body;
  /** Bytes that the body may have, if not as many as other bodies. */
  readonly bodyLimit?: number;
  readonly preValidation?: preValidationHookHandler;
  /** Whether `run` also gets a body that is not valid, with the faults in `validationError`. */
  readonly attachValidation?: boolean;
  readonly success: Success;
  /** The statuses of success; the first is sent unless `run` sets another. 200 by default. */
  readonly statuses?: readonly [number, ...number[]];
  /** The path of the new resource; the header `Location` of the answer. */
  readonly locationOf?: (view: Static<Success>) => string;
  readonly run: (
    sent: Sent<Params, Query> & { readonly body: Static<Body> },
    context: CommandContext,
    reply: FastifyReply,
  ) => Promise<Answer<Static<Success>>>;
}

/** A route that reads. */
export interface ReadRoute<
  Params extends TSchema,
  Query extends TSchema,
  Body extends TSchema,
  Success extends TSchema,
> extends Texts {
  readonly name: Operation;
  /** `GET` by default. A read with a body is a `POST`. */
  readonly method?: 'POST';
  readonly url: string;
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  readonly success: Success;
  /** Gives the answer an `ETag` and this `Cache-Control`. Without it the answer is never 304. */
  readonly cacheControl?: CacheControl;
  /** The codes of the read, beside those that every read has. */
  readonly codes: readonly RefusalCode[];
  /** Its value may be the text of a `Success`, whole or in pieces. */
  readonly run: (
    sent: Sent<Params, Query> & { readonly body: Static<Body> },
    asked: Asked,
  ) => Promise<Result<Static<Success> | WholeText | Pieces>>;
}

/** Adds routes to an app: a route says what is its own, and this class knows what all routes have in common. */
export class Routes {
  readonly app: FastifyInstance;
  readonly access: Access;
  readonly commands: InFlight;
  readonly reads: InFlight;

  constructor(
    app: FastifyInstance,
    access: Access,
    { commands, reads }: Pick<Admission, 'commands' | 'reads'>,
  ) {
    this.app = app;
    this.access = access;
    this.commands = commands;
    this.reads = reads;
  }

  /** Adds a route for a command. */
  command<
    Params extends TSchema,
    Query extends TSchema,
    Body extends TSchema,
    Success extends TSchema,
  >(route: CommandRoute<Params, Query, Body, Success>): void {
    const { url, method = 'POST', bodyLimit, preValidation, run, locationOf } = route;
    const { statuses = [200], attachValidation = false } = route;
    const { takesKey } = COMMANDS[route.command];
    const guarded = { operation: route.command, url };
    this.app.route<{ Params: Static<Params>; Querystring: Static<Query>; Body: Static<Body> }>({
      method,
      url,
      ...optionsOf({
        ...route,
        name: route.command,
        headers: takesKey ? KeyHeaders : undefined,
        answers: Object.fromEntries(statuses.map((status) => [status, route.success])),
        codes: codesOf(route.command),
      }),
      onRequest: this.access.hook(route.command),
      attachValidation,
      ...(bodyLimit === undefined ? {} : { bodyLimit }),
      ...(preValidation === undefined ? {} : { preValidation }),
      handler: async (request, reply) => {
        const denied = this.access.denies(guarded, request, reply);
        if (denied !== false && (await denied)) return;
        const context = {
          identity: request.identity,
          idempotency: takesKey ? idempotencyKeyOf(request, url) : null,
        };
        reply.code(statuses[0]);
        this.commands.begin();
        try {
          const { result, isReplay } = await run(request, context, reply);
          if (isReplay) reply.header('idempotency-replayed', 'true');
          if (result.ok && locationOf !== undefined)
            reply.header('location', locationOf(result.value));
          // The reply is sent now, so that Fastify need not wait for it.
          void send(request, reply, result);
        } finally {
          this.commands.end();
        }
      },
    });
  }

  /** Adds a route for a read. */
  read<
    Params extends TSchema,
    Query extends TSchema,
    Body extends TSchema,
    Success extends TSchema,
  >(route: ReadRoute<Params, Query, Body, Success>): void {
    const { name: operation, method = 'GET', url, body, cacheControl } = route;
    const inputCodes = body === undefined ? (['invalid_request'] as const) : BODY_CODES;
    this.app.route<{ Params: Static<Params>; Querystring: Static<Query>; Body: Static<Body> }>({
      method,
      url,
      ...optionsOf({
        ...route,
        ...(cacheControl === undefined
          ? { answers: { 200: route.success } }
          : { headers: ConditionHeaders, answers: conditionalAnswers(route.success) }),
        codes: [...inputCodes, ...route.codes, 'overloaded', 'not_durable'],
      }),
      onRequest: this.access.hook(operation),
      ...(cacheControl === undefined ? {} : { onSend: sendConditionally(cacheControl) }),
      handler: async (request, reply) => {
        const denied = this.access.denies({ operation, url }, request, reply);
        if (denied !== false && (await denied)) return reply;
        return send(
          request,
          reply,
          await this.reads.during(() => route.run(request, askedBy(request, reply))),
        );
      },
    });
  }
}

/** What every read says of its request. */
export function askedBy({ identity }: FastifyRequest, reply: FastifyReply): Asked {
  let signal: AbortSignal | undefined;
  return { identity, ended: () => (signal ??= endedSignalOf(reply)) };
}

/** Projects the value of a successful read. It suits only values that never change, because it runs after the read. */
export const shown = <Value, View>(
  result: Result<Value>,
  project: (value: Value) => View,
): Result<View> => (result.ok ? { ok: true, value: project(result.value) } : result);

/** Sends a result: its value through the compiled serialiser of the route, or its refusal as a problem. */
export function send(
  request: FastifyRequest,
  reply: FastifyReply,
  result: Result<unknown>,
): FastifyReply | Promise<FastifyReply> {
  if (!result.ok) return sendRefusal(request, reply, result.refusal);
  const { value } = result;
  if (value instanceof WholeText) return sendText(reply, value);
  return value instanceof Pieces ? sendPieces(reply, value) : reply.send(value);
}
