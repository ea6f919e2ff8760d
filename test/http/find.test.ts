import { describe, expect, it } from 'vitest';
import { openApp, type TestApp } from '../support/app/app.ts';
import { postOk } from '../support/app/front-desk.ts';

// What a desk asks for when a patient stands in front of it: by name, by number, by hospital id, of any day and status.

const NINE = 'doc1_slot1@2026-11-23';
const TEN = 'doc1_slot2@2026-11-23';

const search = async (opd: TestApp, query: string) => {
  const { status, body } = await opd.get(`/tokens?${query}`);
  expect({ status, body }).toMatchObject({ status: 200 });
  return body as { tokens: Record<string, unknown>[]; next_cursor: string | null };
};

const namesOf = async (opd: TestApp, query: string): Promise<unknown[]> =>
  (await search(opd, query)).tokens.map(({ patient_name }) => patient_name);

async function book(opd: TestApp, patient_name: string, more: object = {}) {
  const { status, body } = await opd.post('/book', {
    ...{ doctor_id: 'doc1', slot_id: NINE, patient_name, patient_type: 'WALK_IN' },
    ...more,
  });
  expect({ status, body }).toMatchObject({ status: 201 });
  return body as Record<string, unknown>;
}

describe('a search by name', () => {
  it.each([
    ['rené', 'René Dupont'],
    ['RENE', 'René Dupont'],
    ['pont', 'René Dupont'],
    ['strasse', 'Hans Straße'],
    ['łukasz', 'Łukasz Nowak'],
    ['lukasz', 'Łukasz Nowak'],
    ['oyvind', 'Øyvind Ås'],
    ['ίωα', 'Ιωάννης'],
    ['иван', 'Иван'],
    ['कीर्ति', 'कीर्ति'],
    ['محمد', 'مُحَمَّد'],
  ])('%s finds %s, without regard to case and accents', async (part, name) => {
    const opd = await openApp();
    await book(opd, name);
    await book(opd, 'Somebody Else');
    const query = `doctor_id=doc1&name=${encodeURIComponent(part)}`;
    expect(await namesOf(opd, query)).toEqual([name]);
  });

  it('tells names apart that differ in a vowel sign', async () => {
    const opd = await openApp();
    await book(opd, 'रवि');
    await book(opd, 'रवी');
    expect(await namesOf(opd, `doctor_id=doc1&name=${encodeURIComponent('रवि')}`)).toEqual(['रवि']);
  });

  it('needs a day or a doctor', async () => {
    const opd = await openApp();
    expect(await opd.get('/tokens?name=a')).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/name' }] },
    });
    await book(opd, 'Asha');
    expect(await namesOf(opd, 'date=2026-11-23&name=ash')).toEqual(['Asha']);
  });
});

describe('a search by the hospital id of a patient', () => {
  it.each(['UHID/2024/0012', 'MR 00123', 'क-१२', 'A#1^2|3'])('finds %s', async (id) => {
    const opd = await openApp();
    await book(opd, 'Asha', { patient_id: id });
    await book(opd, 'Other', { patient_id: `${id}0` });
    expect(await namesOf(opd, `patient_id=${encodeURIComponent(id)}`)).toEqual(['Asha']);
  });

  it('compares ids in one normal form of Unicode', async () => {
    const opd = await openApp();
    await book(opd, 'Asha', { patient_id: 'Z\u00fc1' });
    expect(await namesOf(opd, `patient_id=${encodeURIComponent('Zu\u03081')}`)).toEqual(['Asha']);
    const again = { doctor_id: 'doc1', slot_id: NINE, patient_name: 'A', patient_type: 'WALK_IN' };
    expect(await opd.post('/book', { ...again, patient_id: 'Zu\u03081' })).toMatchObject({
      status: 409,
      body: { code: 'duplicate_booking' },
    });
  });

  it.each([' MR1', 'MR1 ', 'MR\u00001', 'M\u200eR', '', 'x'.repeat(129)])(
    'refuses the id %j',
    async (patient_id) => {
      const opd = await openApp();
      const body = { doctor_id: 'doc1', slot_id: NINE, patient_name: 'A', patient_type: 'WALK_IN' };
      expect(await opd.post('/book', { ...body, patient_id })).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: '/patient_id' }] },
      });
    },
  );

  it('finds all tokens of the patient: live, cancelled, of other doctors, and after the day is over', async () => {
    const opd = await openApp();
    const first = await book(opd, 'Asha', { patient_id: 'p1' });
    await postOk(opd, '/cancel', { token_id: first['id'] });
    opd.now = '2026-11-23T08:00:00.001Z';
    await book(opd, 'Asha again', { patient_id: 'p1' });
    await book(opd, 'Asha later', {
      ...{ doctor_id: 'doc2', slot_id: 'doc2_slot1@2026-11-25', patient_id: 'p1' },
    });
    const all = ['Asha later', 'Asha again', 'Asha'];
    expect(await namesOf(opd, 'patient_id=p1')).toEqual(all);
    expect(await namesOf(opd, 'patient_id=p1&status=CANCELLED')).toEqual(['Asha']);
    expect(await namesOf(opd, 'patient_id=p1&status=CANCELLED&status=BOOKED')).toEqual(all);
    expect(await namesOf(opd, 'patient_id=p1&date=2026-11-25')).toEqual(['Asha later']);
    await opd.advanceTo('2026-11-27T00:00:00Z');
    expect(opd.engine.slot(NINE as never)).toBeUndefined();
    expect(await namesOf(opd, 'patient_id=p1')).toEqual(all);
  });
});

it('a search by number finds the token of that number, also one that is over', async () => {
  const opd = await openApp();
  await book(opd, 'one');
  const { id } = await book(opd, 'two');
  await postOk(opd, '/cancel', { token_id: id });
  expect(await namesOf(opd, 'doctor_id=doc1&date=2026-11-23&number=2')).toEqual(['two']);
  expect(await namesOf(opd, 'number=2')).toEqual(['two']);
});

it('a search answers tokens as they are now, with their places', async () => {
  const opd = await openApp();
  for (const name of ['W1', 'W2', 'W3', 'W4']) await book(opd, name);
  const { tokens } = await search(opd, 'date=2026-11-23&status=WAITING');
  expect(tokens).toMatchObject([{ patient_name: 'W4', waitlist_position: 1 }]);
});

it('pages hold every token once, whatever is booked meanwhile', async () => {
  const opd = await openApp();
  const names = Array.from({ length: 25 }, (_, index) => `P${index}`);
  for (const [index, name] of names.entries())
    await book(opd, name, { slot_id: index % 2 === 0 ? NINE : TEN });
  const seen: unknown[] = [];
  let cursor: string | null = '';
  for (let page = 0; cursor !== null; page += 1) {
    const from: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const { tokens, next_cursor } = await search(opd, `doctor_id=doc1&limit=7${from}`);
    expect(tokens.length).toBeLessThanOrEqual(7);
    seen.push(...tokens.map(({ patient_name }) => patient_name));
    cursor = next_cursor;
    await book(opd, `late ${page}`, { slot_id: 'doc1_slot1@2026-11-24' });
  }
  expect(seen.toSorted()).toEqual(names.toSorted());
});

it.each([
  ['', ''],
  ['limit=5', ''],
  ['doctor_id=doc1&limit=0', '/limit'],
  ['doctor_id=doc1&limit=201', '/limit'],
  ['doctor_id=doc1&number=0', '/number'],
  ['doctor_id=doc1&status=LIMBO', '/status'],
  ['doctor_id=doc1&date=2026-02-30', '/date'],
  ['doctor_id=doc1&date=2026-11-23&from=2026-11-23', '/date'],
  ['doctor_id=doc1&from=2026-11-24&to=2026-11-23', '/to'],
  ['doctor_id=doc1&cursor=x', '/cursor'],
])('the search %j is refused and names %j', async (query, pointer) => {
  const opd = await openApp();
  expect(await opd.get(`/tokens?${query}`)).toMatchObject({
    status: 400,
    body: { code: 'invalid_request', errors: [{ pointer }] },
  });
});

it('GET /slots/{id} answers a slot of any age, and the next slot of a session', async () => {
  const opd = await openApp();
  await book(opd, 'W1');
  const slot = { id: NINE, seated: 1, tokens: [{ patient_name: 'W1' }] };
  expect(await opd.get(`/slots/${NINE}`)).toMatchObject({ status: 200, body: slot });
  expect(await opd.get('/slots/doc1_slot1')).toMatchObject({ status: 200, body: slot });
  await opd.advanceTo('2026-11-27T00:00:00Z');
  expect(await opd.get(`/slots/${NINE}`)).toMatchObject({
    status: 200,
    body: { ...slot, status: 'ENDED' },
  });
  expect(await opd.get('/slots/nowhere')).toMatchObject({
    status: 404,
    body: { code: 'slot_not_found' },
  });
});

describe('also_booked', () => {
  it('tells the other live tokens of the patient on that date, of any doctor', async () => {
    const opd = await openApp();
    const patient_id = 'p1';
    const first = await book(opd, 'Asha', { patient_id });
    expect(first).toMatchObject({ also_booked: [] });
    const elsewhere = { doctor_id: 'doc2', slot_id: 'doc2_slot1@2026-11-23', patient_id };
    expect(await book(opd, 'Asha', elsewhere)).toMatchObject({
      also_booked: [{ id: first['id'], doctor_id: 'doc1', slot_id: NINE, status: 'BOOKED' }],
    });
    const tomorrow = { slot_id: 'doc1_slot1@2026-11-24', patient_id };
    expect(await book(opd, 'Asha', tomorrow)).toMatchObject({ also_booked: [] });
    await postOk(opd, '/cancel', { token_id: first['id'] });
    const later = await book(opd, 'Asha', { slot_id: TEN, patient_id });
    expect(later['also_booked']).toHaveLength(1);
  });

  it('is absent where the booking names no patient id', async () => {
    const opd = await openApp();
    expect(await book(opd, 'Asha')).not.toHaveProperty('also_booked');
  });
});

describe('a search by POST', () => {
  it.each([
    ['patient_id=p1', { patient_id: 'p1' }],
    [
      'doctor_id=doc1&status=BOOKED&status=CANCELLED',
      { doctor_id: 'doc1', status: ['BOOKED', 'CANCELLED'] },
    ],
    ['status=CANCELLED', { status: 'CANCELLED' }],
    ['number=2&date=2026-11-23', { number: 2, date: '2026-11-23' }],
    [
      'name=ASH&from=2026-11-23&to=2026-11-24&limit=1',
      { name: 'ASH', from: '2026-11-23', to: '2026-11-24', limit: 1 },
    ],
    ['patient_id=none', { patient_id: 'none' }],
  ])('answers as GET does: %s', async (query, body) => {
    const opd = await openApp();
    await book(opd, 'Asha', { patient_id: 'p1' });
    const { id } = await book(opd, 'Ashok', { slot_id: TEN, patient_id: 'p1' });
    await postOk(opd, '/cancel', { token_id: id });
    const found = await search(opd, query);
    expect(await opd.post('/tokens/search', body)).toMatchObject({ status: 200, body: found });
  });

  it('goes on from the cursor of either', async () => {
    const opd = await openApp();
    for (const name of ['A', 'B', 'C']) await book(opd, name);
    const first = await search(opd, 'doctor_id=doc1&limit=1');
    const body = { doctor_id: 'doc1', limit: 1, cursor: first.next_cursor };
    const { body: second } = await opd.post<typeof first>('/tokens/search', body);
    const third = await search(opd, `doctor_id=doc1&limit=1&cursor=${second.next_cursor}`);
    const names = [first, second, third].flatMap(({ tokens }) =>
      tokens.map((t) => t['patient_name']),
    );
    expect(names.toSorted()).toEqual(['A', 'B', 'C']);
  });

  it.each([
    [{}, ''],
    [{ patient_id: ' p1' }, '/patient_id'],
    [{ number: '2' }, '/number'],
    [{ number: 0 }, '/number'],
    [{ patient_id: 'p1', limit: 201 }, '/limit'],
    [{ patient_id: 'p1', cursor: 'x' }, '/cursor'],
    [{ patient_id: 'p1', status: 'GONE' }, '/status'],
    [{ patient_id: 'p1', other: 1 }, '/other'],
    [{ name: 'a' }, '/name'],
    [{ patient_id: 'p1', from: '2026-11-24', to: '2026-11-23' }, '/to'],
  ])('refuses %j at %j', async (body, pointer) => {
    const opd = await openApp();
    expect(await opd.post('/tokens/search', body)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', errors: [{ pointer }] },
    });
  });

  it('is a read: an Idempotency-Key is neither used nor used up', async () => {
    const opd = await openApp();
    const headers = { 'idempotency-key': 'k' };
    const ask = () =>
      opd.send({ method: 'POST', url: '/tokens/search', headers, payload: { patient_id: 'p1' } });
    expect(await ask()).toMatchObject({ body: { tokens: [] } });
    const url = '/book';
    const payload = {
      doctor_id: 'doc1',
      slot_id: NINE,
      patient_name: 'A',
      patient_type: 'WALK_IN',
    };
    const booked = { ...payload, patient_id: 'p1' };
    expect((await opd.send({ method: 'POST', url, headers, payload: booked })).status).toBe(201);
    expect(await ask()).toMatchObject({ body: { tokens: [{ patient_id: 'p1' }] } });
  });
});
