import { expect, it } from 'vitest';
import type { DoctorView, ScheduleView } from '../../src/http/resources/index.ts';
import { durableDatabase } from '../support/app/app-database.ts';
import { booking, openApp, type Answer, type TestApp } from '../support/app/app.ts';
import { doctorInput, session } from '../support/app/doctor-input.ts';
import { historyOf } from '../support/app/front-desk.ts';

// A store returns each text exactly as it was stored. A text that some store cannot hold is refused.

it.each<[what: string, sent: string, stored: string]>([
  ['one character', 'x', 'x'],
  ['exactly 200 characters', 'x'.repeat(200), 'x'.repeat(200)],
  ['200 characters between spaces', `   ${'x'.repeat(200)} \u00a0`, 'x'.repeat(200)],
  ['200 emoji', '😀'.repeat(200), '😀'.repeat(200)],
  ['emoji of several parts', '👩‍⚕️ Ann', '👩‍⚕️ Ann'],
  ['right to left', 'محمد بن سلمان', 'محمد بن سلمان'],
  ['combining marks, unchanged', 'e\u0301', 'e\u0301'],
  [
    'quotes, markup and SQL',
    `O'Brien <b>"&\\; DROP TABLE tokens`,
    `O'Brien <b>"&\\; DROP TABLE tokens`,
  ],
  ['a backslash before ud800', 'a\\ud800', 'a\\ud800'],
  ['a backslash before u0000', 'a\\u0000', 'a\\u0000'],
  ['inner spaces', ' a  b ', 'a  b'],
  ['a heart with its variation selector', '❤\ufe0f', '❤\ufe0f'],
  ['a flag of tags', '🏴\u{e0067}\u{e0062}\u{e007f}', '🏴\u{e0067}\u{e0062}\u{e007f}'],
  ['Hangul with a filler', '\u115f\u1161김', '\u115f\u1161김'],
  ['one combining mark', '\u0301', '\u0301'],
  ['a character for private use', '\ue000', '\ue000'],
  ['Malayalam with joiners', 'രാജന്\u200d', 'രാജന്\u200d'],
  ['Persian with non-joiners', 'علی\u200cرضا', 'علی\u200cرضا'],
])('a name of %s is accepted', async (_what, sent, stored) => {
  const opd = await openApp();
  const { id } = await opd.book('W1', { patient_name: sent });
  expect(await opd.get(`/tokens/${id}`)).toMatchObject({ body: { patient_name: stored } });
});

it('an escaped name is the same name', async () => {
  const opd = await openApp();
  const payload = JSON.stringify(booking('W1')).replace('"W1"', '"Jos\\u00e9 \\ud83d\\ude00"');
  const headers = { 'content-type': 'application/json; charset=utf-8' };
  const answer = await opd.send({ method: 'POST', url: '/book', payload, headers });
  expect(answer).toMatchObject({ status: 201, body: { patient_name: 'José 😀' } });
});

it('an id may have 128 of the allowed characters', async () => {
  const opd = await openApp();
  const id = 'aZ09_-.:@'.padEnd(128, 'x');
  await opd.book('W1', { patient_id: id });
  expect(await opd.get(`/tokens/${id}`)).toMatchObject({ body: { code: 'token_not_found' } });
  const unknown = await opd.post('/book', booking('W1', { doctor_id: id }));
  expect(unknown).toMatchObject({ body: { code: 'doctor_not_found' } });
});

it('a slot that no browser could address is refused, because browsers take the steps . and .. out of a path', async () => {
  const opd = await openApp();
  const times = { start_time: '2026-11-23T12:00:00Z', end_time: '2026-11-23T13:00:00Z' };
  const slot = { doctor_id: 'doc1', capacity: 1, ...times };
  for (const id of ['.', '..'])
    expect(await opd.post('/slots', { ...slot, id })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/id' }] },
    });
  const id = '..a.';
  expect(await opd.post('/slots', { ...slot, id })).toMatchObject({ status: 201 });
  expect(await opd.get(`/slots/${id}`)).toMatchObject({ status: 200, body: { id } });
});

/** Characters with a meaning in JSON, in SQL or in their arrays, and the last characters of Unicode's ranges. */
const SPECIAL = `{"a",'b',NULL} $1 \\N \\\\ \\" %_ ?:x -- /* */; E'\\x' 😀\ufffd\uffff\ufdd0\u{10ffff}\u{f0000}`;

it('every text is stored unchanged in every field, also over a restart', async () => {
  const store = await durableDatabase();
  const before = await openApp({ store });
  const ids = ['NULL', 'null', '@', '-1', 'a.b:c@d_e-f'];
  for (const id of ids) {
    const sessions = [session(`s-${id}`)];
    const input = doctorInput({ name: `${id} ${SPECIAL}`, department: SPECIAL, sessions });
    expect(await before.put(`/doctors/${id}`, input)).toMatchObject({ status: 201 });
  }
  const key = { 'idempotency-key': `!#$%&'()*+,-./:;<=>?@[\\]^_\`{|}~` };
  const body = booking('W1', {
    ...{ patient_name: SPECIAL, patient_id: 'NULL' },
    ...slotOf('NULL'),
  });
  const booked = await before.post<{ id: string; slot_id: string }>('/book', body, key);
  expect(booked).toMatchObject({
    status: 201,
    body: { patient_name: SPECIAL, patient_id: 'NULL' },
  });
  const { id: token_id, slot_id } = booked.body;
  await before.post('/reclassify', { token_id, patient_type: 'EMERGENCY', reason: SPECIAL });
  const close = `/slots/${slot_id}/close`;
  expect(await before.post(close, { reason: SPECIAL })).toMatchObject({ status: 200 });
  await before.post('/book', body);
  const seen = await answersAbout(before, 'NULL', token_id);
  expect(seen.doctors.map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
  for (const { id, name, department } of seen.doctors.filter(({ id }) => ids.includes(id)))
    expect([name, department]).toEqual([`${id} ${SPECIAL}`, SPECIAL]);
  expect(seen.history.map(({ reason }) => reason)).toEqual([null, SPECIAL, SPECIAL]);
  const live = seen.schedule.slots.flatMap(({ tokens }) => tokens);
  expect(live).toMatchObject([{ patient_name: SPECIAL, patient_id: 'NULL', doctor_id: 'NULL' }]);
  await before.store.close();

  const after = await openApp({ store });
  expect(await answersAbout(after, 'NULL', token_id)).toEqual(seen);
  const again = await after.post('/book', body, key);
  expect(again).toMatchObject({ status: 201, body: booked.body });
  expect(again.headers['idempotency-replayed']).toBe('true');
  await after.store.close();
});

const slotOf = (doctor: string) => ({ doctor_id: doctor, slot_id: `s-${doctor}` });

const doctorsOf = async (opd: TestApp): Promise<DoctorView[]> => {
  const { body } = await opd.get<{ doctors: DoctorView[] }>('/doctors');
  return body.doctors.toSorted((a, b) => (a.id < b.id ? -1 : 1));
};

/** The answers about a doctor and a token, with all their texts. */
const answersAbout = async (opd: TestApp, doctor: string, token: string) => ({
  doctors: await doctorsOf(opd),
  schedule: (await opd.get<ScheduleView>(`/schedule?doctor_id=${doctor}`)).body,
  history: await historyOf(opd, token),
});

/** Texts that at least one store cannot hold. */
const UNSTORABLE = ['\0', 'a\0b', '\ud800', 'a\udc00', '\ude00\ud83d'];

const BODIES: readonly [method: 'POST' | 'PUT' | 'PATCH', url: string, body: object][] = [
  ['POST', '/book', booking('W1', { patient_id: 'p1' })],
  ['POST', '/cancel', { token_id: 'x', reason: 'ill' }],
  ['POST', '/no-show', { token_id: 'x' }],
  ['POST', '/check-in', { token_id: 'x' }],
  ['POST', '/start', { token_id: 'x' }],
  ['POST', '/complete', { token_id: 'x' }],
  ['POST', '/call-next', { doctor_id: 'doc1', slot_id: 'doc1_slot1' }],
  ['POST', '/move', { token_id: 'x', slot_id: 'doc1_slot1' }],
  ['POST', '/reclassify', { token_id: 'x', patient_type: 'EMERGENCY', reason: 'chest pain' }],
  ['PUT', '/doctors/rao', doctorInput({ department: 'ENT', sessions: [session('rao')] })],
  [
    'POST',
    '/slots',
    {
      ...{ doctor_id: 'doc1', id: 'extra', capacity: 1 },
      ...{ start_time: '2026-11-23T12:00:00Z', end_time: '2026-11-23T13:00:00Z' },
    },
  ],
  ['PATCH', '/slots/doc1_slot1', { capacity: 4 }],
  ['POST', '/slots/doc1_slot1/close', { reason: 'ill', move_to: 'doc1_slot2' }],
  ['POST', '/doctors/doc1/delay', { date: '2026-11-23', minutes: 5 }],
];

/** Yields copies of the body: one for each of its texts, replaced by `text`, and copies with a field named `text`. */
function* withBadText(body: unknown, text: string): Generator {
  if (typeof body === 'string') yield text;
  if (typeof body !== 'object' || body === null) return;
  for (const [name, value] of Object.entries(body))
    for (const other of withBadText(value, text))
      yield Array.isArray(body) ? body.with(Number(name), other) : { ...body, [name]: other };
  if (!Array.isArray(body)) yield { ...body, [text]: 'x' };
}

const expectRefused = (answer: Answer): void => {
  const { status, body } = answer as Answer<{ code: string }>;
  expect(status).toBe(400);
  expect(['invalid_request', 'malformed_json']).toContain(body.code);
};

it.each(BODIES)('%s %s refuses texts that not every store can hold', async (method, url, body) => {
  const opd = await openApp();
  const state = async () => [await doctorsOf(opd), await opd.slot('2026-11-23')];
  const before = await state();
  let sent = 0;
  for (const text of UNSTORABLE)
    for (const payload of withBadText(body, text)) {
      expectRefused(await opd.send({ method, url, payload: payload as object }));
      sent += 1;
    }
  expect(sent).toBeGreaterThanOrEqual(UNSTORABLE.length);
  expect(await opd.get('/ready')).toMatchObject({ status: 200 });
  expect(await state()).toEqual(before);
});

it('such texts are refused in a path, in a query and in a key too', async () => {
  const opd = await openApp();
  const inUrls = ['%00', 'a%00b', '%ED%A0%80', '%F0%9F', '%EF%BF%BF', '%5Cu0000'];
  for (const text of inUrls) {
    for (const path of ['/tokens/', '/doctors/'])
      expect([400, 404]).toContain((await opd.get(path + text)).status);
    for (const name of ['doctor_id', 'date', 'from', text])
      expectRefused(await opd.get(`/schedule?doctor_id=doc1&${name}=${text}`));
    expectRefused(await opd.get(`/schedule?doctor_id=${text}`));
  }
  for (const key of ['a\0b', '\0', 'a\u00ffb', '"\u0000"'])
    expectRefused(await opd.post('/book', booking('W1'), { 'idempotency-key': key }));
  expect(await opd.get('/ready')).toMatchObject({ status: 200 });
  await opd.book('W1');
});

it('the greatest numbers and the first and last instants get a normal answer', async () => {
  const opd = await openApp();
  for (const capacity of [2 ** 31 - 1, 2 ** 31, 2 ** 53, 2 ** 63, 1e308])
    expectRefused(await opd.patch('/slots/doc1_slot1', { capacity }));
  const slots = [
    ['first', '0001-01-01T00:00:00Z', '0001-01-01T01:00:00Z'],
    ['last', '9999-12-31T22:00:00Z', '9999-12-31T23:59:59.999Z'],
  ];
  for (const [id, start_time, end_time] of slots) {
    const body = { doctor_id: 'doc1', id, start_time, end_time, capacity: 10_000 };
    const { status } = await opd.post('/slots', body);
    expect([201, 400, 409]).toContain(status);
  }
  for (const range of ['date=0000-01-01', 'date=9999-12-31', 'from=9999-12-01&to=9999-12-31'])
    expect([200, 400]).toContain((await opd.get(`/schedule?doctor_id=doc1&${range}`)).status);
  expect(await opd.get('/ready')).toMatchObject({ status: 200 });
});

it('every text may have its greatest length', async () => {
  const opd = await openApp();
  const longest = (head: string): string => head.padEnd(128, 'x');
  const ids = Array.from({ length: 100 }, (_, index) => `s${index}-`.padEnd(117, 'x'));
  const [id, text] = [longest('d'), '😀'.repeat(200)];
  const input = { name: text, department: text, sessions: ids.map((each) => session(each)) };
  expect(await opd.put(`/doctors/${id}`, doctorInput(input))).toMatchObject({ status: 201 });
  expect(await opd.get(`/doctors/${id}`)).toMatchObject({ body: { id, ...input } });
  const key = { 'idempotency-key': 'k'.repeat(255) };
  const body = booking(text, { doctor_id: id, slot_id: ids[99], patient_id: longest('p') });
  const first = await opd.post<{ id: string }>('/book', body, key);
  expect(first).toMatchObject({ status: 201, body: { patient_name: text } });
  expect(await opd.post('/book', body, key)).toMatchObject({ body: first.body });
  const reason = 'x'.repeat(200);
  await opd.post('/cancel', { token_id: first.body.id, reason });
  expect((await historyOf(opd, first.body.id)).at(-1)).toMatchObject({ kind: 'cancelled', reason });
});
