import { describe, expect, it } from 'vitest';
import { openApp, type TestApp } from '../support/app/app.ts';
import { postOk } from '../support/app/front-desk.ts';

// What a waiting-room screen and a desk with eight doctors read: one request, and never a name.

const NINE = 'doc1_slot1@2026-11-23';
const TEN = 'doc1_slot2@2026-11-23';

async function book(opd: TestApp, name: string, more: object = {}): Promise<string> {
  const { status, body } = await opd.post<{ id: string }>('/book', {
    ...{ doctor_id: 'doc1', slot_id: NINE, patient_name: name, patient_type: 'WALK_IN' },
    ...more,
  });
  expect(status).toBe(201);
  return body.id;
}

interface QueueEntry {
  readonly number: number;
}
interface DoctorEntry {
  readonly doctor_id: string;
  readonly in_consultation: QueueEntry[];
  readonly calling_order: QueueEntry[];
  readonly skipped: QueueEntry[];
  readonly waiting: QueueEntry[];
}

async function queue(opd: TestApp, query = ''): Promise<DoctorEntry[]> {
  const { status, body } = await opd.get<{ doctors: DoctorEntry[] }>(`/queue${query}`);
  expect(status).toBe(200);
  return body.doctors;
}

const numbers = (entries: readonly QueueEntry[] = []): number[] =>
  entries.map(({ number }) => number);

describe('GET /queue', () => {
  it('tells the day in the order of the calls (R18)', async () => {
    const opd = await openApp({ now: '2026-11-23T09:05:00Z' });
    const ids: string[] = [];
    for (const slot_id of [NINE, NINE, NINE, TEN, TEN]) ids.push(await book(opd, 'x', { slot_id }));
    const emergency = await book(opd, 'e', { slot_id: TEN, patient_type: 'EMERGENCY' });
    await book(opd, 'waits');
    const [one, two, three] = ids;
    for (const token_id of [one, two, three, emergency])
      await postOk(opd, '/check-in', { token_id });
    await postOk(opd, '/start', { token_id: one, room: '7' });
    await postOk(opd, '/skip', { token_id: two });
    const [doctor] = await queue(opd, '?doctor_id=doc1');
    expect(doctor).toMatchObject({ doctor_id: 'doc1', date: '2026-11-23', rooms: 1 });
    expect(doctor?.in_consultation).toMatchObject([{ number: 1, room: '7' }]);
    expect(numbers(doctor?.calling_order)).toEqual([6, 3, 4, 5]);
    expect(numbers(doctor?.skipped)).toEqual([2]);
    expect(doctor?.waiting).toMatchObject([{ number: 7, waitlist_position: 1 }]);
    const called: number[] = [];
    for (let next = 0; next < 2; next += 1) {
      const body = { doctor_id: 'doc1', complete_current: true };
      called.push((await postOk(opd, '/call-next', body))['number'] as number);
    }
    expect(called).toEqual([6, 3]);
  });

  it('holds all listed doctors, or those that are named, in one answer', async () => {
    const opd = await openApp();
    const idsOf = (doctors: DoctorEntry[]) => doctors.map(({ doctor_id }) => doctor_id);
    expect(idsOf(await queue(opd))).toEqual(['doc1', 'doc2', 'doc3']);
    expect(idsOf(await queue(opd, '?doctor_id=doc3&doctor_id=doc1'))).toEqual(['doc3', 'doc1']);
    expect(await opd.get('/queue?doctor_id=nobody')).toMatchObject({
      status: 404,
      body: { code: 'doctor_not_found' },
    });
  });

  it('tells another day', async () => {
    const opd = await openApp();
    await book(opd, 'x', { slot_id: 'doc1_slot1@2026-11-24' });
    const [doctor] = await queue(opd, '?doctor_id=doc1&date=2026-11-24');
    expect(numbers(doctor?.calling_order)).toEqual([1]);
    expect(numbers((await queue(opd, '?doctor_id=doc1'))[0]?.calling_order)).toEqual([]);
  });

  it('never holds a name or a hospital id', async () => {
    const opd = await openApp();
    for (const slot of [NINE, NINE, NINE, NINE, TEN])
      await book(opd, 'Marker Name', { slot_id: slot, patient_id: `MARKER-${Math.random()}` });
    const { body } = await opd.get('/queue');
    expect(JSON.stringify(body)).not.toMatch(/marker/i);
  });
});

describe('midnight', () => {
  const NIGHT = {
    ...{ doctor_id: 'doc1', id: 'night', capacity: 2 },
    ...{ start_time: '2026-11-23T22:00:00Z', end_time: '2026-11-24T02:00:00Z' },
  };

  it('the default schedule and the schedule of today hold a slot of yesterday that is still going on', async () => {
    const opd = await openApp();
    expect(await opd.post('/slots', NIGHT)).toMatchObject({ status: 201 });
    const token_id = await book(opd, 'x', { slot_id: 'night' });
    await opd.advanceTo('2026-11-23T23:30:00Z');
    await postOk(opd, '/start', { token_id });
    const idsOf = async (query: string) => {
      const { body } = await opd.get<{ slots: { id: string }[] }>(
        `/schedule?doctor_id=doc1${query}`,
      );
      return body.slots.map(({ id }) => id);
    };
    await opd.advanceTo('2026-11-24T01:00:00Z');
    expect(await idsOf('')).toContain('night');
    expect(await idsOf('&date=2026-11-24')).toContain('night');
    expect(await idsOf('&date=2026-11-25')).not.toContain('night');
    // The slot has ended, and its patient is still with the doctor.
    await opd.advanceTo('2026-11-24T03:00:00Z');
    expect(await idsOf('')).toContain('night');
    expect(numbers((await queue(opd, '?doctor_id=doc1'))[0]?.in_consultation)).toEqual([1]);
    await postOk(opd, '/complete', { token_id });
    expect(await idsOf('')).not.toContain('night');
  });
});

describe('PATCH /tokens/{id}', () => {
  const correct = (opd: TestApp, id: string, body: object) => opd.patch(`/tokens/${id}`, body);

  it('corrects a name and adds a hospital id; the place stays, and history tells that it happened', async () => {
    const opd = await openApp();
    const id = await book(opd, 'Asha Roa');
    const body = { patient_name: ' Asha Rao ', patient_id: 'MR 1', reason: 'misspelt' };
    expect(await correct(opd, id, body)).toMatchObject({
      status: 200,
      body: { id, patient_name: 'Asha Rao', patient_id: 'MR 1', status: 'BOOKED', number: 1 },
    });
    expect(await opd.get(`/tokens/${id}`)).toMatchObject({ body: { patient_name: 'Asha Rao' } });
    const { body: history } = await opd.get<{ changes: object[] }>(`/tokens/${id}/history`);
    expect(history.changes).toMatchObject([
      { kind: 'booked' },
      { kind: 'corrected', from: 'BOOKED', to: 'BOOKED', reason: 'misspelt' },
    ]);
    expect(JSON.stringify(history)).not.toContain('Asha');
  });

  it('changes nothing when it is repeated', async () => {
    const opd = await openApp();
    const id = await book(opd, 'Asha');
    const body = { patient_id: 'MR 1', reason: 'from the card' };
    await correct(opd, id, body);
    await correct(opd, id, body);
    const { body: history } = await opd.get<{ changes: object[] }>(`/tokens/${id}/history`);
    expect(history.changes).toHaveLength(2);
  });

  it('refuses an id with which another live token of the slot was booked (R15)', async () => {
    const opd = await openApp();
    const other = await book(opd, 'Asha', { patient_id: 'MR 1' });
    const id = await book(opd, 'Asha');
    const body = { patient_id: 'MR 1', reason: 'from the card' };
    expect(await correct(opd, id, body)).toMatchObject({
      status: 409,
      body: { code: 'duplicate_booking', token_id: other },
    });
    await postOk(opd, '/cancel', { token_id: other });
    expect(await correct(opd, id, body)).toMatchObject({ status: 200 });
  });

  it('keeps what an undo would take back', async () => {
    const opd = await openApp({ now: '2026-11-23T09:05:00Z' });
    const id = await book(opd, 'Asha');
    await postOk(opd, '/check-in', { token_id: id });
    await correct(opd, id, { patient_name: 'Usha', reason: 'misspelt' });
    expect(await postOk(opd, '/undo', { token_id: id, reason: 'not she' })).toMatchObject({
      undone: 'checked_in',
      patient_name: 'Usha',
    });
  });

  it('works on a token that is over, also of a past day', async () => {
    const opd = await openApp();
    const id = await book(opd, 'Asha');
    await postOk(opd, '/cancel', { token_id: id });
    const first = await correct(opd, id, { patient_name: 'Usha', reason: 'misspelt' });
    expect(first).toMatchObject({
      status: 200,
      body: { status: 'CANCELLED', patient_name: 'Usha' },
    });
    await opd.advanceTo('2026-11-27T00:00:00Z');
    const second = await correct(opd, id, { patient_id: 'MR 1', reason: 'merged' });
    expect(second).toMatchObject({ status: 200, body: { patient_id: 'MR 1' } });
    expect(await opd.get('/tokens?patient_id=MR%201')).toMatchObject({
      body: { tokens: [{ id, patient_name: 'Usha' }] },
    });
  });

  it.each([[{ reason: 'x' }], [{ patient_name: 'x' }], [{ patient_name: '', reason: 'x' }]])(
    'refuses %j',
    async (body) => {
      const opd = await openApp();
      const id = await book(opd, 'Asha');
      expect(await correct(opd, id, body)).toMatchObject({
        status: 400,
        body: { code: 'invalid_request' },
      });
    },
  );

  it('answers token_not_found for an unknown token', async () => {
    const opd = await openApp();
    expect(await correct(opd, 'x', { patient_name: 'x', reason: 'x' })).toMatchObject({
      status: 404,
      body: { code: 'token_not_found' },
    });
  });
});
