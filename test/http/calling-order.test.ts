import { expect, it } from 'vitest';
import type { CalledView, TokenView } from '../../src/http/resources/index.ts';
import { openApp, type TestApp } from '../support/app/app.ts';
import { bookAll, NINE, postOk, TEN } from '../support/app/front-desk.ts';

// Whom the desk calls, and what it told the patients: both follow one order over all slots of the day (R18, R19).

const call = (opd: TestApp, more: object = {}): Promise<CalledView> =>
  postOk(opd, '/call-next', { doctor_id: 'doc1', ...more });

/** The time that a patient is told now. */
async function timeOf(opd: TestApp, id: string | undefined): Promise<string | undefined> {
  const { body } = await opd.get<TokenView>(`/tokens/${id}`);
  return body.estimated_time?.slice(11, 16);
}

it('an emergency in the second slot is told "now", and is called before all leftovers of the first (R18)', async () => {
  const opd = await openApp();
  const nine = await bookAll(opd, 'P1+ W2+ W3');
  const ten = await bookAll(opd, 'E4 P5', TEN);
  await opd.advanceTo('2026-11-23T09:50:00Z');
  await postOk(opd, '/check-in', { token_id: ten['E4'] });
  const told = async () =>
    Promise.all(
      [nine['P1'], nine['W2'], nine['W3'], ten['E4'], ten['P5']].map((id) => timeOf(opd, id)),
    );
  expect(await told()).toEqual(['10:10', '10:30', '10:50', '09:50', '11:10']);
  const called: string[] = [];
  for (let nth = 0; nth < 3; nth += 1)
    called.push((await call(opd, { complete_current: true })).patient_name);
  expect(called).toEqual(['E4', 'P1', 'W2']);
});

it('an emergency in a slot at the same hour is called first too (R18)', async () => {
  const opd = await openApp();
  const [start_time, end_time] = ['2026-11-23T09:00:00Z', '2026-11-23T10:00:00Z'];
  const parallel = { doctor_id: 'doc1', id: 'parallel', start_time, end_time, capacity: 3 };
  expect(await opd.post('/slots', parallel)).toMatchObject({ status: 201 });
  await bookAll(opd, 'P1+ W2+');
  const { E3 } = await bookAll(opd, 'E3+', 'parallel');
  await opd.advanceTo('2026-11-23T09:00:00Z');
  expect(await timeOf(opd, E3)).toBe('09:00');
  expect(await call(opd)).toMatchObject({ patient_name: 'E3' });
});

it('two rooms have two patients; a call names its room, and the answer and the history tell it (R19)', async () => {
  const opd = await openApp();
  const doctor = { name: 'Dr. A (Cardiology)', time_zone: 'UTC', rooms: 2 };
  const { body } = await opd.get<{ sessions: object[] }>('/doctors/doc1');
  const put = await opd.put('/doctors/doc1', { ...doctor, sessions: body.sessions });
  expect(put).toMatchObject({ status: 200, body: { rooms: 2 } });
  const ids = await bookAll(opd, 'F1+ W2+ W3+');
  expect(await call(opd, { room: 'A' })).toMatchObject({ patient_name: 'F1', room: 'A' });
  const occupied = { code: 'consultation_in_progress', token_id: ids['F1'] };
  const again = await opd.post('/call-next', { doctor_id: 'doc1', room: 'A' });
  expect(again).toMatchObject({ status: 409, body: occupied });
  const second = await postOk(opd, '/start', { token_id: ids['W2'], room: 'B' });
  expect(second).toMatchObject({ status: 'IN_CONSULTATION', room: 'B' });
  const full = await opd.post('/call-next', { doctor_id: 'doc1' });
  expect(full).toMatchObject({ status: 409, body: occupied });
  const next = await call(opd, { room: 'B', complete_current: true });
  expect(next).toMatchObject({
    patient_name: 'W3',
    room: 'B',
    completed: { patient_name: 'W2', room: null },
  });
  const history = await opd.get<{ changes: object[] }>(`/tokens/${ids['W3']}/history`);
  expect(history.body.changes.at(-1)).toMatchObject({ kind: 'started', room: 'B' });
});

it.each<[field: string, body: object]>([
  ['room', { room: '' }],
  ['room', { room: ' ' }],
  ['room', { room: 'r'.repeat(33) }],
  ['room', { room: 'a\u202Eb' }],
  ['room', { room: 2 }],
  ['skip_current', { complete_current: true, skip_current: true }],
])('a call with a wrong %s is refused: %j', async (field, more) => {
  const opd = await openApp();
  const { W1 } = await bookAll(opd, 'W1!');
  const answer = await opd.post('/call-next', { doctor_id: 'doc1', ...more });
  expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: `/${field}` }] } });
  expect(await opd.get(`/tokens/${W1}`)).toMatchObject({ body: { status: 'IN_CONSULTATION' } });
});

it('a break lets the times of the day begin at its end, and the desk can end it early', async () => {
  const opd = await openApp();
  const { W1, W2 } = await bookAll(opd, 'W1 W2');
  await opd.advanceTo('2026-11-23T09:05:00Z');
  const answer = await postOk(opd, '/doctors/doc1/break', { minutes: 30, reason: 'tea' });
  expect(answer).toEqual({ doctor_id: 'doc1', until: '2026-11-23T09:35:00.000Z' });
  expect([await timeOf(opd, W1), await timeOf(opd, W2)]).toEqual(['09:35', '09:55']);
  const early = await postOk(opd, '/doctors/doc1/break', { minutes: 0 });
  expect(early).toEqual({ doctor_id: 'doc1', until: null });
  expect(await timeOf(opd, W1)).toBe('09:05');
  const unknown = await opd.post('/doctors/nobody/break', { minutes: 5 });
  expect(unknown).toMatchObject({ status: 404, body: { code: 'doctor_not_found' } });
});

it('a delay of a running slot moves the times of those not yet seen, and nobody becomes too early', async () => {
  const opd = await openApp();
  const { W1, W2 } = await bookAll(opd, 'W1 W2');
  await opd.advanceTo('2026-11-23T09:10:00Z');
  const delayed = await postOk<{ slots: object[] }>(opd, '/doctors/doc1/delay', {
    ...{ date: '2026-11-23', minutes: 40 },
  });
  expect(delayed.slots[0]).toMatchObject({
    id: NINE,
    expected_start_time: '2026-11-23T09:00:00.000Z',
    expected_end_time: '2026-11-23T10:40:00.000Z',
  });
  expect([await timeOf(opd, W1), await timeOf(opd, W2)]).toEqual(['09:40', '10:00']);
  await postOk(opd, '/no-show', { token_id: W1 });
});

it('alternatives are slots that the patient can still make, not one whose hour has passed', async () => {
  const opd = await openApp();
  await bookAll(opd, 'W1 W2 W3', TEN);
  await opd.advanceTo('2026-11-23T10:10:00Z');
  // The minutes of grace still let the first slot be booked.
  expect(await opd.slot('2026-11-23')).toMatchObject({ status: 'OPEN', seats_left: 3 });
  const waiting = await opd.book('W4', { slot_id: TEN });
  expect(waiting.alternatives?.map(({ id }) => id)).toEqual([
    'doc1_slot1@2026-11-24',
    'doc1_slot2@2026-11-24',
    'doc1_slot1@2026-11-25',
  ]);
});
