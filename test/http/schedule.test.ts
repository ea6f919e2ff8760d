import { expect, it, vi } from 'vitest';
import type { ScheduleView } from '../../src/http/resources/index.ts';
import { demoRoster } from '../../src/service/index.ts';
import { durableDatabase, newDatabase } from '../support/app/app-database.ts';
import { openApp, type TestApp } from '../support/app/app.ts';
import { doctorInput } from '../support/app/doctor-input.ts';

const schedule = async (opd: TestApp, query = ''): Promise<ScheduleView> => {
  const answer = await opd.get<ScheduleView>(`/schedule?doctor_id=doc1${query}`);
  expect(answer).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
  return answer.body;
};

const idsOf = async (opd: TestApp, query = ''): Promise<string[]> =>
  (await schedule(opd, query)).slots.map(({ id }) => id);

it('the schedule shows the doctor with the slots of today and tomorrow', async () => {
  const opd = await openApp();
  const { slots, ...doctor } = await schedule(opd);
  const { body } = await opd.get('/doctors/doc1');
  expect(doctor).toEqual(body);
  expect(slots.map(({ id }) => id)).toEqual([
    'doc1_slot1@2026-11-23',
    'doc1_slot2@2026-11-23',
    'doc1_slot1@2026-11-24',
    'doc1_slot2@2026-11-24',
  ]);
  expect(slots[0]).toEqual({
    id: 'doc1_slot1@2026-11-23',
    intake: 'ALL',
    kept: false,
    doctor_id: 'doc1',
    start_time: '2026-11-23T09:00:00.000Z',
    end_time: '2026-11-23T10:00:00.000Z',
    delay_minutes: 0,
    expected_start_time: '2026-11-23T09:00:00.000Z',
    expected_end_time: '2026-11-23T10:00:00.000Z',
    capacity: 3,
    seated: 0,
    seats_left: 3,
    waiting: 0,
    status: 'OPEN',
    tokens: [],
    waitlist: [],
  });
});

it.each([
  // In UTC it is the 22nd, 20:00; in Kolkata the 23rd, 01:30; in Honolulu the 22nd, 10:00.
  ['Asia/Kolkata', '2026-11-23', '2026-11-23T03:30:00.000Z'],
  ['Pacific/Honolulu', '2026-11-22', '2026-11-22T19:00:00.000Z'],
])("the schedule begins with the doctor's local day, %s", async (timeZone, today, start) => {
  const opd = await openApp({ timeZone, now: '2026-11-22T20:00:00Z' });
  const [first] = (await schedule(opd)).slots;
  expect(first).toMatchObject({ id: `doc1_slot1@${today}`, start_time: start });
});

it.each([
  ['&date=2026-11-25', ['doc1_slot1@2026-11-25', 'doc1_slot2@2026-11-25']],
  ['&from=2026-11-25&to=2026-11-25', ['doc1_slot1@2026-11-25', 'doc1_slot2@2026-11-25']],
  ['&date=2027-11-25', []],
  ['&date=2020-02-29', []],
  ['&date=9999-12-31', []],
])('the schedule shows the slots of %s', async (query, ids) => {
  expect(await idsOf(await openApp(), query)).toEqual(ids);
});

it('a schedule has at most 31 days', async () => {
  const opd = await openApp({ horizonDays: 40 });
  expect(await idsOf(opd, '&from=2026-12-01&to=2026-12-31')).toHaveLength(62);
  const refused = await opd.get('/schedule?doctor_id=doc1&from=2026-11-30&to=2026-12-31');
  expect(refused).toMatchObject({ status: 400, body: { errors: [{ pointer: '/to' }] } });
});

it.each([
  ['date=2026-02-30', '/date'],
  ['date=2026-13-01', '/date'],
  ['date=2027-02-29', '/date'],
  ['date=tomorrow', '/date'],
  ['date=2026-11-3', '/date'],
  ['date=', '/date'],
  ['date=2026-11-23T00:00:00Z', '/date'],
  ['from=2026-11-23&to=2026-11-31', '/to'],
  ['from=2026-11-00&to=2026-11-30', '/from'],
  ['from=2026-11-24&to=2026-11-23', '/to'],
  ['from=2026-11-24', '/to'],
  ['to=2026-11-24', '/from'],
  ['date=2026-11-24&from=2026-11-24&to=2026-11-24', '/date'],
  ['date=2026-11-24&to=2026-11-24', '/date'],
])('a schedule with %s is refused', async (query, pointer) => {
  const answer = await (await openApp()).get(`/schedule?doctor_id=doc1&${query}`);
  const errors = [{ pointer }];
  expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request', errors } });
});

it('the schedule of an unknown doctor is not found', async () => {
  const answer = await (await openApp()).get('/schedule?doctor_id=doc9');
  expect(answer).toMatchObject({ status: 404, body: { code: 'doctor_not_found' } });
});

it('the schedule shows all tokens in rank order, and the waiting ones with their positions', async () => {
  const opd = await openApp();
  for (const name of ['W1', 'F2', 'O3', 'W4', 'F5', 'P6', 'O7', 'E8']) await opd.book(name);
  const slot = await opd.slot('2026-11-23');
  expect(slot.tokens.map(({ patient_name }) => patient_name)).toEqual(['E8', 'P6', 'F2']);
  expect(slot.tokens.map(({ waitlist_position }) => waitlist_position)).toEqual([null, null, null]);
  const waiting = slot.waitlist.map((token) => [token.patient_name, token.waitlist_position]);
  expect(waiting).toEqual([
    ['F5', 1],
    ['O3', 2],
    ['O7', 3],
    ['W1', 4],
    ['W4', 5],
  ]);
  expect(slot).toMatchObject({ seated: 3, waiting: 5, seats_left: 0 });
});

it('the schedule shows past slots with their tokens, in memory or evicted', async () => {
  const opd = await openApp();
  for (const name of ['W1', 'W2', 'W3', 'W4']) await opd.book(name);
  const { body } = await opd.get<ScheduleView>('/schedule?doctor_id=doc1&date=2026-11-23');
  const [beforeStart] = body.slots;
  opd.now = '2026-11-23T10:30:00Z';
  const beforeTick = await opd.slot('2026-11-23');
  expect(beforeTick).toMatchObject({ status: 'ENDED', seated: 3, waiting: 1 });
  await opd.advanceTo('2026-11-23T23:59:00Z');
  opd.now = '2026-11-24T00:00:00Z';
  const inMemory = await opd.slot('2026-11-23');
  await opd.advanceTo('2026-11-24T00:00:00Z');
  const stored = await opd.slot('2026-11-23');
  expect(inMemory).toMatchObject({ status: 'ENDED', seated: 3, waiting: 0 });
  expect(stored).toEqual(inMemory);
  expect(stored.tokens.map(({ id }) => id)).toEqual(beforeStart?.tokens.map(({ id }) => id));
  await opd.advanceTo('2026-11-25T12:00:00Z');
  expect(await idsOf(opd, '&from=2026-11-22&to=2026-11-26')).toHaveLength(8);
});

it('a slot is ENDED from its end and grace on, and not before', async () => {
  const opd = await openApp({ graceMinutes: 5 });
  opd.now = '2026-11-23T10:04:59.999Z';
  expect(await opd.slot('2026-11-23')).toMatchObject({ status: 'OPEN' });
  await opd.book('W1', { slot_id: 'doc1_slot1@2026-11-23' });
  opd.now = '2026-11-23T10:05:00Z';
  expect(await opd.slot('2026-11-23')).toMatchObject({ status: 'ENDED' });
});

it('the slots of a removed session are CLOSED, except a slot with a token', async () => {
  const opd = await openApp();
  await opd.book('W1');
  await opd.put('/doctors/doc1', doctorInput({ sessions: [] }));
  const slots = (await schedule(opd)).slots.map(({ id, status }) => `${id} ${status}`);
  expect(slots).toEqual([
    'doc1_slot1@2026-11-23 OPEN',
    'doc1_slot2@2026-11-23 CLOSED',
    'doc1_slot1@2026-11-24 CLOSED',
    'doc1_slot2@2026-11-24 CLOSED',
  ]);
});

it('the schedule leaves out other doctors', async () => {
  const opd = await openApp({ roster: demoRoster('UTC').slice(0, 2) });
  const { body } = await opd.get<ScheduleView>('/schedule?doctor_id=doc2');
  expect(body.slots.every(({ doctor_id }) => doctor_id === 'doc2')).toBe(true);
});

it.each([
  ['in memory', newDatabase],
  ['on disk', durableDatabase],
])(
  'a schedule asks the archive only for days that memory may lack, with a database %s (R16)',
  async (_name, database) => {
    const opd = await openApp({ store: await database() });
    await opd.book('W1');
    const slots = vi.spyOn(opd.archive, 'slots');
    /** How many slots a schedule shows, and whether it asks the archive. */
    const shown = async (query: string): Promise<readonly [number, 'memory' | 'archive']> => {
      slots.mockClear();
      const { length } = await idsOf(opd, query);
      return [length, slots.mock.calls.length === 0 ? 'memory' : 'archive'];
    };
    const YESTERDAY = '&date=2026-11-23';
    expect(await shown('')).toEqual([4, 'memory']);
    expect(await shown('&from=2026-11-23&to=2026-11-29')).toEqual([14, 'memory']);
    await opd.advanceTo('2026-11-24T05:00:00Z');
    expect(await shown('')).toEqual([4, 'memory']);
    expect(await shown(YESTERDAY)).toEqual([2, 'archive']);
    expect(await shown('&from=2026-11-23&to=2026-11-24')).toEqual([4, 'archive']);
    expect((await schedule(opd, YESTERDAY)).slots[0]?.tokens).toHaveLength(1);
    // The clock is set back: the store loads the evicted slots, so memory has them again.
    opd.now = '2026-11-23T10:00:00Z';
    expect(await shown('')).toEqual([4, 'memory']);
    expect((await schedule(opd)).slots[0]?.tokens).toHaveLength(1);
  },
);
