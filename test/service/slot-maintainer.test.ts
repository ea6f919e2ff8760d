import { expect, it } from 'vitest';
import { doctorId, slotId } from '../../src/engine/index.ts';
import type { HistoryView, ScheduleView, SlotView } from '../../src/http/resources/index.ts';
import { demoRoster } from '../../src/service/index.ts';
import { durableDatabase } from '../support/app/app-database.ts';
import { booking, openApp, openAppOnTestDisk, type TestApp } from '../support/app/app.ts';
import { doctorInput, session } from '../support/app/doctor-input.ts';

const HOUR_MS = 3_600_000;

const doc1 = ({ engine }: TestApp) => {
  const doctor = engine.doctor(doctorId('doc1'));
  if (doctor === undefined) throw new Error('doc1 does not exist');
  return doctor;
};

const datesOf = (opd: TestApp): string[] => [
  ...new Set(doc1(opd).slots.map(({ facts }) => facts.date)),
];

it('the start opens the slots of the horizon', async () => {
  const opd = await openApp({ horizonDays: 2 });
  expect(datesOf(opd)).toEqual(['2026-11-23', '2026-11-24', '2026-11-25']);
});

it('the start and a new doctor open no slot that is over', async () => {
  const opd = await openApp({ horizonDays: 0, now: '2026-11-23T10:30:00Z' });
  expect(doc1(opd).slots.map(({ facts }) => facts.id)).toEqual(['doc1_slot2@2026-11-23']);
  await opd.put('/doctors/new', doctorInput({ sessions: [session('new')] }));
  for (const [id, slots] of Object.entries({ doc1: ['doc1_slot2@2026-11-23'], new: [] })) {
    const { body } = await opd.get<ScheduleView>(`/schedule?doctor_id=${id}&date=2026-11-23`);
    expect(body.slots.map((slot) => slot.id)).toEqual(slots);
  }
});

it("the slots of the next day are opened at the doctor's midnight, once", async () => {
  const opd = await openApp({ horizonDays: 1, timeZone: 'Asia/Kolkata' });
  await opd.advanceTo('2026-11-23T18:29:59.999Z');
  expect(datesOf(opd).at(-1)).toBe('2026-11-24');
  await opd.advanceTo('2026-11-23T18:30:00Z');
  expect(datesOf(opd).at(-1)).toBe('2026-11-25');
  const { version } = doc1(opd);
  await opd.advanceTo('2026-11-23T18:31:00Z');
  await opd.advanceTo('2026-11-24T17:00:00Z');
  expect(doc1(opd).version).toBe(version);
});

it.each([
  ['Europe/Berlin', '2026-03-27T00:00:00Z'],
  ['Europe/Berlin', '2026-10-23T00:00:00Z'],
  ['Africa/Cairo', '2026-04-22T00:00:00Z'],
  ['Australia/Lord_Howe', '2026-10-01T20:00:00Z'],
])('each slot is opened once while the clocks of %s change, from %s', async (timeZone, from) => {
  const opd = await openApp({ horizonDays: 3, timeZone, now: from });
  const opened = new Map<string, number>();
  for (let hour = 0; hour <= 5 * 24; hour += 1) {
    await opd.advanceTo(new Date(Date.parse(from) + hour * HOUR_MS).toISOString());
    for (const { facts } of doc1(opd).slots) opened.set(facts.id, facts.startTime);
  }
  const dates = [...opened.keys()].filter((id) => id.startsWith('doc1_slot1')).sort();
  expect(dates).toHaveLength(3 + 6);
  // One change sets the doctor, and each other change opens a slot. So no slot is opened twice.
  expect(doc1(opd).version).toBe(1 + opened.size);
});

it('a tick after months without one opens the slots of the horizon and no past slot', async () => {
  const opd = await openApp({ horizonDays: 2 });
  await opd.advanceTo('2027-05-01T12:00:00Z');
  expect(datesOf(opd)).toEqual(['2027-05-02', '2027-05-03']);
  const { body } = await opd.get<ScheduleView>('/schedule?doctor_id=doc1&date=2027-03-01');
  expect(body.slots).toEqual([]);
});

it('a restart after months loads past tokens and opens the slots of the horizon', async () => {
  const store = await durableDatabase();
  const before = await openApp({ store, horizonDays: 2 });
  const { id } = await before.book('W1');
  const version = doc1(before).version;
  await before.store.close();

  const same = await openApp({ store, horizonDays: 2, now: '2026-11-23T08:01:00Z' });
  expect(doc1(same).version).toBe(version);
  expect(await same.book('W2')).toMatchObject({ number: 2, status: 'BOOKED' });
  await same.store.close();

  const after = await openApp({ store, horizonDays: 2, now: '2027-05-01T08:00:00Z' });
  expect(datesOf(after)).toEqual(['2027-05-01', '2027-05-02', '2027-05-03']);
  expect(await after.get(`/tokens/${id}`)).toMatchObject({ body: { status: 'BOOKED', number: 1 } });
  expect(await after.post('/no-show', { token_id: id })).toMatchObject({ status: 200 });
  expect(await after.book('W3')).toMatchObject({ number: 1, slot_id: 'doc1_slot1@2027-05-01' });
  await after.store.close();
});

it('a slot is evicted when its day is over, also after a command has loaded it again', async () => {
  const opd = await openApp();
  const [first, second] = [await opd.book('W1'), await opd.book('W2')];
  const inMemory = () => opd.engine.slot(slotId('doc1_slot1@2026-11-23')) !== undefined;
  await opd.advanceTo('2026-11-23T23:59:59.999Z');
  expect(inMemory()).toBe(true);
  await opd.advanceTo('2026-11-24T00:00:00Z');
  expect(inMemory()).toBe(false);
  expect(await opd.post('/cancel', { token_id: first.id })).toMatchObject({ status: 200 });
  expect(inMemory()).toBe(true);
  await opd.advanceTo('2026-11-24T00:00:01Z');
  expect(inMemory()).toBe(false);
  expect(await opd.post('/no-show', { token_id: second.id })).toMatchObject({ status: 200 });
});

it('a slot with a change that is not durable is not evicted', async () => {
  const { opd, disk } = await openAppOnTestDisk();
  const { id } = await opd.book('W1');
  await opd.advanceTo('2026-11-24T00:00:00Z');
  const slot = () => opd.engine.slot(slotId('doc1_slot1@2026-11-23'));
  expect(slot()).toBeUndefined();
  disk.hold();
  const cancelled = opd.post('/cancel', { token_id: id });
  while (slot()?.seated !== 0) await new Promise(setImmediate);
  await opd.advanceTo('2026-11-24T00:00:01Z');
  expect(slot()).toMatchObject({ seated: 0 });
  disk.release();
  expect(await cancelled).toMatchObject({ status: 200 });
  await opd.service.tick();
  expect(slot()).toBeUndefined();
});

it('token numbers continue on a day whose earlier slots are evicted (R10)', async () => {
  const opd = await openApp();
  for (const name of ['W1', 'W2', 'W3', 'W4']) await opd.book(name);
  await opd.book('W5', { slot_id: 'doc1_slot2' });
  await opd.advanceTo('2026-11-24T00:10:00Z');
  expect(datesOf(opd)[0]).toBe('2026-11-24');
  const [start_time, end_time] = ['2026-11-23T23:30:00Z', '2026-11-24T01:00:00Z'];
  const { body } = await opd.post<SlotView>('/slots', {
    doctor_id: 'doc1',
    start_time,
    end_time,
    capacity: 1,
  });
  expect(await opd.book('W6', { slot_id: body.id })).toMatchObject({ number: 6 });
});

it('the ended slot of today does not change when its session gets a later time', async () => {
  const opd = await openApp();
  const { id } = await opd.book('W1');
  await opd.advanceTo('2026-11-23T12:00:00Z');
  const sessions = [session('doc1_slot1', { start: '18:00', end: '19:00' })];
  expect(await opd.put('/doctors/doc1', doctorInput({ sessions }))).toMatchObject({ status: 200 });
  await opd.advanceTo('2026-11-23T12:01:00Z');
  const old = await opd.slot('2026-11-23');
  expect(old).toMatchObject({ start_time: '2026-11-23T09:00:00.000Z', status: 'ENDED' });
  expect(old.tokens).toMatchObject([{ id, number: 1 }]);
  const next = await opd.book('W2');
  expect(next).toMatchObject({ start_time: '2026-11-24T18:00:00.000Z' });
});

it('the ended slot of today does not change when a roster gives its session a later time', async () => {
  const store = await durableDatabase();
  const before = await openApp({ store });
  const { id } = await before.book('W1');
  await before.store.close();
  const roster = demoRoster('UTC').map((doctor) => ({
    ...doctor,
    sessions: doctor.sessions.map((each) => ({ ...each, start: '18:00', end: '19:00' })),
  }));
  const after = await openApp({ store, roster, now: '2026-11-23T12:00:00Z' });
  const { body } = await after.get<ScheduleView>('/schedule?doctor_id=doc1&date=2026-11-23');
  const old = body.slots.find((slot) => slot.id === 'doc1_slot1@2026-11-23');
  expect(old).toMatchObject({ start_time: '2026-11-23T09:00:00.000Z', tokens: [{ id }] });
  await after.store.close();
});

it('a roster with the session ids of another doctor is refused, with the ids and what to do', async () => {
  const opd = await openApp();
  const [first] = demoRoster('UTC');
  if (first === undefined) throw new Error('the demo has doctors');
  const copy = { ...first, id: doctorId('thief') };
  await expect(opd.service.start(() => ({ doctors: [copy], slots: [] }))).rejects.toThrow(
    /doctor thief: session ids in use: doc1_slot1, doc1_slot2\. .* give the sessions other ids\.$/,
  );
});

it('nothing of a roster is applied when a session has moved to another doctor', async () => {
  const store = await durableDatabase();
  const before = await openApp({ store });
  const version = doc1(before).version;
  await before.store.close();
  const [one, two, three] = demoRoster('UTC');
  if (one === undefined || two === undefined || three === undefined) throw new Error('no demo');
  const moved = [
    { ...one, sessions: [] },
    { ...two, sessions: [...two.sessions, ...one.sessions.slice(0, 1)] },
    { ...three, name: 'Dr. New' },
  ];
  const after = await openApp({ store, started: false });
  const start = after.service.start(() => ({ doctors: moved, slots: [] }));
  await expect(start).rejects.toThrow('doctor doc2: session ids in use: doc1_slot1.');
  await after.store.close();

  const again = await openApp({ store });
  expect(doc1(again).version).toBe(version);
  expect(await again.get('/doctors/doc3')).toMatchObject({ body: { name: three.name } });
  expect(await again.book('W1')).toMatchObject({ status: 'BOOKED' });
  await again.store.close();
});

it('a slot that a revision closed beyond the horizon is opened again when the horizon reaches it', async () => {
  const store = await durableDatabase();
  const before = await openApp({ store, horizonDays: 14 });
  await before.store.close();
  const after = await openApp({ store, horizonDays: 2 });
  const sessions = [session('doc1_slot1', { capacity: 5 })];
  await after.put('/doctors/doc1', doctorInput({ sessions }));
  await after.advanceTo('2026-11-25T08:00:00Z');
  for (const date of ['2026-11-25', '2026-11-26', '2026-11-27'])
    expect(await after.slot(date)).toMatchObject({ status: 'OPEN', capacity: 5 });
  await after.store.close();
});

it('the slots of every day are open after a change of time zone from Auckland to Los Angeles', async () => {
  const opd = await openApp({
    horizonDays: 0,
    now: '2026-11-22T12:00:00Z',
    timeZone: 'Pacific/Auckland',
  });
  await opd.put('/doctors/doc1', doctorInput({ time_zone: 'America/Los_Angeles' }));
  await opd.advanceTo('2026-11-23T12:00:00Z');
  expect(await opd.slot('2026-11-23')).toMatchObject({
    status: 'OPEN',
    start_time: '2026-11-23T17:00:00.000Z',
  });
});

it('a start with a longer grace promotes a waiting token to a free seat before other commands run', async () => {
  const store = await durableDatabase();
  const before = await openApp({ store, graceMinutes: 0 });
  const names = ['W1', 'W2', 'W3', 'W4'];
  const tokens = [];
  for (const name of names) tokens.push(await before.book(name));
  before.now = '2026-11-23T10:05:00Z';
  const cancelled = await before.post('/cancel', { token_id: tokens[0]?.id });
  expect(cancelled).toMatchObject({ status: 200, body: { promoted: null } });
  await before.store.close();

  const after = await openApp({ store, graceMinutes: 30, now: '2026-11-23T10:10:00Z' });
  const { body } = await after.get<HistoryView>(`/tokens/${tokens[3]?.id}/history`);
  expect(body.changes.at(-1)).toMatchObject({ kind: 'promoted', cause: null, actor: 'system' });
  expect(await after.book('W5')).toMatchObject({ status: 'WAITING', waitlist_position: 1 });
  const { version } = doc1(after);
  await after.service.tick();
  expect(doc1(after).version).toBe(version);
  await after.store.close();
});

it('a session id means the next slot that still takes bookings', async () => {
  const opd = await openApp({ graceMinutes: 0 });
  const slotAt = async (now: string) => {
    opd.now = now;
    return (await opd.book('W1')).slot_id;
  };
  expect(await slotAt('2026-11-23T09:59:59.999Z')).toBe('doc1_slot1@2026-11-23');
  expect(await slotAt('2026-11-23T10:00:00Z')).toBe('doc1_slot1@2026-11-24');
});

it('a booking with a session id is refused while the session has no open slot', async () => {
  const opd = await openApp({ horizonDays: 0 });
  opd.now = '2026-11-23T11:00:00Z';
  expect(await opd.post('/book', booking('W1'))).toMatchObject({ body: { code: 'slot_ended' } });
  await opd.advanceTo('2026-11-24T00:00:00Z');
  expect(await opd.book('W1')).toMatchObject({ slot_id: 'doc1_slot1@2026-11-24' });
});
