import { expect, it } from 'vitest';
import type { BookingView, CalledView } from '../../src/http/resources/index.ts';
import { openApp, openAppOnTestDisk, type TestApp } from '../support/app/app.ts';
import {
  bookAll,
  historyOf,
  NINE,
  patientsIn,
  postOk,
  stateOf,
  TEN,
} from '../support/app/front-desk.ts';

const call = (opd: TestApp, more: object = {}) =>
  opd.post<CalledView>('/call-next', { doctor_id: 'doc1', ...more });

const COMPLETE = { complete_current: true };

/** Calls patients until no patient is left, and returns their names. */
async function callAll(opd: TestApp, more: object = {}): Promise<string[]> {
  const names: string[] = [];
  for (;;) {
    const { status, body } = await call(opd, { ...COMPLETE, ...more });
    if (status !== 200) {
      expect([status, body]).toMatchObject([404, { code: 'nobody_waiting' }]);
      return names;
    }
    names.push(body.patient_name);
  }
}

it('call-next calls the checked-in patients, slot by slot in time order and by rank in each slot (R18)', async () => {
  const opd = await openApp();
  await bookAll(opd, 'P1 W2+ F3+');
  await bookAll(opd, 'W4+ E5 O6+', TEN);
  await opd.advanceTo('2026-11-23T09:10:00Z');
  expect(await callAll(opd)).toEqual(['F3', 'W2', 'O6', 'W4']);
});

it('a patient who checks in late is called before the patients of a later slot', async () => {
  const opd = await openApp();
  const { W1 } = await bookAll(opd, 'W1');
  await bookAll(opd, 'P2+ P3+', TEN);
  expect((await call(opd)).body.patient_name).toBe('P2');
  await postOk(opd, '/check-in', { token_id: W1 });
  expect(await callAll(opd)).toEqual(['W1', 'P3']);
});

it.each([
  ['a slot', TEN],
  ['a session', 'doc1_slot2'],
])('call-next with the id of %s calls only patients of that slot', async (_what, slot_id) => {
  const opd = await openApp();
  await bookAll(opd, 'E1+ P2+');
  await bookAll(opd, 'W3+ F4+', TEN);
  expect(await callAll(opd, { slot_id })).toEqual(['F4', 'W3']);
  expect(await callAll(opd)).toEqual(['E1', 'P2']);
});

it('call-next answers with the called patient and the completed one', async () => {
  const opd = await openApp();
  const { W1, W2 } = await bookAll(opd, 'W1+ W2+');
  const first = await call(opd);
  expect(first).toMatchObject({
    status: 200,
    body: { id: W1, status: 'IN_CONSULTATION', completed: null, waitlist_position: null },
  });
  const second = await call(opd, COMPLETE);
  const completed = { id: W1, status: 'COMPLETED', estimated_time: null };
  expect(second).toMatchObject({ body: { id: W2, status: 'IN_CONSULTATION', completed } });
  const [done1, done2] = [await historyOf(opd, W1 ?? ''), await historyOf(opd, W2 ?? '')];
  expect(done1.map(({ kind }) => kind)).toEqual(['booked', 'checked_in', 'started', 'completed']);
  expect(done2.map(({ kind }) => kind)).toEqual(['booked', 'checked_in', 'started']);
});

it('a completed visit promotes no token, because its seat is used', async () => {
  const opd = await openApp();
  await bookAll(opd, 'W1+ W2+ W3+ W4');
  expect(await callAll(opd)).toEqual(['W1', 'W2', 'W3']);
  expect(await patientsIn(opd, NINE)).toBe('W1:COMPLETED W2:COMPLETED W3:IN_CONSULTATION | W4');
});

it.each<[code: string, status: number, more: object, facts: object]>([
  ['doctor_not_found', 404, { doctor_id: 'x', slot_id: 'x' }, {}],
  ['slot_not_found', 404, { slot_id: 'x' }, {}],
  ['slot_not_found', 404, { slot_id: 'doc2_slot1' }, {}],
  ['consultation_in_progress', 409, {}, { token_id: 'of W1' }],
  ['consultation_in_progress', 409, { slot_id: TEN }, { token_id: 'of W1' }],
  ['nobody_waiting', 404, { slot_id: TEN, ...COMPLETE }, {}],
  ['nobody_waiting', 404, { doctor_id: 'doc2' }, {}],
])('call-next answers %s %i to %j, and changes nothing', async (code, status, more, facts) => {
  const opd = await openApp();
  const ids = await bookAll(opd, 'W1+ W2+ W3');
  await call(opd);
  const before = await stateOf(opd, Object.values(ids));
  const expected = JSON.parse(JSON.stringify(facts).replace('of W1', ids['W1'] ?? '')) as object;
  expect(await call(opd, more)).toMatchObject({ status, body: { code, ...expected } });
  expect(await stateOf(opd, Object.values(ids))).toEqual(before);
});

it('complete_current completes no visit when no patient can be called', async () => {
  const opd = await openApp();
  const { W1 } = await bookAll(opd, 'W1+ W2');
  await call(opd);
  expect(await call(opd, COMPLETE)).toMatchObject({ body: { code: 'nobody_waiting' } });
  expect(await opd.get(`/tokens/${W1 ?? ''}`)).toMatchObject({
    body: { status: 'IN_CONSULTATION' },
  });
});

it('two desks that call at the same instant get two different patients', async () => {
  const { opd, disk } = await openAppOnTestDisk();
  const { W1, W2, W3 } = await bookAll(opd, 'W1+ W2+ W3+');
  await call(opd);
  disk.hold();
  const calls = [call(opd, COMPLETE), call(opd, COMPLETE)];
  while (!isInConsultation(opd, W3)) await new Promise(setImmediate);
  disk.release();
  const answers = (await Promise.all(calls)).map(({ body }) => [body.id, body.completed?.id]);
  expect(answers).toEqual([
    [W2, W1],
    [W3, W2],
  ]);
});

it('one of two desks gets the patient, and the other gets a refusal', async () => {
  const { opd, disk } = await openAppOnTestDisk();
  const { W1 } = await bookAll(opd, 'W1+ W2+');
  disk.hold();
  const calls = [call(opd), call(opd)];
  while (!isInConsultation(opd, W1)) await new Promise(setImmediate);
  disk.release();
  const answers = await Promise.all(calls);
  expect(answers).toMatchObject([
    { status: 200, body: { id: W1 } },
    { status: 409, body: { code: 'consultation_in_progress', token_id: W1 } },
  ]);
});

it('call-next calls patients of an ended slot until the end of the day', async () => {
  const opd = await openApp();
  const { W2 } = await bookAll(opd, 'W1+ W2 W3+');
  await opd.advanceTo('2026-11-23T15:00:00Z');
  expect(await opd.slot('2026-11-23')).toMatchObject({ status: 'ENDED' });
  expect((await call(opd)).body.patient_name).toBe('W1');
  await postOk(opd, '/check-in', { token_id: W2 });
  expect((await call(opd, COMPLETE)).body.patient_name).toBe('W2');
  // At midnight the slot is still in memory.
  opd.now = '2026-11-24T00:00:00Z';
  // W2, whose visit was not completed, no longer occupies the doctor, and yesterday's patients are not called.
  expect(await call(opd)).toMatchObject({ status: 404, body: { code: 'nobody_waiting' } });
  const [today] = [await bookAll(opd, 'W4+', 'doc1_slot1@2026-11-24')];
  expect((await call(opd)).body.id).toBe(today['W4']);
  await postOk(opd, '/complete', { token_id: W2 });
});

it('call-next calls patients of past days only with the id of their slot', async () => {
  const opd = await openApp();
  await bookAll(opd, 'W1+');
  await opd.advanceTo('2026-11-24T08:00:00Z');
  expect(await callAll(opd)).toEqual([]);
  expect(await callAll(opd, { slot_id: NINE })).toEqual(['W1']);
});

it('call-next calls patients of a running slot that began before midnight', async () => {
  const opd = await openApp();
  const [start_time, end_time] = ['2026-11-23T23:00:00Z', '2026-11-24T01:00:00Z'];
  const night = { doctor_id: 'doc1', id: 'night', start_time, end_time, capacity: 3 };
  expect(await opd.post('/slots', night)).toMatchObject({ status: 201 });
  await bookAll(opd, 'W1+ W2+ W3+', 'night');
  const { P4 } = await bookAll(opd, 'P4', 'doc1_slot1@2026-11-24');
  await opd.advanceTo('2026-11-23T23:50:00Z');
  expect((await call(opd)).body.patient_name).toBe('W1');
  await opd.advanceTo('2026-11-24T00:20:00Z');
  await postOk(opd, '/check-in', { token_id: P4 });
  expect(await call(opd)).toMatchObject({ body: { code: 'consultation_in_progress' } });
  expect((await call(opd, COMPLETE)).body.patient_name).toBe('W2');
  // Four hours after its end and grace the slot is past, and `W3` is no longer called.
  await opd.advanceTo('2026-11-24T05:29:59.999Z');
  expect((await call(opd)).body).toMatchObject({ code: 'consultation_in_progress' });
  opd.now = '2026-11-24T05:30:00Z';
  expect(await callAll(opd)).toEqual(['P4']);
});

it('call-next still calls patients of a slot that has ended at midnight', async () => {
  const opd = await openApp();
  const [start_time, end_time] = ['2026-11-23T22:00:00Z', '2026-11-24T00:00:00Z'];
  const late = { doctor_id: 'doc1', id: 'late', start_time, end_time, capacity: 3 };
  expect(await opd.post('/slots', late)).toMatchObject({ status: 201 });
  await bookAll(opd, 'W1+ W2+ W3+', 'late');
  await opd.advanceTo('2026-11-24T00:31:00Z');
  expect(await opd.slot('2026-11-24')).toMatchObject({ status: 'OPEN' });
  expect(await callAll(opd)).toEqual(['W1', 'W2', 'W3']);
});

const isInConsultation = ({ engine }: TestApp, id: string | undefined): boolean =>
  Array.from(engine.tokens).some(
    (token) => (token.id as string) === id && token.status === 'IN_CONSULTATION',
  );

it('call-next with complete_current also calls a patient when no visit is in progress', async () => {
  const opd = await openApp();
  const booked: BookingView = await opd.book('W1', { doctor_id: 'doc2', slot_id: 'doc2_slot2' });
  await postOk(opd, '/check-in', { token_id: booked.id });
  const answer = await call(opd, { doctor_id: 'doc2', ...COMPLETE });
  expect(answer).toMatchObject({ body: { id: booked.id, completed: null } });
});
