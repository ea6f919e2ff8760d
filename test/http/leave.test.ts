import { describe, expect, it } from 'vitest';
import type {
  DoctorView,
  PutHolidaysView,
  ReturnedLeaveView,
  ScheduleView,
  TakenLeaveView,
} from '../../src/http/resources/index.ts';
import { booking, openApp, type Answer, type TestApp } from '../support/app/app.ts';
import { doctorInput, session } from '../support/app/doctor-input.ts';
import { historyOf, postOk } from '../support/app/front-desk.ts';

// What a desk meets when a doctor is on leave and on the hospital's holidays (R24).

const WEEK = { from: '2026-11-24', to: '2026-11-26', reason: 'a course' };

const takeLeave = (opd: TestApp, more: object = {}, query = '') =>
  opd.post<TakenLeaveView>(`/doctors/doc1/leave${query}`, { ...WEEK, ...more });

const endLeave = (opd: TestApp, id: string): Promise<Answer<ReturnedLeaveView>> =>
  opd.send({ method: 'DELETE', url: `/doctors/doc1/leave/${id}` });

/** The status of each slot of the first session from one day to another, by the day of the month. */
const statusesOf = async (opd: TestApp, days = 'from=2026-11-23&to=2026-11-27') => {
  const { body } = await opd.get<ScheduleView>(`/schedule?doctor_id=doc1&${days}`);
  const slots = body.slots.filter(({ id }) => id.startsWith('doc1_slot1@'));
  return Object.fromEntries(slots.map(({ id, status }) => [id.slice(-2), status]));
};

const OPEN_WEEK = { 23: 'OPEN', 24: 'OPEN', 25: 'OPEN', 26: 'OPEN', 27: 'OPEN' };
const LEAVE_WEEK = { ...OPEN_WEEK, 24: 'CLOSED', 25: 'CLOSED', 26: 'CLOSED' };

describe('a doctor is on leave from Tuesday to Thursday', () => {
  it('the patients are cancelled, listed, and told why by their histories', async () => {
    const opd = await openApp();
    const { id } = await opd.book('W1', { slot_id: 'doc1_slot1@2026-11-25' });
    const { status, body } = await takeLeave(opd);
    expect(status).toBe(200);
    expect(body).toMatchObject({ ...WEEK, doctor_id: 'doc1' });
    expect(body.slots).toHaveLength(6);
    const affected = body.slots.flatMap((slot) => slot.affected);
    expect(affected).toMatchObject([{ outcome: 'cancelled_by_hospital', token: { id } }]);
    expect(await statusesOf(opd)).toEqual(LEAVE_WEEK);
    expect((await historyOf(opd, id)).at(-1)).toMatchObject({
      ...{ kind: 'cancelled', reason: 'a course' },
    });
    expect((await opd.get<DoctorView>('/doctors/doc1')).body.leaves).toEqual([
      { id: body.id, ...WEEK },
    ]);
    const refused = await opd.post('/book', booking('W2', { slot_id: 'doc1_slot1@2026-11-24' }));
    expect(refused).toMatchObject({ status: 409, body: { code: 'slot_closed' } });
  });

  it('the patients move to the next slot of the session that is not on leave', async () => {
    const opd = await openApp();
    const { id } = await opd.book('W1', { slot_id: 'doc1_slot1@2026-11-24' });
    const { body } = await takeLeave(opd, { move_to: 'doc1_slot1' });
    expect(body.slots.flatMap((slot) => slot.affected)).toMatchObject([
      { outcome: 'moved', seated: true, token: { id, slot_id: 'doc1_slot1@2026-11-27' } },
    ]);
  });

  it('a colleague takes the patients day by day', async () => {
    const opd = await openApp();
    for (const day of ['24', '25']) await opd.book('W', { slot_id: `doc1_slot2@2026-11-${day}` });
    const { body } = await takeLeave(opd, { move_to: 'doc2_slot2' });
    const tokens = body.slots.flatMap((slot) => slot.affected.map(({ token }) => token.slot_id));
    expect(tokens).toEqual(['doc2_slot2@2026-11-24', 'doc2_slot2@2026-11-25']);
  });

  it('a dry run answers the same and changes nothing', async () => {
    const opd = await openApp();
    await opd.book('W1', { slot_id: 'doc1_slot1@2026-11-25' });
    const dry = await takeLeave(opd, {}, '?dry_run=true');
    expect(await statusesOf(opd)).toEqual(OPEN_WEEK);
    expect((await opd.get<DoctorView>('/doctors/doc1')).body.leaves).toBeUndefined();
    const { body } = await takeLeave(opd);
    expect(dry.body.slots).toEqual(body.slots);
  });

  it('the leave is taken back: its slots are open and empty, and the patients stay where they are', async () => {
    const opd = await openApp();
    const { id } = await opd.book('W1', { slot_id: 'doc1_slot1@2026-11-24' });
    const leave = (await takeLeave(opd, { move_to: 'doc1_slot1' })).body.id;
    const { status, body } = await endLeave(opd, leave);
    expect(status).toBe(200);
    expect(body.slots.map((slot) => slot.id).slice(0, 2)).toEqual([
      ...['doc1_slot1@2026-11-24', 'doc1_slot2@2026-11-24'],
    ]);
    expect(body.slots).toHaveLength(6);
    expect(await statusesOf(opd)).toEqual(OPEN_WEEK);
    expect(await opd.get(`/tokens/${id}`)).toMatchObject({
      body: { status: 'BOOKED', slot_id: 'doc1_slot1@2026-11-27' },
    });
    expect(await endLeave(opd, leave)).toMatchObject({
      ...{ status: 404, body: { code: 'leave_not_found' } },
    });
  });

  it('the sessions change meanwhile: the slots that open again are those of the new sessions', async () => {
    const opd = await openApp();
    const { id } = (await takeLeave(opd)).body;
    const sessions = [session('doc1_slot1', { start: '14:00', end: '15:00', weekdays: ['wed'] })];
    await opd.put('/doctors/doc1', doctorInput({ sessions }));
    const { body } = await endLeave(opd, id);
    expect(body.slots.map((slot) => [slot.id, slot.start_time.slice(11, 16)])).toEqual([
      ['doc1_slot1@2026-11-25', '14:00'],
    ]);
    expect(await statusesOf(opd)).toMatchObject({ 24: 'CLOSED', 25: 'OPEN', 26: 'CLOSED' });
  });

  it('a PUT of the doctor keeps the leave', async () => {
    const opd = await openApp();
    await takeLeave(opd);
    await opd.put('/doctors/doc1', doctorInput({ name: 'Dr. A' }));
    expect((await opd.get<DoctorView>('/doctors/doc1')).body.leaves).toHaveLength(1);
    expect(await statusesOf(opd)).toEqual(LEAVE_WEEK);
  });

  it.each<[what: string, body: object, pointer: string]>([
    ['a date that does not exist', { from: '2026-02-30' }, '/from'],
    ['an end before the start', { to: '2026-11-23' }, '/to'],
    ['no reason', { reason: '' }, '/reason'],
  ])('%s is refused', async (_, body, pointer) => {
    const opd = await openApp();
    expect(await takeLeave(opd, body)).toMatchObject({
      ...{ status: 400, body: { errors: [{ pointer }] } },
    });
  });

  it('a leave far ahead: its dates get no slot when their day comes near', async () => {
    const opd = await openApp({ horizonDays: 2 });
    const far = { from: '2027-06-01', to: '2027-06-30' };
    expect((await takeLeave(opd, far)).body.slots).toEqual([]);
    await opd.advanceTo('2027-05-30T08:00:00Z');
    const days = 'from=2027-05-30&to=2027-06-02';
    expect(await statusesOf(opd, days)).toEqual({ 30: 'OPEN', 31: 'OPEN' });
  });
});

describe('the hospital has a holiday on Wednesday', () => {
  const HOLIDAY = { date: '2026-11-25', name: 'Founders’ day' };
  const put = (opd: TestApp, holidays: object[], query = '') =>
    opd.put<PutHolidaysView>(`/holidays${query}`, holidays);

  it('the slots of every doctor close, and open again when it is removed', async () => {
    const opd = await openApp();
    await opd.book('W1', { slot_id: 'doc1_slot1@2026-11-25' });
    const dry = await put(opd, [HOLIDAY], '?dry_run=true');
    expect(await opd.get('/holidays')).toMatchObject({ body: { holidays: [] } });
    const { body } = await put(opd, [HOLIDAY]);
    expect(dry.body).toEqual(body);
    expect(body.closed_slots.map(({ id }) => id).sort()).toEqual([
      ...['doc1_slot1@2026-11-25', 'doc1_slot2@2026-11-25', 'doc2_slot1@2026-11-25'],
      ...['doc2_slot2@2026-11-25', 'doc3_slot1@2026-11-25', 'doc3_slot2@2026-11-25'],
    ]);
    expect(body.closed_slots.flatMap(({ affected }) => affected)).toHaveLength(1);
    expect(await opd.get('/holidays')).toMatchObject({ body: { holidays: [HOLIDAY] } });
    expect(await statusesOf(opd)).toEqual({ ...OPEN_WEEK, 25: 'CLOSED' });
    const removed = await put(opd, []);
    expect(removed.body).toMatchObject({ holidays: [], closed_slots: [] });
    expect(removed.body.opened_slots).toHaveLength(6);
    expect(await statusesOf(opd)).toEqual(OPEN_WEEK);
  });

  it('again, changes nothing', async () => {
    const opd = await openApp();
    await put(opd, [HOLIDAY]);
    expect((await put(opd, [HOLIDAY])).body).toEqual({
      ...{ holidays: [HOLIDAY], closed_slots: [], opened_slots: [] },
    });
  });

  it('a doctor who is added later does not sit on it either, and slots of a day to come are not opened', async () => {
    const opd = await openApp({ horizonDays: 2 });
    await put(opd, [HOLIDAY, { date: '2026-11-27', name: 'Friday' }]);
    await opd.put('/doctors/rao', doctorInput({ sessions: [session('rao')] }));
    await opd.advanceTo('2026-11-26T08:00:00Z');
    const { body } = await opd.get<ScheduleView>(
      '/schedule?doctor_id=rao&from=2026-11-23&to=2026-11-28',
    );
    expect(body.slots.map(({ id }) => id.slice(-2))).toEqual(['23', '24', '26', '28']);
  });

  it.each<[what: string, body: unknown, pointer: string]>([
    ['twice the same date', [HOLIDAY, HOLIDAY], '/1/date'],
    ['a date that does not exist', [{ ...HOLIDAY, date: '2026-02-30' }], '/0/date'],
    ['no name', [{ date: '2026-11-25' }], '/0'],
    ['no list', HOLIDAY, ''],
    ['more than a thousand', Array.from({ length: 1_001 }, () => HOLIDAY), ''],
  ])('%s is refused and changes nothing', async (_, body, pointer) => {
    const opd = await openApp();
    expect(await put(opd, body as object[])).toMatchObject({
      ...{
        status: 400,
        body: { errors: [{ pointer: expect.stringContaining(pointer) as string }] },
      },
    });
    expect(await opd.get('/holidays')).toMatchObject({ body: { holidays: [] } });
  });

  it('the record of the holidays is no doctor to anybody', async () => {
    const opd = await openApp();
    await put(opd, [HOLIDAY]);
    for (const url of ['/doctors', '/doctors?retired=true']) {
      const { body } = await opd.get<{ doctors: DoctorView[] }>(url);
      expect(body.doctors.map(({ id }) => id)).not.toContain('*');
    }
    for (const url of [
      '/doctors/*',
      '/schedule?doctor_id=*',
      '/reports/day?doctor_id=*&date=2026-11-25',
    ])
      expect([url, (await opd.get(url)).status]).toEqual([url, 400]);
    expect((await opd.put('/doctors/*', doctorInput())).status).toBe(400);
    expect((await opd.post('/book', booking('W1', { doctor_id: '*' }))).status).toBe(400);
  });
});

describe('a doctor retires', () => {
  const retire = (opd: TestApp, id = 'doc1') =>
    opd.send<DoctorView>({ method: 'DELETE', url: `/doctors/${id}` });

  it('when no patient has still to be seen: not listed, nothing to book, the past readable', async () => {
    const opd = await openApp();
    const { id } = await opd.book('W1');
    expect(await retire(opd)).toMatchObject({
      ...{ status: 409, body: { code: 'doctor_in_use', token_id: id, count: 1 } },
    });
    await postOk(opd, '/cancel', { token_id: id });
    expect(await retire(opd)).toMatchObject({ status: 200, body: { id: 'doc1', retired: true } });
    expect(await retire(opd)).toMatchObject({ status: 200 });
    const idsAt = async (url: string) =>
      (await opd.get<{ doctors: DoctorView[] }>(url)).body.doctors.map((doctor) => doctor.id);
    expect(await idsAt('/doctors')).toEqual(['doc2', 'doc3']);
    expect(await idsAt('/doctors?retired=true')).toEqual(['doc1']);
    expect(await opd.get('/doctors/doc1')).toMatchObject({ body: { retired: true } });
    expect(await opd.get(`/tokens/${id}`)).toMatchObject({ body: { status: 'CANCELLED' } });
    expect(await opd.post('/book', booking('W2'))).toMatchObject({
      ...{ status: 409, body: { code: 'slot_closed' } },
    });
    await opd.advanceTo('2026-11-25T08:00:00Z');
    const days = 'from=2026-12-08&to=2026-12-09';
    expect(await statusesOf(opd, days)).toEqual({});
  });

  it('and comes back by a PUT, with the slots', async () => {
    const opd = await openApp();
    await retire(opd);
    const { body } = await opd.put<DoctorView>('/doctors/doc1', doctorInput());
    expect(body.retired).toBeUndefined();
    expect(await opd.book('W1')).toMatchObject({ slot_id: 'doc1_slot1@2026-11-23' });
  });

  it('an unknown doctor cannot', async () => {
    const opd = await openApp();
    expect(await retire(opd, 'nobody')).toMatchObject({
      ...{ status: 404, body: { code: 'doctor_not_found' } },
    });
  });
});
