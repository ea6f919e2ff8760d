import { describe, expect, it } from 'vitest';
import { slotId } from '../../src/engine/index.ts';
import type { BookingView, ScheduleView } from '../../src/http/resources/index.ts';
import { durableDatabase } from '../support/app/app-database.ts';
import { booking, openApp, type TestApp } from '../support/app/app.ts';
import { doctorInput, session } from '../support/app/doctor-input.ts';
import { postOk } from '../support/app/front-desk.ts';

// Memory is a cache of what is stored: a wrong clock evicts slots, and every command and read finds them again.

/** A single slot of doc1 on the morning of 23 November, with two checked-in walk-ins. */
async function withTwoPatients(opd: TestApp, more: object = {}) {
  const slot = {
    doctor_id: 'doc1',
    id: 'extra',
    start_time: '2026-11-23T08:30:00Z',
    end_time: '2026-11-23T09:30:00Z',
    capacity: 2,
    ...more,
  };
  expect(await opd.post('/slots', slot)).toMatchObject({ status: 201 });
  const ids: string[] = [];
  for (const name of ['W1', 'W2']) {
    const { id } = await opd.book(name, { slot_id: slot.id });
    await postOk(opd, '/check-in', { token_id: id });
    ids.push(id);
  }
  return { first: ids[0] ?? '', second: ids[1] ?? '' };
}

const openDurable = async (options: object = {}) =>
  openApp({ ...options, store: await durableDatabase() });

const isInMemory = ({ engine }: TestApp, id = 'extra'): boolean =>
  engine.slot(slotId(id)) !== undefined;

const RIGHT = '2026-11-23T08:40:00Z';
const WRONG = {
  'two days ahead': '2026-11-25T08:40:00Z',
  '400 days ahead': '2027-12-28T08:40:00Z',
};

describe.each(Object.entries(WRONG))('after the clock was %s for one tick', (_, wrong) => {
  it.each<[what: string, look: (opd: TestApp, ids: { first: string; second: string }) => unknown]>([
    [
      'the checked-in patients of a single slot are called',
      async (opd, { first, second }) => {
        const call = { doctor_id: 'doc1', complete_current: true };
        for (const id of [first, second])
          expect(await opd.post('/call-next', call)).toMatchObject({ status: 200, body: { id } });
      },
    ],
    [
      'a patient in consultation still keeps the doctor busy',
      async (opd, { first, second }) => {
        await postOk(opd, '/start', { token_id: first });
        await opd.advanceTo(wrong);
        opd.now = RIGHT;
        const refused = { code: 'consultation_in_progress', token_id: first };
        const next = await opd.post('/call-next', { doctor_id: 'doc1' });
        expect(next).toMatchObject({ status: 409, body: refused });
        await opd.advanceTo(wrong);
        opd.now = RIGHT;
        const start = await opd.post('/start', { token_id: second });
        expect(start).toMatchObject({ status: 409, body: refused });
      },
    ],
    [
      'a delay of the day is a delay of all its slots',
      async (opd) => {
        const delay = { date: '2026-11-23', minutes: 20 };
        const { slots } = await postOk<ScheduleView>(opd, '/doctors/doc1/delay', delay);
        expect(slots.map(({ id }) => id)).toEqual([
          'extra',
          'doc1_slot1@2026-11-23',
          'doc1_slot2@2026-11-23',
        ]);
      },
    ],
    [
      'a session id means its slot of today',
      async (opd) =>
        expect(await opd.book('W3')).toMatchObject({ slot_id: 'doc1_slot1@2026-11-23' }),
    ],
    [
      'a patient who waits is told the free seats of today',
      async (opd) => {
        const { alternatives } = await opd.book('W3', { slot_id: 'extra' });
        expect(alternatives?.[0]).toMatchObject({ id: 'doc1_slot1@2026-11-23' });
      },
    ],
    [
      'the numbers of the day go on in a new slot (R10)',
      async (opd) => {
        const answer = await opd.post('/slots', {
          ...{ doctor_id: 'doc1', id: 'new', capacity: 1 },
          ...{ start_time: '2026-11-23T12:00:00Z', end_time: '2026-11-23T13:00:00Z' },
        });
        expect(answer).toMatchObject({ status: 201 });
        expect(await opd.book('W3', { slot_id: 'new' })).toMatchObject({ number: 3 });
      },
    ],
    [
      'a revised session revises its slot of today',
      async (opd) => {
        const sessions = [session('doc1_slot1', { capacity: 7 }), session('doc1_slot2')];
        const answer = await opd.put('/doctors/doc1', doctorInput({ sessions }));
        expect(answer).toMatchObject({ status: 200 });
        expect(await opd.slot('2026-11-23')).toMatchObject({ capacity: 7 });
      },
    ],
    [
      'the id of a slot of today is taken for a session of another doctor',
      async (opd) => {
        const input = doctorInput({ sessions: [session('extra')] });
        const answer = await opd.put('/doctors/doc2', input);
        expect(answer).toMatchObject({ status: 409, body: { code: 'id_taken' } });
      },
    ],
  ])('%s', async (_what, look) => {
    const opd = await openDurable();
    const ids = await withTwoPatients(opd);
    await opd.advanceTo(RIGHT);
    await opd.advanceTo(wrong);
    expect(isInMemory(opd)).toBe(false);
    opd.now = RIGHT;
    await look(opd, ids);
    await opd.service.tick();
    await opd.store.close();
  });

  it('the numbers of a day go on when all its other slots are past (R10)', async () => {
    const opd = await openDurable();
    await withTwoPatients(opd);
    await opd.advanceTo('2026-11-24T06:00:00Z');
    await opd.advanceTo(wrong);
    opd.now = '2026-11-24T06:00:00Z';
    const night = { doctor_id: 'doc1', id: 'night', capacity: 1 };
    const [start_time, end_time] = ['2026-11-23T22:00:00Z', '2026-11-24T08:00:00Z'];
    const answer = await opd.post('/slots', { ...night, start_time, end_time });
    expect(answer).toMatchObject({ status: 201 });
    expect(await opd.book('W3', { slot_id: 'night' })).toMatchObject({ number: 3 });
    await opd.store.close();
  });

  it('a start with the wrong clock loads the same patients once the clock is right', async () => {
    const store = await durableDatabase();
    const before = await openApp({ store });
    const { first } = await withTwoPatients(before);
    await before.store.close();
    const opd = await openApp({ store, now: wrong, roster: [] });
    expect(isInMemory(opd)).toBe(false);
    await opd.advanceTo(RIGHT);
    const called = await opd.post('/call-next', { doctor_id: 'doc1' });
    expect(called).toMatchObject({ status: 200, body: { id: first } });
    expect(await opd.book('W3')).toMatchObject({ number: 3 });
    await opd.store.close();
  });
});

describe("a doctor's calendar that goes back", () => {
  it('by a move to the west finds the checked-in patients of a slot that was past', async () => {
    const opd = await openDurable({ timeZone: 'Asia/Kolkata' });
    const { first } = await withTwoPatients(opd);
    await opd.advanceTo('2026-11-23T19:00:00Z');
    expect(isInMemory(opd)).toBe(false);
    const west = doctorInput({ time_zone: 'America/New_York' });
    expect(await opd.put('/doctors/doc1', west)).toMatchObject({ status: 200 });
    const called = await opd.post('/call-next', { doctor_id: 'doc1' });
    expect(called).toMatchObject({ status: 200, body: { id: first } });
    await opd.store.close();
  });

  it('by daylight saving, a minute after midnight, finds them too', async () => {
    // In St. John's, 00:01 of 7 November 2010 was followed by 23:01 of 6 November.
    const opd = await openDurable({ timeZone: 'America/St_Johns', now: '2010-11-06T12:00:00Z' });
    const [start_time, end_time] = ['2010-11-06T13:00:00Z', '2010-11-06T14:00:00Z'];
    const { first } = await withTwoPatients(opd, { start_time, end_time });
    await opd.advanceTo('2010-11-07T02:30:30Z');
    expect(isInMemory(opd)).toBe(false);
    await opd.advanceTo('2010-11-07T02:31:00Z');
    const called = await opd.post('/call-next', { doctor_id: 'doc1' });
    expect(called).toMatchObject({ status: 200, body: { id: first } });
    await opd.store.close();
  });
});

describe('an id that a session yields', () => {
  it('is refused for a session when a single slot has it, also one that was evicted long ago', async () => {
    const opd = await openDurable();
    // The slot is of November, but its id is that of a slot of December.
    await withTwoPatients(opd, { id: 'late@2026-12-24' });
    await opd.advanceTo('2026-12-01T08:00:00Z');
    const input = doctorInput({ sessions: [session('late')] });
    for (const id of ['doc2', 'rao']) {
      const answer = await opd.put(`/doctors/${id}`, input);
      expect(answer).toMatchObject({ status: 409, body: { code: 'id_taken' } });
    }
    expect(await opd.get('/doctors/rao')).toMatchObject({ status: 404 });
    const other = doctorInput({ sessions: [session('later')] });
    expect(await opd.put('/doctors/rao', other)).toMatchObject({ status: 201 });
    await opd.store.close();
  });

  it('is refused for a session that another doctor had, also when its slots were evicted', async () => {
    const opd = await openDurable({ horizonDays: 1 });
    await opd.put('/doctors/doc1', doctorInput({ sessions: [] }));
    await opd.advanceTo('2026-12-01T08:00:00Z');
    const input = doctorInput({ sessions: [session('doc1_slot1')] });
    const answer = await opd.put('/doctors/doc2', input);
    expect(answer).toMatchObject({ status: 409, body: { code: 'id_taken' } });
    expect(await opd.put('/doctors/doc1', input)).toMatchObject({ status: 200 });
    await opd.store.close();
  });
});

describe('the id of a session whose slots are over', () => {
  it('is refused with slot_ended, before and after the slots are evicted', async () => {
    const opd = await openDurable({ horizonDays: 1 });
    const sessions = [session('mondays', { weekdays: ['mon'] })];
    await opd.put('/doctors/rao', doctorInput({ sessions }));
    const rao = { doctor_id: 'rao', slot_id: 'mondays' };
    const { id } = await opd.post<BookingView>('/book', booking('W1')).then(({ body }) => body);
    expect(await opd.book('W2', { ...rao, patient_id: 'p' })).toMatchObject({ status: 'BOOKED' });
    for (const now of ['2026-11-23T18:00:00Z', '2026-11-24T08:00:00Z']) {
      await opd.advanceTo(now);
      const ended = { status: 409, body: { code: 'slot_ended' } };
      expect(await opd.post('/book', booking('W3', rao))).toMatchObject(ended);
      expect(await opd.post('/book', booking('W2', { ...rao, patient_id: 'p' }))).toMatchObject(
        ended,
      );
      expect(await opd.post('/move', { token_id: id, slot_id: 'mondays' })).toMatchObject(ended);
      const close = { reason: 'ill', move_to: 'mondays' };
      const closing = await opd.post('/slots/doc1_slot1@2026-11-24/close', close);
      expect(closing).toMatchObject(ended);
    }
    expect(isInMemory(opd, 'mondays@2026-11-23')).toBe(false);
    await opd.store.close();
  });
});
