import { describe, expect, it } from 'vitest';
import type { PutDoctorView, ScheduleView, SlotView } from '../../src/http/resources/index.ts';
import { booking, openApp, type TestApp } from '../support/app/app.ts';
import { doctorInput, session } from '../support/app/doctor-input.ts';
import { postOk } from '../support/app/front-desk.ts';

// What a desk meets when a doctor's sessions change while patients have tokens in their slots (R25).

const TUESDAY = 'doc1_slot1@2026-11-24';

/** Sets the sessions of doc1: the first one as `more` says, or none. */
const change = async (opd: TestApp, more: object | null): Promise<PutDoctorView> => {
  const sessions = more === null ? [] : [session('doc1_slot1', more)];
  const answer = await opd.put<PutDoctorView>('/doctors/doc1', doctorInput({ sessions }));
  expect(answer).toMatchObject({ status: 200 });
  return answer.body;
};

const tuesday = async (opd: TestApp): Promise<SlotView | undefined> => {
  const { body } = await opd.get<ScheduleView>('/schedule?doctor_id=doc1&date=2026-11-24');
  return body.slots.find(({ id }) => id === TUESDAY);
};

const AFTERNOON = { start: '14:00', end: '15:00', capacity: 5 };

describe('the clinic of Tuesday moves to the afternoon while a patient is booked at nine', () => {
  it.each<[what: string, leave: (opd: TestApp, token_id: string) => Promise<unknown>]>([
    ['cancels', (opd, token_id) => postOk(opd, '/cancel', { token_id })],
    ['does not come', (opd, token_id) => postOk(opd, '/no-show', { token_id, force: true })],
    [
      'moves to another day',
      (opd, token_id) => postOk(opd, '/move', { token_id, slot_id: 'doc2_slot1' }),
    ],
  ])('the patient %s, and the slot is at two o’clock', async (_, leave) => {
    const opd = await openApp();
    const { id } = await opd.book('W1', { slot_id: TUESDAY });
    const { kept_slots } = await change(opd, AFTERNOON);
    expect(kept_slots).toEqual([
      {
        ...{ id: TUESDAY, seated: 1, waiting: 0 },
        ...{ start_time: '2026-11-24T09:00:00.000Z', end_time: '2026-11-24T10:00:00.000Z' },
      },
    ]);
    expect(await tuesday(opd)).toMatchObject({ kept: true, intake: 'NONE', status: 'OPEN' });
    for (const name of ['W2', 'E2']) {
      const refused = await opd.post('/book', booking(name, { slot_id: TUESDAY }));
      expect(refused).toMatchObject({ status: 409, body: { code: 'intake_closed' } });
    }
    await leave(opd, id);
    expect(await tuesday(opd)).toMatchObject({
      ...{ start_time: '2026-11-24T14:00:00.000Z', capacity: 5 },
      ...{ kept: false, intake: 'ALL', status: 'OPEN' },
    });
    const { start_time } = await opd.book('W3', { slot_id: TUESDAY });
    expect(start_time).toBe('2026-11-24T14:00:00.000Z');
  });

  it('is dropped: the slot closes when the patient has gone', async () => {
    const opd = await openApp();
    const { id } = await opd.book('W1', { slot_id: TUESDAY });
    await change(opd, null);
    await postOk(opd, '/cancel', { token_id: id });
    expect(await tuesday(opd)).toMatchObject({ status: 'CLOSED', kept: false });
    const refused = await opd.post('/book', booking('W2', { slot_id: TUESDAY }));
    expect(refused).toMatchObject({ status: 409, body: { code: 'slot_closed' } });
  });

  it('the next slot of the session is the first one that is not kept', async () => {
    const opd = await openApp();
    await opd.book('W1');
    await change(opd, AFTERNOON);
    expect(await opd.book('W2')).toMatchObject({ slot_id: TUESDAY });
  });

  it('a waiting patient is not offered the slot', async () => {
    const opd = await openApp();
    await opd.book('W1', { slot_id: TUESDAY });
    const sessions = [
      session('doc1_slot1', AFTERNOON),
      session('doc1_slot2', { start: '10:00', end: '11:00', capacity: 1, weekdays: ['wed'] }),
    ];
    await opd.put('/doctors/doc1', doctorInput({ sessions }));
    const wednesday = { slot_id: 'doc1_slot2@2026-11-25' };
    await opd.book('W2', wednesday);
    const { alternatives } = await opd.book('W3', wednesday);
    expect(alternatives?.map(({ id }) => id)).toEqual([
      ...['doc1_slot1@2026-11-23', 'doc1_slot1@2026-11-25', 'doc1_slot1@2026-11-26'],
    ]);
  });

  it('the hospital cannot move the patients of another slot into it', async () => {
    const opd = await openApp();
    await opd.book('W1', { slot_id: TUESDAY });
    await change(opd, AFTERNOON);
    const closing = { reason: 'ill', move_to: TUESDAY };
    const refused = await opd.post('/slots/doc2_slot1@2026-11-24/close', closing);
    expect(refused).toMatchObject({ status: 409, body: { code: 'intake_closed' } });
  });

  it('moves back: the slot takes patients again, and no slot is kept', async () => {
    const opd = await openApp();
    await opd.book('W1', { slot_id: TUESDAY });
    await change(opd, AFTERNOON);
    expect(await change(opd, {})).toMatchObject({ kept_slots: [] });
    expect(await opd.book('W2', { slot_id: TUESDAY })).toMatchObject({ status: 'BOOKED' });
  });

  it('the kept slot is known after a restart', async () => {
    const opd = await openApp();
    const { id } = await opd.book('W1', { slot_id: TUESDAY });
    await change(opd, AFTERNOON);
    const stored = await opd.archive.slot(TUESDAY as never);
    expect(stored?.kept?.replacement?.capacity).toBe(5);
    await postOk(opd, '/cancel', { token_id: id });
    expect(await opd.archive.slot(TUESDAY as never)).toMatchObject({
      ...{ kept: null, capacity: 5 },
    });
  });
});

describe('sessions of some dates and weeks', () => {
  const datesOf = async (opd: TestApp, id: string): Promise<string[]> => {
    const days = 'from=2026-11-23&to=2026-12-23';
    const { body } = await opd.get<ScheduleView>(`/schedule?doctor_id=doc1&${days}`);
    return body.slots
      .filter((slot) => slot.id.startsWith(`${id}@`) && slot.status === 'OPEN')
      .map((slot) => slot.id.slice(-5));
  };

  it('yield slots on these alone', async () => {
    const opd = await openApp({ horizonDays: 30 });
    const sessions = [
      session('camp', { valid_from: '2026-12-01', valid_until: '2026-12-03' }),
      session('second', { weekdays: ['wed'], valid_from: '2026-11-26', every_weeks: 2 }),
    ];
    const { body } = await opd.put<PutDoctorView>('/doctors/doc1', doctorInput({ sessions }));
    expect(body.sessions).toMatchObject([
      { valid_from: '2026-12-01', valid_until: '2026-12-03', every_weeks: 1 },
      { valid_from: '2026-11-26', every_weeks: 2 },
    ]);
    expect(await datesOf(opd, 'camp')).toEqual(['12-01', '12-02', '12-03']);
    expect(await datesOf(opd, 'second')).toEqual(['12-09', '12-23']);
  });

  it('a night clinic is one slot of the date on which it starts, with one sequence of numbers', async () => {
    const opd = await openApp({ timeZone: 'Asia/Kolkata' });
    const sessions = [session('night', { start: '22:00', end: '02:00' })];
    const input = doctorInput({ time_zone: 'Asia/Kolkata', sessions });
    await opd.put('/doctors/doc1', input);
    const place = { slot_id: 'night' };
    expect(await opd.book('W1', place)).toMatchObject({ slot_id: 'night@2026-11-23', number: 1 });
    // It is half past midnight in Kolkata.
    await opd.advanceTo('2026-11-23T19:00:00Z');
    expect(await opd.book('W2', place)).toMatchObject({
      ...{ slot_id: 'night@2026-11-23', number: 2, status: 'BOOKED' },
      end_time: '2026-11-23T20:30:00.000Z',
    });
    await opd.advanceTo('2026-11-23T21:00:00Z');
    expect(await opd.book('W3', place)).toMatchObject({ slot_id: 'night@2026-11-24', number: 1 });
  });

  it('sessions that overlap are allowed, and named', async () => {
    const opd = await openApp();
    const sessions = [
      session('ward', { start: '08:30', end: '09:30', weekdays: ['wed'] }),
      session('doc1_slot1'),
    ];
    const { body } = await opd.put<PutDoctorView>('/doctors/doc1', doctorInput({ sessions }));
    expect(body.overlaps).toEqual([{ sessions: ['ward', 'doc1_slot1'], date: '2026-11-25' }]);
  });
});
