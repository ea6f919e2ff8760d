import { describe, expect, it } from 'vitest';
import type { DelayView, RevisedView, SlotView } from '../../src/http/resources/index.ts';
import { booking, openApp, type TestApp } from '../support/app/app.ts';
import {
  bookAll,
  historyOf,
  NINE,
  patientsIn,
  postOk,
  stateOf,
  TEN,
} from '../support/app/front-desk.ts';

describe('a capacity', () => {
  const revise = async (opd: TestApp, body: object): Promise<RevisedView> => {
    const answer = await opd.patch<RevisedView>(`/slots/${NINE}`, body);
    expect(answer).toMatchObject({ status: 200 });
    return answer.body;
  };

  it('that grows promotes waiting tokens, best rank first', async () => {
    const opd = await openApp();
    const ids = await bookAll(opd, 'W1 W2 W3 W4 F5 W6');
    expect(await patientsIn(opd, NINE)).toBe('F5 W1 W2 | W3 W4 W6');
    const answer = await revise(opd, { capacity: 5 });
    expect(answer).toMatchObject({
      id: NINE,
      capacity: 5,
      seated: 5,
      seats_left: 0,
      waiting: 1,
      bumped: [],
      promoted: [
        { id: ids['W3'], status: 'BOOKED', estimated_time: '2026-11-23T09:36:00.000Z' },
        { id: ids['W4'], status: 'BOOKED' },
      ],
    });
    expect(answer.tokens).toHaveLength(5);
    const change = { kind: 'promoted', cause: null, actor: 'anonymous' };
    expect((await historyOf(opd, ids['W3'] ?? '')).at(-1)).toMatchObject(change);
  });

  it('that shrinks bumps the weakest tokens, those without a check-in first (R12)', async () => {
    const opd = await openApp();
    const ids = await bookAll(opd, 'W1+ F2 P3!');
    expect(await revise(opd, { capacity: 2 })).toMatchObject({
      capacity: 2,
      bumped: [{ id: ids['F2'], waitlist_position: 1 }],
      promoted: [],
    });
    expect((await revise(opd, { capacity: 1 })).bumped).toMatchObject([{ id: ids['W1'] }]);
    expect(await patientsIn(opd, NINE)).toBe('P3:IN_CONSULTATION | F2 W1');
    // W1 has checked in before, so the promoted token is CHECKED_IN again.
    expect((await revise(opd, { capacity: 3 })).promoted).toMatchObject([
      { id: ids['F2'], status: 'BOOKED' },
      { id: ids['W1'], status: 'CHECKED_IN' },
    ]);
  });

  it('changes together with the delay, and a repeat changes nothing', async () => {
    const opd = await openApp();
    const ids = await bookAll(opd, 'W1 W2 W3 W4');
    const both = { capacity: 4, delay_minutes: 15 };
    expect(await revise(opd, both)).toMatchObject({
      ...both,
      start_time: '2026-11-23T09:00:00.000Z',
      end_time: '2026-11-23T10:00:00.000Z',
      expected_start_time: '2026-11-23T09:15:00.000Z',
      expected_end_time: '2026-11-23T10:15:00.000Z',
      promoted: [{ id: ids['W4'], estimated_time: '2026-11-23T10:00:00.000Z' }],
    });
    const before = await stateOf(opd, Object.values(ids));
    expect(await revise(opd, both)).toMatchObject({ bumped: [], promoted: [] });
    expect(await stateOf(opd, Object.values(ids))).toEqual(before);
  });

  it.each<[code: string, status: number, id: string, body: object, facts: object]>([
    ['slot_not_found', 404, 'x', { capacity: 1 }, {}],
    // A session's id is refused, because a repeat would mean the slot of another day.
    ['slot_not_found', 404, 'doc1_slot1', { capacity: 1 }, {}],
    ['slot_ended', 409, NINE, { capacity: 1 }, {}],
    ['slot_ended', 409, NINE, { delay_minutes: 600 }, {}],
    ['slot_closed', 409, 'closed', { capacity: 1 }, {}],
    ['capacity_below_seated', 409, TEN, { capacity: 1 }, { count: 2 }],
    ['capacity_below_seated', 409, TEN, { capacity: 1, delay_minutes: 5 }, { count: 2 }],
  ])(
    'is not changed by a refused PATCH: %s %i for slot %s and body %j',
    async (code, status, id, body, facts) => {
      const opd = await openApp();
      const ids = { ...(await bookAll(opd, 'W1 W2')), ...(await bookAll(opd, 'W3! W4+ W5', TEN)) };
      await postOk(opd, '/complete', { token_id: ids['W3'] });
      await postOk(opd, '/start', { token_id: ids['W4'] });
      const [start_time, end_time] = ['2026-11-23T12:00:00Z', '2026-11-23T13:00:00Z'];
      const closed = { doctor_id: 'doc1', id: 'closed', start_time, end_time, capacity: 2 };
      expect(await opd.post('/slots', closed)).toMatchObject({ status: 201 });
      await postOk(opd, '/slots/closed/close', { reason: 'ill' });
      await opd.advanceTo('2026-11-23T10:30:00Z');
      const before = await stateOf(opd, Object.values(ids));
      const refused = { status, body: { code, ...facts } };
      expect(await opd.patch(`/slots/${id}`, body)).toMatchObject(refused);
      expect(await stateOf(opd, Object.values(ids))).toEqual(before);
    },
  );
});

describe('a delay', () => {
  const delay = (opd: TestApp, minutes: number, date = '2026-11-23') =>
    postOk<DelayView>(opd, '/doctors/doc1/delay', { date, minutes });
  const timesOf = ({ slots }: { readonly slots: readonly SlotView[] }): string[] =>
    slots.map(({ id, delay_minutes, expected_start_time, expected_end_time }) => {
      const hours = [expected_start_time, expected_end_time].map((time) => time.slice(11, 16));
      return `${id} ${delay_minutes} ${hours.join('-')}`;
    });

  it('is answered with the slots of the day and their new times, and can be removed', async () => {
    const opd = await openApp();
    const answer = await delay(opd, 25);
    expect(answer).toMatchObject({ doctor_id: 'doc1', date: '2026-11-23', minutes: 25 });
    expect(timesOf(answer)).toEqual([`${NINE} 25 09:25-10:25`, `${TEN} 25 10:25-11:25`]);
    expect(await opd.slot('2026-11-24')).toMatchObject({ delay_minutes: 0 });
    expect(timesOf(await delay(opd, 0))).toEqual([`${NINE} 0 09:00-10:00`, `${TEN} 0 10:00-11:00`]);
  });

  it('changes and answers only slots that have not ended, and moves the start of none that has begun', async () => {
    const opd = await openApp();
    await opd.advanceTo('2026-11-23T10:30:00Z');
    expect(timesOf(await delay(opd, 40))).toEqual([`${TEN} 40 10:00-11:40`]);
    expect(await opd.slot('2026-11-23')).toMatchObject({ delay_minutes: 0, status: 'ENDED' });
    expect(timesOf(await delay(opd, 40, '2026-11-22'))).toEqual([]);
    expect(timesOf(await delay(opd, 40, '2027-11-22'))).toEqual([]);
  });

  it('is for the local day of the doctor', async () => {
    const opd = await openApp({ timeZone: 'Asia/Kolkata', now: '2026-11-22T20:00:00Z' });
    expect(timesOf(await delay(opd, 5))).toEqual([`${NINE} 5 03:35-04:35`, `${TEN} 5 04:35-05:35`]);
  });

  it('makes the slot end as many minutes later', async () => {
    const opd = await openApp();
    await bookAll(opd, 'W1 W2 W3');
    await delay(opd, 45);
    opd.now = '2026-11-23T11:14:59.999Z';
    expect(await opd.book('W4', { slot_id: NINE })).toMatchObject({ status: 'WAITING' });
    opd.now = '2026-11-23T11:15:00Z';
    const late = await opd.post('/book', booking('W5', { slot_id: NINE }));
    expect(late).toMatchObject({ status: 409, body: { code: 'slot_ended' } });
  });

  it('of an unknown doctor is refused', async () => {
    const opd = await openApp();
    const answer = await opd.post('/doctors/x/delay', { date: '2026-11-23', minutes: 5 });
    expect(answer).toMatchObject({ status: 404, body: { code: 'doctor_not_found' } });
  });
});
