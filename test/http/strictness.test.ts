import { beforeEach, describe, expect, it } from 'vitest';
import { booking, openApp, type Answer, type TestApp } from '../support/app/app.ts';
import { doctorInput } from '../support/app/doctor-input.ts';

// The service never coerces a value and never drops a field. An invalid request is refused and changes nothing.

let opd: TestApp;
beforeEach(async () => {
  opd = await openApp();
});

const SLOT = {
  doctor_id: 'doc1',
  start_time: '2026-11-23T12:00:00Z',
  end_time: '2026-11-23T13:00:00Z',
  capacity: 1,
};

const expectFaultAt = ({ status, body }: Answer, pointer: string): void => {
  const { code, errors } = body as { code: string; errors: { pointer: string }[] };
  const pointers = new Set(errors.map((error) => error.pointer));
  expect([status, code, ...pointers]).toEqual([400, 'invalid_request', pointer]);
};

const expectUnchanged = async (): Promise<void> => {
  const unchanged = { seated: 0, waiting: 0, capacity: 3, delay_minutes: 0, status: 'OPEN' };
  expect(await opd.slot('2026-11-23')).toMatchObject(unchanged);
};

it.each<[field: string, value: unknown]>([
  ['doctor_id', 1],
  ['doctor_id', null],
  ['doctor_id', ['doc1']],
  ['doctor_id', {}],
  ['doctor_id', true],
  ['doctor_id', undefined],
  ['doctor_id', ''],
  ['doctor_id', 'a'.repeat(129)],
  ['doctor_id', 'doc 1'],
  ['doctor_id', ' doc1'],
  ['doctor_id', 'doc1\n'],
  ['doctor_id', 'döc1'],
  ['doctor_id', 'a/b'],
  ['doctor_id', '.'],
  ['doctor_id', '..'],
  ['doctor_id', '...'],
  ['slot_id', undefined],
  ['slot_id', null],
  ['slot_id', ''],
  ['slot_id', 'a'.repeat(129)],
  ['patient_name', undefined],
  ['patient_name', null],
  ['patient_name', 5],
  ['patient_name', ['Ann']],
  ['patient_name', ''],
  ['patient_name', '   '],
  ['patient_name', '\u00a0\u3000'],
  ['patient_name', 'a\u0000b'],
  ['patient_name', 'a\tb'],
  ['patient_name', '\nAnn'],
  ['patient_name', 'Ann\r'],
  ['patient_name', 'a\u007fb'],
  ['patient_name', 'a\u0085b'],
  ['patient_name', 'a\u2028b'],
  ['patient_name', '\u001b[2J'],
  ['patient_name', 'Ann \u202egnol'],
  ['patient_name', 'Ann\u2066'],
  ['patient_name', 'A\u200bnn'],
  ['patient_name', '\u200fAnn'],
  ['patient_name', 'An\u2060n'],
  ['patient_name', '\ufeffAnn'],
  ['patient_name', '\u200d'],
  ['patient_name', ' \u200c\u200d '],
  ['patient_name', 'x'.repeat(201)],
  ['patient_name', '😀'.repeat(201)],
  ['patient_name', `${' '.repeat(1000)}x`],
  ['patient_type', undefined],
  ['patient_type', 'EMERGANCY'],
  ['patient_type', 'emergency'],
  ['patient_type', 'EMERGENCY '],
  ['patient_type', 100],
  ['patient_type', null],
  ['patient_type', '__proto__'],
  ['patient_id', null],
  ['patient_id', 7],
  ['patient_id', ''],
  ['patient_id', 'a'.repeat(129)],
  ['priority', 1000],
  ['Patient_Name', 'Ann'],
  ['constructor', 'x'],
  ['', 'x'],
])('a booking whose %s is %j is refused', async (field, value) => {
  const answer = await opd.post('/book', booking('W1', { [field]: value }));
  expectFaultAt(answer, `/${field}`);
  await expectUnchanged();
});

/** Texts without one visible character: fillers, blanks, joiners, variation selectors, tags. */
const INVISIBLE = [
  ...['\u3164', '\u2800', '\u115f', '\u1160', '\uffa0', '\u034f', '\u00ad', '\u180e', '\u17b4'],
  ...['\ufe0f', '\u{e0100}', '\u{e0041}\u{e007f}', '\u{1d159}', '\u{13441}', '\u{1d173}'],
  ...['\u3164 \u3164', '\u2800\u2800', ' \u034f\ufe0f ', '\u3164\u200d', '\ufffe'],
];

it('a text without a visible character is refused wherever a person types one', async () => {
  const { id } = await opd.book('W1');
  const slot = '/slots/doc1_slot2@2026-11-23/close';
  for (const text of INVISIBLE) {
    const named = await opd.post('/book', booking('W2', { patient_name: text }));
    expectFaultAt(named, '/patient_name');
    expectFaultAt(await opd.post('/cancel', { token_id: id, reason: text }), '/reason');
    const triaged = { token_id: id, patient_type: 'EMERGENCY', reason: text };
    expectFaultAt(await opd.post('/reclassify', triaged), '/reason');
    expectFaultAt(await opd.post(slot, { reason: text }), '/reason');
    expectFaultAt(await opd.put('/doctors/new', doctorInput({ name: text })), '/name');
    const placed = doctorInput({ department: text });
    expectFaultAt(await opd.put('/doctors/new', placed), '/department');
  }
});

it.each(['null', '[]', '"text"', '5', 'true', '[{}]'])(
  'the body %s is refused',
  async (payload) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await opd.send({ method: 'POST', url: '/book', payload, headers });
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', errors: [{ pointer: '', detail: 'must be a JSON object' }] },
    });
  },
);

const BODY = JSON.stringify(booking('W1'));
const bodyWithName = (name: string): string => BODY.replace('"W1"', `"${name}"`);

it.each<[what: string, payload: string | Buffer]>([
  ['an empty body', ''],
  ['white space', ' \n'],
  ['half a body', BODY.slice(0, -1)],
  ['two bodies', BODY + BODY],
  ['a comment', `${BODY} // booked`],
  ['single quotes', "{'a': 1}"],
  ['NaN', '{"a": NaN}'],
  ['a prototype', BODY.replace('{', '{"__proto__": {"priority": 1000}, ')],
  ['a prototype further down', BODY.replace('{', '{"a": {"__proto__": null}, ')],
  ['a prototype by constructor', BODY.replace('{', '{"constructor": {"prototype": {}}, ')],
  ['Latin-1', Buffer.from(bodyWithName('Jos\u00e9'), 'latin1')],
  ['an incomplete character', Buffer.from(bodyWithName('😀'), 'utf8').subarray(0, -20)],
  ['a surrogate in UTF-8', Buffer.from(BODY.replace('W1', '\ued00'), 'latin1')],
  ['an overlong slash', Buffer.from(BODY.replace('W1', '\u00c0\u00af'), 'latin1')],
  ['UTF-16', Buffer.from(BODY, 'utf16le')],
  ['half a surrogate pair', bodyWithName('a\\ud83d')],
  ['the other half', bodyWithName('\\ude00b')],
  ['both halves in the wrong order', bodyWithName('\\ude00\\ud83d')],
  ['half a pair behind a backslash', bodyWithName('\\\\\\uDBFF')],
  ['half a pair in a key', BODY.replace('{', '{"\\ud800": 1, ')],
])('%s counts as malformed JSON', async (_what, payload) => {
  const headers = { 'content-type': 'application/json' };
  const answer = await opd.send({ method: 'POST', url: '/book', payload, headers });
  expect(answer).toMatchObject({ status: 400, body: { code: 'malformed_json' } });
  await expectUnchanged();
});

it.each<[what: string, payload: string, pointers: string[]]>([
  ['the name twice', BODY.replace('{', '{"patient_name": "E1", '), ['/patient_name']],
  ['equal values', BODY.replace('{', '{"patient_name": "W1", '), ['/patient_name']],
  ['an escape in one name', BODY.replace('{', '{"patient\\u005fname": "E1", '), ['/patient_name']],
  [
    'two fields twice',
    `${BODY.slice(0, -1)}, ${BODY.slice(1)}`,
    Object.keys(booking('')).map((key) => `/${key}`),
  ],
  ['an unknown field twice', BODY.replace('{', '{"a/b~": 1, "a/b~": 2, '), ['/a~1b~0']],
  ['no name twice', BODY.replace('{', '{"": 1, "": 2, '), ['/']],
  ['a field of an object twice', BODY.replace('{', '{"a": {"b": 1, "b": 1}, '), ['/a/b']],
  ['a field in a list twice', BODY.replace('{', '{"a": [[], {}, {"b": {}, "b": 1}], '), ['/a/2/b']],
])('a body with %s is refused', async (_what, payload, pointers) => {
  const headers = { 'content-type': 'application/json' };
  const answer = await opd.send({ method: 'POST', url: '/book', payload, headers });
  const errors = pointers.map((pointer) => ({ pointer, detail: 'must be given once' }));
  expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request', errors } });
  await expectUnchanged();
});

it('a name may contain what looks like a field that is given twice', async () => {
  const { patient_name } = await opd.book('W1', { patient_name: '"a":1,"a":2,\\":{' });
  expect(patient_name).toBe('"a":1,"a":2,\\":{');
});

it('a hundred fields that are given twice are named at most, and a deep body is read', async () => {
  const fields = Array.from({ length: 300 }, (_, index) => `"f${index}":1`).join(',');
  const twice = await sendDoctor(`{${fields},${fields}}`);
  expect(twice).toMatchObject({ status: 400 });
  expect((twice.body as { errors: object[] }).errors).toHaveLength(100);
  const deep = `${'['.repeat(100_000)}{"a":1,"a":2}${']'.repeat(100_000)}`;
  expect(await sendDoctor(`{"name":${deep}}`)).toMatchObject({
    status: 400,
    body: { errors: [{ detail: 'must be given once' }] },
  });
});

const sendDoctor = (payload: string): Promise<Answer> =>
  opd.send({
    method: 'PUT',
    url: '/doctors/new',
    payload,
    headers: { 'content-type': 'application/json' },
  });

describe('ids in the path', () => {
  it.each([
    ['/tokens/', 400, 'invalid_request'],
    [`/tokens/${'a'.repeat(129)}`, 400, 'invalid_request'],
    [`/tokens/${'a'.repeat(1_024)}`, 400, 'invalid_request'],
    [`/tokens/${'a'.repeat(1_025)}`, 404, 'route_not_found'],
    ['/tokens/a%2Fb', 400, 'invalid_request'],
    ['/tokens/a%00b/history', 400, 'invalid_request'],
    ['/doctors/%F0%9F%98%80', 400, 'invalid_request'],
    ['/doctors/%ff', 404, 'route_not_found'],
    ['/tokens/%zz', 404, 'route_not_found'],
  ])('%.40s answers %i %s', async (url, status, code) => {
    const answer = await opd.get(url);
    expect(answer).toMatchObject({ status, body: { code, status } });
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  });
});

/** A valid body for each route. */
const VALID: Readonly<Record<string, object>> = {
  '/cancel': { token_id: 'x' },
  '/no-show': { token_id: 'x' },
  '/check-in': { token_id: 'x' },
  '/start': { token_id: 'x' },
  '/complete': { token_id: 'x' },
  '/call-next': { doctor_id: 'doc1' },
  '/move': { token_id: 'x', slot_id: 'doc1_slot1' },
  '/reclassify': { token_id: 'x', patient_type: 'EMERGENCY', reason: 'chest pain' },
  '/slots': SLOT,
  '/slots/doc1_slot1/close': { reason: 'ill' },
  '/doctors/doc1/delay': { date: '2026-11-23', minutes: 20 },
};

it.each(Object.entries(VALID))('%s accepts the body %j', async (url, body) => {
  expect((await opd.post(url, body)).status).not.toBe(400);
});

it.each(Object.entries(VALID))('%s refuses a query parameter', async (url, body) => {
  expectFaultAt(await opd.post(`${url}?nonsense=1`, body), '/nonsense');
  await expectUnchanged();
});

it.each([
  ['/cancel', 'token_id', undefined],
  ['/cancel', 'token_id', 5],
  ['/cancel', 'token_id', ''],
  ['/cancel', 'reason', ''],
  ['/cancel', 'reason', null],
  ['/cancel', 'reason', '  '],
  ['/cancel', 'reason', 'x'.repeat(201)],
  ['/cancel', 'reason', 'line\nbreak'],
  ['/cancel', 'reason', 'Ann \u202egnol'],
  ['/cancel', 'force', true],
  ['/no-show', 'token_id', null],
  ['/no-show', 'force', 'true'],
  ['/no-show', 'force', 1],
  ['/no-show', 'force', null],
  ['/check-in', 'token_id', undefined],
  ['/check-in', 'token_id', 'a b'],
  ['/check-in', 'force', true],
  ['/start', 'token_id', 7],
  ['/start', 'complete_current', true],
  ['/complete', 'token_id', ''],
  ['/complete', 'reason', 'done'],
  ['/call-next', 'doctor_id', undefined],
  ['/call-next', 'slot_id', null],
  ['/call-next', 'slot_id', ''],
  ['/call-next', 'complete_current', 'yes'],
  ['/call-next', 'complete_current', 0],
  ['/call-next', 'token_id', 'x'],
  ['/move', 'token_id', undefined],
  ['/move', 'slot_id', undefined],
  ['/move', 'slot_id', 'a/b'],
  ['/move', 'doctor_id', 'doc2'],
  ['/move', 'patient_type', 'EMERGENCY'],
  ['/reclassify', 'patient_type', undefined],
  ['/reclassify', 'patient_type', 'EMERGANCY'],
  ['/reclassify', 'patient_type', 100],
  ['/reclassify', 'reason', undefined],
  ['/reclassify', 'reason', ''],
  ['/reclassify', 'reason', 'a\nb'],
  ['/reclassify', 'priority', 1000],
  ['/slots/doc1_slot1/close', 'reason', undefined],
  ['/slots/doc1_slot1/close', 'reason', ''],
  ['/slots/doc1_slot1/close', 'reason', 'x'.repeat(201)],
  ['/slots/doc1_slot1/close', 'reason', 'session_ended'],
  ['/slots/doc1_slot1/close', 'move_to', null],
  ['/slots/doc1_slot1/close', 'move_to', ''],
  ['/slots/doc1_slot1/close', 'dry_run', true],
  ['/doctors/doc1/delay', 'date', undefined],
  ['/doctors/doc1/delay', 'date', '2026-11-31'],
  ['/doctors/doc1/delay', 'date', 'today'],
  ['/doctors/doc1/delay', 'minutes', undefined],
  ['/doctors/doc1/delay', 'minutes', -1],
  ['/doctors/doc1/delay', 'minutes', 1_441],
  ['/doctors/doc1/delay', 'minutes', 2.5],
  ['/doctors/doc1/delay', 'minutes', '20'],
  ['/doctors/doc1/delay', 'delay_minutes', 20],
  ['/no-show', 'reason', 'late'],
  ['/slots', 'capacity', '3'],
  ['/slots', 'capacity', 0],
  ['/slots', 'capacity', -1],
  ['/slots', 'capacity', 1.5],
  ['/slots', 'capacity', 10_001],
  ['/slots', 'capacity', null],
  ['/slots', 'capacity', 1e400],
  ['/slots', 'start_time', 'tomorrow'],
  ['/slots', 'start_time', '9999-12-31T23:00:00-23:59'],
  ['/slots', 'start_time', 1_795_000_000_000],
  ['/slots', 'start_time', '2026-02-30T12:00:00Z'],
  ['/slots', 'start_time', '2026-11-23T12:00:00'],
  ['/slots', 'start_time', '2026-11-23T12:00:00+05'],
  ['/slots', 'start_time', '2026-12-31T23:59:60Z'],
  ['/slots', 'end_time', '2026-11-23T12:00:00Z'],
  ['/slots', 'end_time', '2026-11-24T12:00:00.001Z'],
  ['/slots', 'id', 'a b'],
  ['/slots', 'delay_minutes', 5],
])('%s refuses a body whose %s is %j', async (url, field, value) => {
  expectFaultAt(await opd.post(url, { ...VALID[url], [field]: value }), `/${field}`);
  await expectUnchanged();
});

it.each<[field: string, value: unknown]>([
  ['capacity', 0],
  ['capacity', -1],
  ['capacity', 1.5],
  ['capacity', '3'],
  ['capacity', 10_001],
  ['capacity', null],
  ['delay_minutes', -5],
  ['delay_minutes', 1_441],
  ['delay_minutes', '5'],
  ['delay_minutes', null],
  ['status', 'CLOSED'],
])('PATCH of a slot refuses a body whose %s is %j', async (field, value) => {
  expectFaultAt(await opd.patch('/slots/doc1_slot1', { [field]: value }), `/${field}`);
  await expectUnchanged();
});

it('PATCH of a slot refuses an empty object', async () => {
  expectFaultAt(await opd.patch('/slots/doc1_slot1', {}), '');
});

it.each<['GET' | 'POST' | 'PATCH', string, object?]>([
  ['GET', '/schedule?doctor_id=doc1&doctor_id=doc2'],
  ['GET', '/schedule?doctor_id=doc1&day=2026-11-23'],
  ['GET', '/schedule?doctor_id='],
  ['GET', '/schedule'],
  ['GET', '/doctors?page=2'],
  ['GET', '/doctors/doc1?x'],
  ['GET', '/tokens/x?y=1'],
  ['GET', '/tokens/x/history?limit=1'],
  ['GET', '/patient-types?x=1'],
  ['GET', '/health?x=1'],
  ['GET', '/ready?x=1'],
  ['POST', '/book?dry_run=true', booking('W1')],
  ['POST', '/cancel?dry_run=true', { token_id: 'x' }],
  ['POST', '/move?dry_run=true', { token_id: 'x', slot_id: 'doc1_slot1' }],
  ['POST', '/call-next?dry_run=true', { doctor_id: 'doc1' }],
  ['POST', '/slots?dry_run=true', SLOT],
  ['PATCH', '/slots/doc1_slot1?dry_run', { capacity: 5 }],
  ['PATCH', '/slots/doc1_slot1?dry_run=1', { capacity: 5 }],
  ['PATCH', '/slots/doc1_slot1?dry_run=TRUE', { capacity: 5 }],
  ['PATCH', '/slots/doc1_slot1?dryrun=true', { capacity: 5 }],
  ['PATCH', '/slots/doc1_slot1?dry_run=true&dry_run=false', { capacity: 5 }],
  ['POST', '/slots/doc1_slot1/close?dry_run=yes', { reason: 'ill' }],
  ['POST', '/slots/doc1_slot1/close?move_to=doc1_slot2', { reason: 'ill' }],
  ['POST', '/doctors/doc1/delay?dry_run=', { date: '2026-11-23', minutes: 20 }],
])('%s %s is refused because of its query', async (method, url, payload) => {
  const answer = await opd.send({ method, url, ...(payload && { payload }) });
  expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  await expectUnchanged();
});
