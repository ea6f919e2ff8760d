import type { InjectOptions } from 'fastify';
import { convertV2 } from 'openapi-to-postmanv2';
import { beforeEach, describe, expect, it } from 'vitest';
import { EXAMPLE_LEAVE_ID, EXAMPLE_TICKET, EXAMPLE_TOKEN_ID } from '../../src/http/examples.ts';
import type { BookingView } from '../../src/http/resources/index.ts';
import { openApp, type TestApp } from '../support/app/app.ts';

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly example?: string;
}
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: { 'application/json': { example: object } } };
  readonly responses: object;
}
interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

let opd: TestApp;
let text: string;
const operations = new Map<string, Operation>();
const requests = new Map<string, InjectOptions>();

beforeEach(async () => {
  const app = await openApp();
  opd = app.as(await app.key({ role: 'admin' }));
  const answer = await opd.get<Description>('/openapi.json');
  text = answer.text;
  for (const [path, methods] of Object.entries(answer.body.paths))
    for (const [method, operation] of Object.entries(methods)) {
      operations.set(operation.operationId, operation);
      requests.set(operation.operationId, triedOut(path, method, operation));
    }
});

/** The request that a page sends when every field of it has the example, and a field without one is empty. */
function triedOut(path: string, method: string, operation: Operation): InjectOptions {
  const { parameters = [], requestBody } = operation;
  const filled = parameters.filter(({ example }) => example !== undefined);
  const url = filled
    .filter((parameter) => parameter.in === 'path')
    .reduce((left, { name, example = '' }) => left.replace(`{${name}}`, example), path);
  const query = filled
    .filter((parameter) => parameter.in === 'query')
    .map(({ name, example = '' }): [string, string] => [name, example]);
  const body = requestBody?.content['application/json'].example;
  return {
    method: method.toUpperCase(),
    url,
    query: Object.fromEntries(query),
    ...(body === undefined ? {} : { payload: body }),
  };
}

/** The same request for a token that exists. */
const about = async (id: string, request: InjectOptions): Promise<InjectOptions> =>
  JSON.parse(
    JSON.stringify(request)
      .replaceAll(EXAMPLE_TICKET, String(await opd.service.patientTickets.ticketOf(id)))
      .replaceAll(EXAMPLE_TOKEN_ID, id)
      .replaceAll(EXAMPLE_LEAVE_ID, id),
  ) as InjectOptions;

const needsToken = (request: InjectOptions): boolean =>
  JSON.stringify(request).includes(EXAMPLE_TOKEN_ID);
const needsLeave = (request: InjectOptions): boolean =>
  JSON.stringify(request).includes(EXAMPLE_LEAVE_ID);

const requestOf = (name: string): InjectOptions => {
  const request = requests.get(name);
  if (request === undefined) throw new Error(`${name} is not described`);
  return request;
};

/** Every operation, in an order in which a clinic could send them: a booking makes the token of those after it. */
const SESSION = [
  ...['readHealth', 'readReadiness', 'listPatientTypes', 'listDoctors', 'readDoctor'],
  ...['putDoctor', 'addSlot', 'readSchedule', 'readDayReport', 'readRangeReport'],
  ...['book', 'readToken', 'readTokenHistory', 'move', 'reclassify'],
  ...['checkIn', 'callNext', 'complete'],
  ...['book', 'start', 'skip', 'undo', 'complete'],
  ...['book', 'noShow'],
  ...['bookAll', 'book', 'cancel'],
  ...['reviseSlot', 'delayDay', 'setBreak', 'closeSlot', 'reopenSlot', 'readSlot', 'findTokens'],
  ...['searchTokens', 'correct', 'readQueue', 'announce', 'readAnnouncement'],
  ...['takeLeave', 'endLeave', 'putHolidays', 'listHolidays', 'retireDoctor'],
  ...['putKey', 'listKeys', 'revokeKey', 'readAudit'],
  ...['book', 'readPatientStatus', 'cancelAsPatient'],
  ...['createEventTicket', 'readEvents', 'readChanges'],
  ...['putWebhook', 'listWebhooks', 'readWebhook', 'rotateWebhook', 'testWebhook'],
  ...['listDeliveries', 'replayWebhook', 'deleteWebhook'],
];

/** A parameter that is not required alone, of an operation that requires one of several. */
const ONE_OF = new Set(['findTokens doctor_id']);

describe('the examples', () => {
  it('all work on the demo roster, once the id of a booking is in them', async () => {
    expect(new Set(SESSION)).toEqual(new Set(operations.keys()));
    let id = '';
    for (const name of SESSION) {
      const answer = await opd.send<BookingView>(await about(id, requestOf(name)));
      expect([name, answer.status, answer.text]).toEqual([
        name,
        expect.toBeOneOf([200, 201]),
        answer.text,
      ]);
      if (name === 'book' || name === 'takeLeave') id = answer.body.id;
    }
  });

  it('still work days later', async () => {
    opd.now = '2027-03-01T23:30:00.000Z';
    await opd.service.tick();
    const { body } = await opd.get<Description>('/openapi.json');
    const revise = body.paths['/slots/{id}']?.['patch'];
    if (revise === undefined) throw new Error('PATCH /slots/{id} is not described');
    const answer = await opd.send(triedOut('/slots/{id}', 'patch', revise));
    expect(answer).toMatchObject({ status: 200, body: { id: 'doc1_slot1@2027-03-03' } });
  });

  it('say where a token is needed, and change nothing as they are', async () => {
    const names = [...requests].filter(([, request]) => needsToken(request));
    expect(names.map(([name]) => name).toSorted()).toEqual(
      [
        ...['cancel', 'checkIn', 'complete', 'correct', 'move', 'noShow', 'readToken'],
        ...['readTokenHistory', 'readPatientStatus', 'cancelAsPatient'],
        ...['reclassify', 'skip', 'start', 'undo'],
      ].toSorted(),
    );
    for (const [name, request] of names)
      expect([name, await opd.send(request)]).toMatchObject([
        name,
        { status: 404, body: { code: 'token_not_found' } },
      ]);
  });

  it('fill every field that is required, and no Idempotency-Key', () => {
    for (const [name, { parameters = [] }] of operations)
      for (const parameter of parameters)
        expect([name, parameter.name, parameter.example !== undefined]).toEqual([
          name,
          parameter.name,
          parameter.required || ONE_OF.has(`${name} ${parameter.name}`),
        ]);
    expect(text.match(/"name":"idempotency-key"/g)).toHaveLength(18);
    expect(JSON.stringify([...requests.values()])).not.toContain('idempotency');
  });
});

interface Field {
  readonly key: string;
  readonly value: string;
  readonly disabled?: boolean;
}
interface PostmanRequest {
  readonly method: 'GET';
  readonly url: {
    readonly path: readonly string[];
    readonly variable: readonly Field[];
    readonly query: readonly Field[];
  };
  readonly header: readonly Field[];
  readonly body?: { readonly raw: string };
}
interface PostmanItem {
  readonly item?: readonly PostmanItem[];
  readonly request?: PostmanRequest;
}

/** The requests of the collection that Postman makes of the description, as it imports an API with examples. */
const imported = (): Promise<PostmanRequest[]> =>
  new Promise((resolve, reject) => {
    const options = { parametersResolution: 'Example', enableOptionalParameters: false } as const;
    convertV2({ type: 'string', data: text }, options, (error, result) => {
      const collection = result?.output?.[0]?.data as PostmanItem | undefined;
      if (collection === undefined) reject(new Error(error?.message ?? result?.reason));
      else resolve(requestsIn(collection));
    });
  });

const requestsIn = ({ item = [], request }: PostmanItem): PostmanRequest[] => [
  ...(request === undefined ? [] : [request]),
  ...item.flatMap(requestsIn),
];

const enabled = (fields: readonly Field[]): Record<string, string> =>
  Object.fromEntries(
    fields.filter(({ disabled }) => disabled !== true).map(({ key, value }) => [key, value]),
  );

/** A request of a collection, as Postman sends it. */
function sent({ method, url, header, body }: PostmanRequest): InjectOptions {
  const variables = enabled(url.variable);
  const path = url.path.map((part) => variables[part.replace(/^:/, '')] ?? part);
  return {
    method,
    url: `/${path.join('/')}`,
    query: enabled(url.query),
    headers: enabled(header),
    ...(body === undefined ? {} : { payload: body.raw }),
  };
}

describe('a Postman collection that is imported from the description', () => {
  it('books twice in a row', async () => {
    const booking = (await imported()).map(sent).find(({ url }) => url === '/book');
    if (booking === undefined) throw new Error('the collection has no booking');
    const first = await opd.send<BookingView>(booking);
    const second = await opd.send<BookingView>(booking);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body.id).not.toBe(first.body.id);
  });

  it('has a request for every operation that is accepted, or says which patient it needs', async () => {
    const collection = (await imported()).map(sent);
    expect(collection).toHaveLength(operations.size);
    for (const request of collection) {
      const { status, body } = await opd.send<{ code?: string } | null>(request);
      const { url } = request;
      if (needsToken(request))
        expect([url, body]).toMatchObject([url, { code: 'token_not_found' }]);
      else if (needsLeave(request)) expect(body).toMatchObject({ code: 'leave_not_found' });
      else if (url === '/call-next') expect(body).toMatchObject({ code: 'nobody_waiting' });
      // Postman turns parameters off that are not required, and a search needs one of them.
      else if (url === '/tokens') expect(body).toMatchObject({ code: 'invalid_request' });
      // The collection deletes the webhook before it sends the rest of what needs it.
      else if (typeof url !== 'string' || !url.startsWith('/webhooks/') || status !== 404)
        expect([url, status]).toEqual([url, expect.toBeOneOf([200, 201])]);
      else expect(body).toMatchObject({ code: 'webhook_not_found' });
    }
  });
});
