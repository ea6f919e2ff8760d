import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { EXAMPLE_TOKEN_ID } from '../../src/http/examples.ts';
import {
  describedRoutes,
  type DescribedRoute,
  type Schema,
} from '../support/app/described-routes.ts';
import { eventually } from '../support/eventually.ts';
import { fill } from '../support/process/full-disk.ts';
import { mountMemory, needsMount, noMount } from '../support/process/mount.ts';
import { startServer, type ServerProcess } from '../support/process/server-process.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { runTool } from '../support/process/tool.ts';
import { TraceReceiver } from '../support/trace-receiver.ts';

// Names, ids of patients, reasons and persons are in the database and in answers to those who may see them. They are
// nowhere else: every field of every route carries a marker, and every other byte that a process writes is searched.

/** What is personal has this marker, and every text of a query; every other text has `Zother`, such as a doctor's name. */
const PERSONAL = 'Zpersonal';
const PERSONAL_FIELDS = new Set(['patient_name', 'patient_id', 'reason', 'room']);
const ACTOR = { 'opd-actor': `${PERSONAL}actor` };

const markerOf = (field: string): string =>
  `${PERSONAL_FIELDS.has(field) ? PERSONAL : 'Zother'}${field.replaceAll(/\W/g, '')}`;

/** A value for a field: a marker where the schema takes a text. */
function valueOf(schema: Schema, field: string): unknown {
  const { type, enum: values, items, minimum = 1, properties } = schema;
  if (values !== undefined) return values[0];
  if (properties !== undefined)
    return Object.fromEntries(
      Object.entries(properties).map(([name, each]) => [name, valueOf(each, name)]),
    );
  if (items !== undefined) return [valueOf(items, field)];
  if (type === 'integer' || type === 'number') return minimum;
  if (type === 'boolean') return true;
  if (field === 'doctor_id') return 'doc1';
  if (field === 'slot_id' || field === 'move_to') return 'doc1_slot1';
  return markerOf(field);
}

/** A value of the wrong type for every field, and of the right name. */
const wrongOf = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(wrongOf)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value).map(([name, each]) => [
            name,
            typeof each === 'string' ? [each] : (wrongOf(each) ?? markerOf(name)),
          ]),
        )
      : `${PERSONAL}\u0000value`;

interface Sent {
  readonly path: string;
  readonly body?: string;
}

/** The requests of a route: valid if that is possible, with faults in every field, and with a body that is not JSON. */
function requestsOf(route: DescribedRoute, tokenId: string): Sent[] {
  const [, template = ''] = route.name.split(' ');
  const { bodySchema } = route;
  const paths = [tokenId, `${PERSONAL}id`].map((id) => template.replaceAll(/\{\w+\}/g, id));
  const query = route.fields.map(({ name }) => `${name}=${PERSONAL}`).join('&');
  if (bodySchema === undefined)
    return paths.flatMap((path) => [{ path }, { path: `${path}?${query}` }]);
  const value = valueOf(bodySchema, 'value');
  const valid = JSON.stringify({ ...(value as object), token_id: tokenId }).replace(
    'token_id',
    'token_id' in (value as object) ? 'token_id' : 'unknown',
  );
  const bodies = [
    ...[JSON.stringify(value), valid, JSON.stringify(wrongOf(value))],
    ...[
      `{"patient_name": ${PERSONAL}`,
      `{"patient_name":"${PERSONAL}","patient_name":"${PERSONAL}"`,
    ],
    `"${PERSONAL}"`,
  ];
  return paths.flatMap((path) => bodies.map((body) => ({ path, body })));
}

interface Example {
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly example?: string;
  }[];
  readonly requestBody?: { readonly content: { 'application/json': { readonly example: object } } };
}
type Examples = Readonly<Record<string, Readonly<Record<string, Example>>>>;

/** The request that the description gives as an example, with markers in the personal fields. */
function exampleOf(route: DescribedRoute, examples: Examples, tokenId: string): Sent {
  const [method = '', path = ''] = route.name.split(' ');
  const { parameters = [], requestBody } = examples[path]?.[method.toLowerCase()] ?? {};
  const given = parameters.filter(({ example }) => example !== undefined);
  const filled = given.reduce(
    (left, { name, example = '' }) => left.replace(`{${name}}`, example),
    path,
  );
  const query = given
    .filter((parameter) => parameter.in === 'query')
    .map(({ name, example = '' }) => `${name}=${encodeURIComponent(example)}`);
  const marked = JSON.stringify(
    requestBody?.content['application/json'].example,
    (name, value: unknown) =>
      typeof value === 'string' && PERSONAL_FIELDS.has(name) ? markerOf(name) : value,
  ) as string | undefined;
  const of = (text: string): string => text.replaceAll(EXAMPLE_TOKEN_ID, tokenId);
  return {
    path: of(query.length === 0 ? filled : `${filled}?${query.join('&')}`),
    ...(marked === undefined ? {} : { body: of(marked) }),
  };
}

/** Routes that show or take a patient, and must have answered with a success. */
const WITH_PATIENTS = [
  ...['POST /book', 'POST /bookings', 'POST /cancel', 'POST /move', 'POST /reclassify'],
  ...[
    'PATCH /tokens/{id}',
    'GET /tokens',
    'POST /tokens/search',
    'GET /tokens/{id}',
    'GET /schedule',
  ],
  ...[
    'GET /slots/{id}',
    'POST /slots/{id}/close',
    'POST /doctors/{id}/leave',
    'GET /queue',
    'GET /audit',
  ],
];

async function book(server: ServerProcess, patient: string): Promise<string> {
  const body = {
    ...{ doctor_id: 'doc1', slot_id: 'doc1_slot1', patient_type: 'WALK_IN' },
    ...{ patient_name: `${PERSONAL} ${patient}`, patient_id: `${PERSONAL}/${patient}` },
  };
  const answer = await server.post('/book', body, ACTOR);
  expect(answer.status).toBe(201);
  return ((await answer.json()) as { id: string }).id;
}

/** What of an answer may be logged by others: the header of a new resource, the instance and the texts of a problem. */
async function publicPartOf(answer: Response): Promise<string> {
  // A stream of events has no end. Its events go to the roles that may see them.
  if (answer.headers.get('content-type')?.startsWith('text/event-stream') === true) {
    await answer.body?.cancel();
    return '';
  }
  const text = await answer.text();
  return [answer.headers.get('location') ?? '', answer.status < 400 ? '' : text].join('\n');
}

it('no name, id, reason or person is in any byte that a process writes outside of its database', async () => {
  const receiver = await new TraceReceiver().listen();
  const folder = tempDir();
  const url = `sqlite:${join(folder, 'opd.db')}`;
  const settings = {
    ...{ DATABASE_URL: url, LOG_LEVEL: 'trace', RETENTION_DAYS: '30', TZ: 'UTC' },
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
  };
  const server = await startServer(settings);
  const routes = await describedRoutes();
  const description = await (await server.get('/openapi.json')).json();
  const examples = (description as { readonly paths: Examples }).paths;
  let keys = 0;
  const leaks: string[] = [];
  const successes = new Set<string>();
  const search = (where: string, text: string): void => {
    for (const found of text.matchAll(new RegExp(`.{0,60}${PERSONAL}.{0,60}`, 'gi')))
      leaks.push(`${where}: ${found[0]}`);
  };
  for (const route of routes) {
    const [method = ''] = route.name.split(' ');
    const tokenId = await book(server, `at ${routes.indexOf(route)}`);
    // The first key would close the service to this test, and a webhook would send requests to the internet.
    const example = /\/(keys|webhooks)\//.test(route.name)
      ? []
      : [exampleOf(route, examples, tokenId)];
    for (const { path, body } of [...example, ...requestsOf(route, tokenId)]) {
      const headers = {
        ...{ ...ACTOR, 'idempotency-key': `${PERSONAL}${(keys += 1)}` },
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      };
      const sent = { method, headers, ...(body === undefined ? {} : { body }) };
      const answer = await fetch(server.url + path, sent);
      expect([route.name, answer.status]).not.toEqual([route.name, 500]);
      if (answer.ok) successes.add(route.name);
      search(`answer ${answer.status} of ${route.name}`, await publicPartOf(answer));
    }
  }
  expect(WITH_PATIENTS.filter((name) => !successes.has(name))).toEqual([]);
  search('metrics', await (await server.get('/metrics')).text());
  await server.stop('SIGKILL');

  // A record that cannot be read is quoted by nobody.
  const again = await startServer(settings);
  const damaged = await book(again, 'damaged');
  await again.stop('SIGKILL');
  const database = new DatabaseSync(join(folder, 'opd.db'));
  const broken = `{"patientName": ${PERSONAL}`;
  database.prepare('UPDATE changes SET data = ? WHERE token_id = ?').run(broken, damaged);
  database.close();
  const third = await startServer(settings);
  search('history', await publicPartOf(await third.get(`/tokens/${damaged}/history`)));
  await third.stop();
  const programs = await Promise.all([
    runTool('src/cli/verify.ts', [], { DATABASE_URL: url }),
    runTool('src/cli/roster.ts', ['export', '-'], { DATABASE_URL: url }),
    runTool('src/cli/erase.ts', ['--patient', `${PERSONAL}/at 1`], { DATABASE_URL: url }),
    runTool('src/cli/backup.ts', [join(folder, 'backup.db')], { DATABASE_URL: url }),
  ]);
  for (const { output, errors } of programs) search('program', output + errors);
  expect(programs[0].errors).toContain('cannot be read');
  for (const process of [server, again, third]) search('log', process.log + process.errors);
  expect(server.log).toContain('"route":"/tokens/search"');
  search('traces', receiver.text);
  expect(receiver.spans.length).toBeGreaterThan(100);
  search('files', readdirSync(folder, { recursive: true }).join('\n'));
  expect([...new Set(leaks)]).toEqual([]);
});

it.skipIf(noMount !== null)(
  `no name, id or person is in what a process writes while the disk of its database is full${needsMount}`,
  async () => {
    const folder = mountMemory('size=16m');
    const url = `sqlite:${join(folder, 'opd.db')}`;
    const server = await startServer({ DATABASE_URL: url, LOG_LEVEL: 'trace', TZ: 'UTC' });
    const makeSpace = fill(folder);
    // The files of the database have some space left, and the first booking without space waits for it.
    const bookings: Promise<string>[] = [];
    await eventually(async () => {
      bookings.push(book(server, `stalled ${bookings.length}`).catch(() => ''));
      return (await server.get('/ready')).status === 503;
    });
    const refused = await server.post(
      '/book',
      {
        ...{ doctor_id: 'doc1', slot_id: 'doc1_slot1', patient_type: 'WALK_IN' },
        patient_name: `${PERSONAL} refused`,
      },
      ACTOR,
    );
    expect(refused.status).toBe(503);
    const answer = await publicPartOf(refused);
    makeSpace();
    expect((await Promise.all(bookings)).some((id) => id !== '')).toBe(true);
    await server.stop();
    expect(server.log).toContain('database or disk is full');
    expect(answer + server.log + server.errors).not.toMatch(new RegExp(PERSONAL, 'i'));
  },
);
