import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import type { EpochMs } from '../engine/index.ts';
import { CONDITIONS, PERMISSIONS, rolesFor, type Operation } from '../service/index.ts';
import { examplesOn } from './examples.ts';
import { PROBLEMS, type ProblemCode } from './problem.ts';
import { problemOf } from './resources/problem.ts';
import { allowDocs } from './security-headers.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The codes that a route may answer. */
    readonly codes?: readonly ProblemCode[];
    /** The operation for which a key is needed; null when none is. */
    readonly operation?: Operation | null;
  }
}

/** The groups in which `/docs` shows the routes. */
const TAGS = {
  Tokens: 'Booking a patient, and what happens to the token until the visit.',
  Visit: 'The day at the clinic: check-in, call, consultation, no-show.',
  Patients: "What a patient's own page asks for, with the ticket of its link instead of a key.",
  Schedule: 'The slots of a doctor with all patients in them.',
  Doctors:
    'The doctors, their weekly sessions and leaves, the holidays, and the classes of patients.',
  Slots: 'Single slots, and changes of slots that already have patients: seats, delays, closing.',
  Events: 'What happens, as it happens: bookings, promotions, calls, closings.',
  Reports: 'The counts of a day and of several days, and the record of all changes.',
  Keys: 'Access keys: who may use the service, and for what.',
  Webhooks: 'Other systems that are told of what happens.',
  Operations: 'Whether the service runs and accepts commands, for probes.',
} as const;
export type Tag = keyof typeof TAGS;

const INFO = {
  title: 'OPD token allocation',
  description: `Decides, fairly and at once, which patients of an outpatient department get the seats of a doctor.

The examples work on the demo roster, with which an empty database starts. Where an example needs the id of a token, book a patient first and use the \`id\` of the answer.

Send an \`Idempotency-Key\` to repeat a command safely: a repeat with the same key gets the first answer again. A new command needs a new key.`,
  license: { name: 'MIT', identifier: 'MIT' },
};

/**
 * Describes the routes that are added to an app after this call.
 * The schemas that Fastify compiles contain each other whole, because that makes the fastest serialisers. Only the
 * description gives them names, and only the description has the problems, which are sent without a serialiser.
 */
export async function describeRoutes(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { ...INFO, version },
      servers: [{ url: '/', description: 'The service that gives this description.' }],
      components: { securitySchemes: SECURITY_SCHEMES },
      tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    },
    transform: ({ schema, url, route }) => ({
      url,
      schema: {
        ...schema,
        ...permissionsOf(schema.description, route.config?.operation ?? null),
        response: {
          ...(schema.response as object | undefined),
          ...problemsOf(route.config?.codes ?? []),
        },
      },
    }),
    transformObject: (document) =>
      'openapiObject' in document ? withNamedSchemas(document.openapiObject) : {},
  });
}

/**
 * Adds `/openapi.json`, and `/docs`, a page to read and try the routes. It is called after the other routes are added.
 * @param clock tells the instant of a request: the examples are of a day after it
 */
export async function serveDescription(app: FastifyInstance, clock: () => EpochMs): Promise<void> {
  app.get('/openapi.json', { schema: { hide: true } }, (_request, reply) =>
    reply.header('Cache-Control', 'no-cache').send(examplesOn(app.swagger(), clock())),
  );
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    uiHooks: {
      onRequest: (_request, reply, done) => {
        allowDocs(reply);
        done();
      },
    },
    transformSpecification: (description) => examplesOn(description, clock()),
  });
}

/** How a request proves who sends it. */
const SECURITY_SCHEMES = {
  accessKey: {
    type: 'http',
    scheme: 'bearer',
    description:
      'An access key of the service: it begins with `opd_`. While there is no key, a service on a loopback address needs none.',
  },
  identityToken: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description:
      'A token of the identity provider of the hospital, if the service has the setting `OIDC_ISSUER`.',
  },
} as const;

/**
 * The roles of a route: as alternatives for tools, and with their conditions at the end of its description for people.
 * A route for which no key is needed has none.
 */
function permissionsOf(description: string | undefined, operation: Operation | null): object {
  if (operation === null) return { security: [] };
  return {
    description: `${description ?? ''} Roles: ${grantsInWords(operation)}.`,
    security: Object.keys(SECURITY_SCHEMES).flatMap((scheme) =>
      rolesFor(operation).map((role) => ({ [scheme]: [role] })),
    ),
  };
}

/** The roles that may do an operation, with their conditions, in Markdown. */
export const grantsInWords = (operation: Operation): string =>
  rolesFor(operation)
    .map((role) => {
      const condition = PERMISSIONS[operation][role] ?? 'any';
      return condition === 'any' ? `\`${role}\`` : `\`${role}\` (${CONDITIONS[condition]})`;
    })
    .join(', ');

/** The error answers of a route, by status: each names its codes. */
function problemsOf(codes: readonly ProblemCode[]): Readonly<Record<number, object>> {
  const byStatus = Map.groupBy(codes, (code) => PROBLEMS[code].status);
  return Object.fromEntries(
    Array.from(byStatus, ([status, group]) => [
      status,
      {
        description: group.map((code) => `\`${code}\``).join(', '),
        content: { 'application/problem+json': { schema: problemOf(status, group) } },
      },
    ]),
  );
}

/** A description whose schemas with a title are in `components.schemas`, under the title, and are referred to. */
function withNamedSchemas<
  Description extends { readonly paths?: object; readonly components?: object },
>(description: Description): Description {
  const schemas: Record<string, unknown> = {};
  const paths = withReferences(description.paths, schemas);
  return { ...description, paths, components: { ...description.components, schemas } };
}

/** A part of the description with references in place of schemas that have a title; these are added to `schemas`. */
function withReferences(part: unknown, schemas: Record<string, unknown>): unknown {
  if (Array.isArray(part)) return part.map((each) => withReferences(each, schemas));
  if (typeof part !== 'object' || part === null) return part;
  const copy: Readonly<Record<string, unknown>> = Object.fromEntries(
    Object.entries(part).map(([key, value]) => [
      key,
      key === 'example' ? value : withReferences(value, schemas),
    ]),
  );
  const { title, ...schema } = copy;
  if (typeof title !== 'string') return copy;
  const isNullable = Array.isArray(schema['type']);
  addSchema(schemas, title, isNullable ? withoutNull(schema) : schema);
  const reference = { $ref: `#/components/schemas/${title}` };
  return isNullable ? { anyOf: [reference, { type: 'null' }] } : reference;
}

/** @throws Error when the name belongs to another schema */
function addSchema(schemas: Record<string, unknown>, name: string, schema: object): void {
  const text = JSON.stringify(schema);
  if (text !== JSON.stringify(schemas[name] ?? schema))
    throw new Error(`Two different schemas have the title ${name}.`);
  schemas[name] = schema;
}

/** The schema from which `orNull` made this one. */
function withoutNull(schema: Readonly<Record<string, unknown>>): object {
  const { type, enum: values } = schema;
  return {
    ...schema,
    type: (type as readonly string[])[0],
    ...(Array.isArray(values) ? { enum: values.filter((value) => value !== null) } : {}),
  };
}
