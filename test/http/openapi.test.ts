import { beforeEach, describe, expect, it } from 'vitest';
import { readVersion } from '../../src/cli/program.ts';
import { epochMs, tokenId } from '../../src/engine/index.ts';
import { PROBLEM_CODES, PROBLEMS, type ProblemCode } from '../../src/http/problem.ts';
import { factsOf, problemOf } from '../../src/http/resources/problem.ts';
import { COMMANDS, type Refusal } from '../../src/service/index.ts';
import { openApp } from '../support/app/app.ts';
import { withoutReferences } from '../support/app/described-routes.ts';

type Json = Readonly<Record<string, unknown>>;
interface Response {
  readonly description: string;
  readonly content?: Readonly<Record<string, { readonly schema: Json }>>;
}
interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly { name: string; in: string; required: boolean; schema: Json }[];
  readonly requestBody?: { required: boolean; content: Json };
  readonly responses: Readonly<Record<string, Response>>;
}
interface Description {
  readonly openapi: string;
  readonly info: Json;
  readonly tags: readonly { name: string; description: string }[];
  readonly components: { readonly schemas: Readonly<Record<string, Json>> };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** The codes of every route, and of every route that needs a key. */
const PUBLIC = ['misdirected_request', 'internal'];
const ALWAYS = [...PUBLIC, 'unauthenticated', 'forbidden', 'rate_limited', 'identity_unavailable'];
const BODY = ['malformed_json', 'invalid_request', 'payload_too_large', 'unsupported_media_type'];
const COMMAND = [...BODY, 'overloaded', 'not_durable', 'stopping', ...ALWAYS];
const POST = [...COMMAND, 'idempotency_in_progress', 'idempotency_key_reused'];
const STEP = [...POST, 'token_not_found', 'token_already_cancelled', 'invalid_transition'];
const SLOT = ['slot_not_found', 'slot_ended', 'slot_closed'];
const READ = ['invalid_request', 'overloaded', 'not_durable', ...ALWAYS];

/** Every route with its success statuses and the codes it may answer. */
const ROUTES: Readonly<Record<string, readonly [success: string, codes: readonly string[]]>> = {
  'POST /book': [
    '201',
    [
      ...POST,
      'doctor_not_found',
      'slot_not_found',
      'duplicate_booking',
      'slot_ended',
      'slot_closed',
      'waitlist_full',
      'intake_closed',
    ],
  ],
  'POST /bookings': ['200', [...POST, 'not_all_bookable']],
  'POST /cancel': ['200', STEP],
  'POST /move': ['200', [...STEP, ...SLOT, 'duplicate_booking', 'waitlist_full', 'intake_closed']],
  'POST /reclassify': ['200', STEP],
  'POST /check-in': ['200', [...STEP, 'slot_ended', 'too_early']],
  'POST /call-next': [
    '200',
    [...POST, 'doctor_not_found', 'slot_not_found', 'consultation_in_progress', 'nobody_waiting'],
  ],
  'POST /start': ['200', [...STEP, 'consultation_in_progress']],
  'POST /complete': ['200', STEP],
  'POST /skip': ['200', STEP],
  'POST /undo': [
    '200',
    [
      ...POST,
      ...['token_not_found', 'duplicate_booking', 'slot_ended', 'slot_closed', 'nothing_to_undo'],
    ],
  ],
  'POST /no-show': ['200', [...STEP, 'too_early']],
  'GET /tokens': ['200', READ],
  'POST /tokens/search': [
    '200',
    [...READ, 'malformed_json', 'payload_too_large', 'unsupported_media_type'],
  ],
  'PATCH /tokens/{id}': ['200', [...COMMAND, 'token_not_found', 'duplicate_booking']],
  'GET /tokens/{id}': ['200', [...READ, 'token_not_found']],
  'GET /tokens/{id}/history': ['200', [...READ, 'token_not_found']],
  'GET /schedule': ['200 304', [...READ, 'doctor_not_found']],
  'GET /queue': ['200 304', [...READ, 'doctor_not_found']],
  'GET /slots/{id}': ['200', [...READ, 'slot_not_found']],
  'GET /doctors': ['200', READ],
  'GET /doctors/{id}': ['200', [...READ, 'doctor_not_found']],
  'PUT /doctors/{id}': ['200 201', [...COMMAND, 'id_taken']],
  'POST /slots': ['201', [...POST, 'doctor_not_found', 'slot_ended', 'id_taken']],
  'PATCH /slots/{id}': ['200', [...COMMAND, ...SLOT, 'capacity_below_seated']],
  'POST /slots/{id}/close': ['200', [...POST, ...SLOT, 'intake_closed']],
  'POST /slots/{id}/reopen': ['200', [...POST, ...SLOT]],
  'DELETE /doctors/{id}': ['200', [...COMMAND, 'doctor_not_found', 'doctor_in_use']],
  'POST /doctors/{id}/leave': ['200', [...POST, ...SLOT, 'doctor_not_found', 'intake_closed']],
  'DELETE /doctors/{id}/leave/{leave_id}': [
    '200',
    [...COMMAND, 'doctor_not_found', 'leave_not_found'],
  ],
  'GET /holidays': ['200', READ],
  'PUT /holidays': ['200', COMMAND],
  'GET /announcement': ['200', READ],
  'PUT /announcement': ['200', COMMAND],
  'POST /doctors/{id}/delay': ['200', [...POST, 'doctor_not_found']],
  'POST /doctors/{id}/break': ['200', [...POST, 'doctor_not_found']],
  'GET /reports/day': ['200', [...READ, 'doctor_not_found']],
  'GET /reports/range': ['200', [...READ, 'doctor_not_found']],
  'GET /patient-types': ['200', ['invalid_request', ...ALWAYS]],
  'GET /audit': ['200', READ],
  'GET /events': ['200', [...READ, 'stopping']],
  'POST /events/ticket': ['200', COMMAND],
  'GET /changes': ['200', [...READ, 'unknown_cursor']],
  'GET /keys': ['200', [...READ, 'stopping']],
  'PUT /keys/{name}': ['200 201', COMMAND],
  'DELETE /keys/{name}': ['200', [...COMMAND, 'key_not_found']],
  'GET /webhooks': ['200', [...READ, 'stopping']],
  'GET /webhooks/{id}': ['200', [...READ, 'stopping', 'webhook_not_found']],
  'PUT /webhooks/{id}': ['200 201', COMMAND],
  'DELETE /webhooks/{id}': ['200', [...COMMAND, 'webhook_not_found']],
  'POST /webhooks/{id}/rotate': ['200', [...COMMAND, 'webhook_not_found']],
  'GET /webhooks/{id}/deliveries': ['200', [...READ, 'stopping', 'webhook_not_found']],
  'POST /webhooks/{id}/replay': ['200', [...COMMAND, 'webhook_not_found', 'event_not_found']],
  'POST /webhooks/{id}/test': ['200', [...COMMAND, 'webhook_not_found']],
  'GET /t/{ticket}/status': [
    '200 304',
    ['invalid_request', 'rate_limited', 'token_not_found', 'overloaded', 'not_durable', ...PUBLIC],
  ],
  'POST /t/{ticket}/cancel': [
    '200',
    [
      ...['malformed_json', 'invalid_request', 'payload_too_large', 'unsupported_media_type'],
      ...['rate_limited', 'overloaded', 'not_durable', 'stopping'],
      ...['token_not_found', 'token_already_cancelled', 'invalid_transition', ...PUBLIC],
    ],
  ],
  'GET /health': ['200', ['invalid_request', ...PUBLIC]],
  'GET /ready': ['200', ['invalid_request', 'not_durable', 'stopping', ...PUBLIC]],
};

/** What a route answers with besides JSON. */
const OTHER_TYPES: Readonly<Record<string, readonly string[]>> = {
  'GET /reports/day': ['text/csv'],
  'GET /reports/range': ['text/csv'],
};

/** A stream is not JSON. */
const STREAM = 'GET /events';

/** Queries without which a route answers nothing. */
const QUERIES: Readonly<Record<string, string>> = {
  '/schedule': '?doctor_id=doc1',
  '/reports/day': '?doctor_id=doc1&date=2026-11-23',
  '/reports/range': '?from=2026-11-23&to=2026-11-24',
  '/tokens': '?doctor_id=doc1',
};

let description: Description;
const operations = new Map<string, Operation>();

/** Reads the description once for all tests, because they only read it. An app belongs to a test, so this is no `beforeAll`. */
beforeEach(async () => {
  if (operations.size > 0) return;
  const opd = await openApp();
  const answer = await opd.get<Description>('/openapi.json');
  expect(answer).toMatchObject({ status: 200 });
  description = answer.body;
  const paths = withoutReferences(description.paths, description);
  for (const [path, methods] of Object.entries(paths))
    for (const [method, operation] of Object.entries(methods))
      operations.set(`${method.toUpperCase()} ${path}`, operation);
});

const codesOf = ({ responses }: Operation): string[] =>
  Object.entries(responses)
    .filter(([status]) => Number(status) >= 400)
    .flatMap(([, response]) =>
      Array.from(response.description.matchAll(/`(\w+)`/g), ([, code = '']) => code),
    );

/** Every object anywhere in the description. */
function* objectsIn(value: unknown): Generator<Json> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Json;
  for (const child of Object.values(value)) yield* objectsIn(child);
}

it('is OpenAPI 3.1 and describes the routes that there are, none besides', () => {
  expect(description.openapi).toMatch(/^3\.1\.\d+$/);
  expect(description.info).toMatchObject({ title: 'OPD token allocation', version: readVersion() });
  expect([...operations.keys()].sort()).toEqual(Object.keys(ROUTES).sort());
});

/** The requests of these routes have no body, although they are sent by POST. */
const TAKES_NOTHING = new Set([
  ...['POST /events/ticket', 'POST /webhooks/{id}/rotate', 'POST /webhooks/{id}/test'],
  'POST /t/{ticket}/cancel',
]);

describe.each(Object.entries(ROUTES))('%s', (route, [success, codes]) => {
  const operation = (): Operation => {
    const found = operations.get(route);
    if (found === undefined) throw new Error(`${route} is not described`);
    return found;
  };

  it('describes its answers: each code under its status', () => {
    const { responses } = operation();
    expect(codesOf(operation()).sort()).toEqual([...codes].sort());
    const statuses = new Set(codes.map((code) => String(PROBLEMS[code as ProblemCode].status)));
    expect(Object.keys(responses).sort()).toEqual([...success.split(' '), ...statuses].sort());
    for (const [status, { description: text, content }] of Object.entries(responses)) {
      // An answer without a body.
      if (status === '304') expect(content).toBeUndefined();
      if (content === undefined) continue;
      for (const [, code = ''] of text.matchAll(/`(\w+)`/g))
        expect(String(PROBLEMS[code as ProblemCode].status)).toBe(status);
      const success = route === STREAM ? 'text/event-stream' : 'application/json';
      const type = Number(status) < 400 ? success : 'application/problem+json';
      const others = Number(status) < 400 ? (OTHER_TYPES[route] ?? []) : [];
      expect(Object.keys(content)).toEqual([type, ...others]);
      expect(content[type]?.schema).toMatchObject({ type: 'object' });
    }
  });

  it('enumerates the codes of each error answer', () => {
    for (const [status, response] of Object.entries(operation().responses)) {
      const schema = response.content?.['application/problem+json']?.schema;
      const named = Array.from(response.description.matchAll(/`(\w+)`/g), ([, code]) => code);
      if (Number(status) >= 400)
        expect(schema).toMatchObject({ properties: { code: { type: 'string', enum: named } } });
    }
  });

  it('has a name, a summary and a description', () => {
    const { operationId, summary, description: text, tags } = operation();
    const isUnique = [...operations.values()].filter((each) => each.operationId === operationId);
    expect([isUnique.length, operationId]).toEqual([1, expect.stringMatching(/^[a-z][A-Za-z]+$/)]);
    expect(summary).toMatch(/^[A-Z][^.]+$/);
    expect(text).toMatch(/^[A-Z].*\.$/);
    expect(description.tags.map(({ name }) => name)).toContain(tags[0]);
  });

  it('declares what it takes', () => {
    const { parameters = [], requestBody, summary, tags } = operation();
    expect([summary, tags.length]).not.toContain('');
    const inPath = Array.from(route.matchAll(/\{(\w+)\}/g), ([, name]) => name);
    const declared = parameters.filter((parameter) => parameter.in === 'path');
    expect(declared.map(({ name, required }) => [name, required])).toEqual(
      inPath.map((name) => [name, true]),
    );
    const takesNothing = TAKES_NOTHING.has(route);
    expect(requestBody === undefined).toBe(takesNothing || /^(GET|DELETE) /.test(route));
    const object = { type: 'object', additionalProperties: false };
    const schema = route === 'PUT /holidays' ? { type: 'array', items: object } : object;
    if (requestBody !== undefined)
      expect(requestBody.content).toMatchObject({ 'application/json': { schema } });
    const keys = parameters.filter(({ name }) => name.toLowerCase() === 'idempotency-key');
    // A search is a read, although it is sent by POST.
    const takesKey =
      route.startsWith('POST') &&
      route !== 'POST /tokens/search' &&
      !route.startsWith('POST /webhooks/') &&
      !takesNothing;
    expect(keys).toHaveLength(takesKey ? 1 : 0);
  });
});

it('names every operation that is a command as the service names it', () => {
  const names = Array.from(operations.values(), ({ operationId }) => operationId);
  expect(names).toEqual(expect.arrayContaining(Object.keys(COMMANDS)));
});

it('names the resources, and repeats no schema that has a name', () => {
  const { schemas } = description.components;
  expect(Object.keys(schemas)).toEqual(
    expect.arrayContaining(['Token', 'Slot', 'Booking', 'Doctor', 'Schedule', 'Problem']),
  );
  const names = new Map(
    Object.entries(schemas).map(([name, schema]) => [
      JSON.stringify(withoutReferences(schema, description)),
      name,
    ]),
  );
  expect(names.size).toBe(Object.keys(schemas).length);
  const ownSchemas = new Set(Object.values(schemas));
  const repeated = [...objectsIn(description)]
    .filter((object) => !('$ref' in object) && !ownSchemas.has(object))
    .map((object) => names.get(JSON.stringify(withoutReferences(object, description))));
  expect(repeated.filter((name) => name !== undefined)).toEqual([]);
});

/** A refusal of each code that has facts. */
const REFUSALS = [
  { code: 'invalid_request', errors: [] },
  { code: 'not_all_bookable', refusals: [] },
  { code: 'duplicate_booking', tokenId: tokenId('t') },
  { code: 'consultation_in_progress', tokenId: tokenId('t') },
  { code: 'invalid_transition', from: 'WAITING', allowed: [] },
  { code: 'too_early', allowedFrom: epochMs(0) },
  { code: 'capacity_below_seated', count: 1 },
] as const satisfies readonly Refusal[];

it.each(PROBLEM_CODES)(
  'describes the members that %s has beside those of every problem',
  (code) => {
    const refusal = REFUSALS.find((each) => each.code === code) ?? ({ code } as Refusal);
    // The service does not know who may do what over HTTP.
    const facts = code === 'forbidden' ? ['roles'] : Object.keys(factsOf(refusal));
    const { properties, required } = problemOf(PROBLEMS[code].status, [code]) as {
      properties: Json;
      required: string[];
    };
    const members = ['retryAfter' in PROBLEMS[code] ? ['retry_after'] : [], facts].flat();
    expect(Object.keys(properties).toSorted()).toEqual(['status', 'code', ...members].toSorted());
    expect(required.toSorted()).toEqual(members.toSorted());
  },
);

it('describes every code of the catalogue but those of requests that reach no route', () => {
  const described = new Set([...operations.values()].flatMap(codesOf));
  const missing = Object.keys(PROBLEMS).filter((code) => !described.has(code));
  expect(missing).toEqual(['route_not_found', 'method_not_allowed']);
});

it('refers to nothing that is not there, and requires nothing that is not described', () => {
  for (const object of objectsIn(description)) {
    expect(object).not.toHaveProperty('nullable');
    if (typeof object['$ref'] === 'string')
      expect(description).toHaveProperty(object['$ref'].slice(2).split('/'));
    if (Array.isArray(object['required']) && object['type'] === 'object')
      expect(Object.keys(object['properties'] as Json)).toEqual(
        expect.arrayContaining(object['required']),
      );
    if (typeof object['pattern'] === 'string')
      expect(() => new RegExp(String(object['pattern']), 'u')).not.toThrow();
  }
});

it('answers every route as it is described', async () => {
  const opd = await openApp();
  const { id } = await opd.book('W1', { patient_id: 'p' });
  await opd.put('/webhooks/app', { url: 'https://app.example/opd' });
  const ticket = await opd.service.patientTickets.ticketOf(id);
  for (const [route, operation] of operations) {
    if (!route.startsWith('GET') || route === STREAM) continue;
    const ids: Json = { tokens: id, slots: 'doc1_slot1', doctors: 'doc1', webhooks: 'app' };
    const url = route
      .slice(4)
      .replace('{id}', String(ids[route.split('/')[1] ?? '']))
      .replace('{ticket}', String(ticket));
    const answer = await opd.get<Json>(url + (QUERIES[url] ?? ''));
    const schema = operation.responses['200']?.content?.['application/json']?.schema;
    const { required, properties } = schema as { required: string[]; properties: Json };
    expect([url, answer.status]).toEqual([url, 200]);
    expect(Object.keys(answer.body)).toEqual(expect.arrayContaining(required));
    expect(Object.keys(properties)).toEqual(expect.arrayContaining(Object.keys(answer.body)));
  }
});
