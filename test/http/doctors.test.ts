import { expect, it } from 'vitest';
import { DEFAULT_CLASSES, doctorId } from '../../src/engine/index.ts';
import type {
  DoctorView,
  PutDoctorView,
  ScheduleView,
  SlotView,
} from '../../src/http/resources/index.ts';
import { booking, openApp, type TestApp } from '../support/app/app.ts';
import { doctorInput, session } from '../support/app/doctor-input.ts';

const versionOf = (opd: TestApp, id: string): number | undefined =>
  opd.engine.doctor(doctorId(id))?.version;

const slotsOf = async (opd: TestApp, id: string, date: string): Promise<string[]> => {
  const { body } = await opd.get<ScheduleView>(`/schedule?doctor_id=${id}&date=${date}`);
  return body.slots.map((slot) => `${slot.id} ${slot.start_time.slice(11, 16)} ${slot.status}`);
};

it('GET /doctors lists the demo doctors', async () => {
  const opd = await openApp();
  const { body } = await opd.get<{ doctors: DoctorView[] }>('/doctors');
  expect(body.doctors.map(({ id, name }) => [id, name])).toEqual([
    ['doc1', 'Dr. A (Cardiology)'],
    ['doc2', 'Dr. B (Orthopedics)'],
    ['doc3', 'Dr. C (General)'],
  ]);
  expect(await opd.get('/doctors/doc2')).toMatchObject({ body: body.doctors[1] });
  expect(await opd.get('/doctors/doc4')).toMatchObject({ body: { code: 'doctor_not_found' } });
});

it('PUT adds a doctor, whose slots can be booked at once', async () => {
  const opd = await openApp();
  const input = doctorInput({
    name: '  Dr Rao ',
    department: 'ENT',
    time_zone: 'Asia/Kolkata',
    sessions: [session('rao', { weekdays: ['sun', 'mon'], start: '18:00', end: '24:00' })],
  });
  const answer = await opd.put<PutDoctorView>('/doctors/rao', input);
  expect(answer).toMatchObject({ status: 201 });
  expect(answer.body).toEqual({
    id: 'rao',
    name: 'Dr Rao',
    department: 'ENT',
    time_zone: 'Asia/Kolkata',
    rooms: 1,
    sessions: [
      {
        ...session('rao', { weekdays: ['mon', 'sun'], start: '18:00', end: '24:00' }),
        every_weeks: 1,
      },
    ],
    kept_slots: [],
    overlaps: [],
  });
  const { kept_slots, overlaps, ...doctor } = answer.body;
  expect(await opd.get('/doctors/rao')).toMatchObject({ body: doctor });
  const token = await opd.book('W1', { doctor_id: 'rao', slot_id: 'rao' });
  expect(token).toMatchObject({
    slot_id: 'rao@2026-11-23',
    start_time: '2026-11-23T12:30:00.000Z',
    end_time: '2026-11-23T18:30:00.000Z',
  });
});

it('the slots of a session with the longest id can be addressed', async () => {
  const opd = await openApp();
  const id = 'a'.repeat(117);
  const input = doctorInput({ sessions: [session(id)] });
  expect(await opd.put('/doctors/rao', input)).toMatchObject({ status: 201 });
  const slot_id = `${id}@2026-11-24`;
  expect(await opd.book('W1', { doctor_id: 'rao', slot_id })).toMatchObject({ slot_id });
  expect(await opd.patch(`/slots/${slot_id}`, { capacity: 2 })).toMatchObject({ status: 200 });
  const closed = await opd.post(`/slots/${slot_id}/close`, { reason: 'ill' });
  expect(closed).toMatchObject({ status: 200 });
});

it('a repeated PUT changes nothing, not even the version', async () => {
  const opd = await openApp();
  await opd.put('/doctors/rao', doctorInput({ sessions: [session('rao')] }));
  const before = [versionOf(opd, 'rao'), await slotsOf(opd, 'rao', '2026-11-24')];
  for (const name of ['Dr. A (Cardiology)', ' Dr. A (Cardiology) ']) {
    const again = doctorInput({ name, sessions: [session('rao')] });
    expect(await opd.put('/doctors/rao', again)).toMatchObject({ status: 200 });
  }
  expect([versionOf(opd, 'rao'), await slotsOf(opd, 'rao', '2026-11-24')]).toEqual(before);
});

it('a repeated PUT changes nothing in the evening either, when the slots of the day are over', async () => {
  const opd = await openApp();
  const repeat = () => opd.put('/doctors/doc1', doctorInput());
  await opd.advanceTo('2026-11-23T20:00:00Z');
  const version = versionOf(opd, 'doc1');
  expect(await repeat()).toMatchObject({ status: 200 });
  expect(versionOf(opd, 'doc1')).toBe(version);
});

it('a revised session revises its unused slots, but not a slot with a live token', async () => {
  const opd = await openApp();
  await opd.book('W1', { slot_id: 'doc1_slot1@2026-11-24' });
  const sessions = [session('doc1_slot1', { start: '14:00', end: '15:00' })];
  expect(await opd.put('/doctors/doc1', doctorInput({ sessions }))).toMatchObject({
    status: 200,
    body: { kept_slots: [{ id: 'doc1_slot1@2026-11-24', seated: 1, waiting: 0 }] },
  });
  expect(await slotsOf(opd, 'doc1', '2026-11-24')).toEqual([
    'doc1_slot1@2026-11-24 09:00 OPEN',
    'doc1_slot2@2026-11-24 10:00 CLOSED',
  ]);
  expect(await slotsOf(opd, 'doc1', '2026-11-25')).toEqual([
    'doc1_slot2@2026-11-25 10:00 CLOSED',
    'doc1_slot1@2026-11-25 14:00 OPEN',
  ]);
  const used = await opd.post('/book', booking('W2', { slot_id: 'doc1_slot1@2026-11-24' }));
  expect(used).toMatchObject({ status: 409, body: { code: 'intake_closed' } });
});

it('a removed session cannot be booked, until a PUT adds it again', async () => {
  const opd = await openApp();
  await opd.put('/doctors/doc1', doctorInput({ sessions: [] }));
  expect(await opd.post('/book', booking('W1'))).toMatchObject({
    body: { code: 'slot_not_found' },
  });
  await opd.put('/doctors/doc1', doctorInput());
  expect(await opd.book('W1')).toMatchObject({ slot_id: 'doc1_slot1@2026-11-23' });
});

it.each<[what: string, more: object, pointer: string]>([
  ['no name', { name: '' }, '/name'],
  ['an unknown zone', { time_zone: 'Mars/Olympus' }, '/time_zone'],
  ['an offset for a zone', { time_zone: '+05:30' }, '/time_zone'],
  ['no zone', { time_zone: null }, '/time_zone'],
  ['sessions that are no list', { sessions: {} }, '/sessions'],
  [
    'a first date that does not exist',
    { sessions: [session('a', { valid_from: '2026-02-30' })] },
    '/sessions/0/valid_from',
  ],
  [
    'a last date before the first',
    { sessions: [session('a', { valid_from: '2026-12-02', valid_until: '2026-12-01' })] },
    '/sessions/0/valid_until',
  ],
  [
    'every second week without a first date',
    { sessions: [session('a', { every_weeks: 2, valid_until: '2026-12-01' })] },
    '/sessions/0/every_weeks',
  ],
  ['no rooms', { rooms: 0 }, '/rooms'],
  ['leaves', { leaves: [] }, '/leaves'],
  ['a session twice', { sessions: [session('a'), session('a')] }, '/sessions/1/id'],
  ['a session id of 118 letters', { sessions: [session('a'.repeat(118))] }, '/sessions/0/id'],
  ['no weekday', { sessions: [session('a', { weekdays: [] })] }, '/sessions/0/weekdays'],
  [
    'a day twice',
    { sessions: [session('a', { weekdays: ['mon', 'mon'] })] },
    '/sessions/0/weekdays/1',
  ],
  ['the hour 24:01', { sessions: [session('a', { end: '24:01' })] }, '/sessions/0/end'],
  ['a start at 24:00', { sessions: [session('a', { start: '24:00' })] }, '/sessions/0/start'],
  ['the hour 9:00', { sessions: [session('a', { start: '9:00' })] }, '/sessions/0/start'],
  ['seats as text', { sessions: [session('a', { capacity: '3' })] }, '/sessions/0/capacity'],
  ['no seats', { sessions: [session('a', { capacity: 0 })] }, '/sessions/0/capacity'],
  ['an unknown field', { sessions: [session('a', { room: 7 })] }, '/sessions/0/room'],
  ['an id', { id: 'rao' }, '/id'],
])('PUT refuses a doctor with %s and changes nothing', async (_what, more, pointer) => {
  const opd = await openApp();
  const answer = await opd.put('/doctors/rao', doctorInput(more));
  const errors = expect.arrayContaining([expect.objectContaining({ pointer })]) as unknown;
  expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request', errors } });
  expect(await opd.get('/doctors/rao')).toMatchObject({ status: 404 });
});

const listOf = <T>(length: number, item: (index: number) => T): T[] =>
  Array.from({ length }, (_, index) => item(index));

it.each<[what: string, more: object, faults: number]>([
  ['45,000 weekdays', { sessions: [session('a', { weekdays: listOf(45_000, () => 1) })] }, 1],
  ['80,000 sessions', { sessions: listOf(80_000, () => ({})) }, 1],
  [
    'too many weekdays in every session',
    { sessions: listOf(100, (id) => session(`s${id}`, { weekdays: listOf(8, () => 'mon') })) },
    100,
  ],
  ['22,000 unknown fields', Object.fromEntries(listOf(22_000, (id) => [`x${id}`, 1])), 100],
  [
    'a hundred sessions with days twice',
    { sessions: listOf(100, (id) => session(`s${id}`, { weekdays: listOf(7, () => 'mon') })) },
    100,
  ],
])(
  'PUT of a doctor with %s is answered with a limited list of faults',
  async (_what, more, faults) => {
    const opd = await openApp();
    const answer = await opd.put<{ errors: object[] }>('/doctors/rao', doctorInput(more));
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(answer.body.errors).toHaveLength(faults);
  },
);

it('PUT refuses a session of another doctor', async () => {
  const opd = await openApp();
  const answer = await opd.put('/doctors/rao', doctorInput({ sessions: [session('doc2_slot1')] }));
  expect(answer).toMatchObject({ status: 409, body: { code: 'id_taken' } });
});

const SLOT = {
  doctor_id: 'doc1',
  start_time: '2026-11-23T18:00:00+05:30',
  end_time: '2026-11-23T19:00:00+05:30',
  capacity: 1,
};

it('POST /slots opens a single slot with a given or a generated id', async () => {
  const opd = await openApp();
  const named = await opd.post<SlotView>('/slots', { ...SLOT, id: 'extra' });
  expect(named).toMatchObject({
    status: 201,
    headers: { 'cache-control': 'no-store' },
    body: { id: 'extra', start_time: '2026-11-23T12:30:00.000Z', status: 'OPEN', capacity: 1 },
  });
  expect(await opd.book('W1', { slot_id: 'extra' })).toMatchObject({ slot_id: 'extra', number: 1 });
  const { body } = await opd.post<SlotView>('/slots', SLOT);
  expect(await opd.book('W2', { slot_id: body.id })).toMatchObject({ number: 2, status: 'BOOKED' });
  expect(await slotsOf(opd, 'doc1', '2026-11-23')).toHaveLength(4);
});

it.each([
  ['a session', 'doc2_slot1'],
  ['a slot of a session', 'doc1_slot1@2026-11-23'],
  ['a future slot of a session', 'doc1_slot1@2030-01-01'],
  ['a single slot', 'extra'],
])('a single slot cannot have the id of %s', async (_what, id) => {
  const opd = await openApp();
  await opd.post('/slots', { ...SLOT, id: 'extra' });
  const answer = await opd.post('/slots', { ...SLOT, id });
  expect(answer).toMatchObject({ status: 409, body: { code: 'id_taken' } });
});

it('a single slot cannot have the id of an evicted slot', async () => {
  const opd = await openApp();
  await opd.post('/slots', { ...SLOT, id: 'extra' });
  await opd.advanceTo('2026-12-01T08:00:00Z');
  const [start_time, end_time] = ['2026-12-01T09:00:00Z', '2026-12-01T10:00:00Z'];
  const answer = await opd.post('/slots', { ...SLOT, id: 'extra', start_time, end_time });
  expect(answer).toMatchObject({ status: 409, body: { code: 'id_taken' } });
});

it('a session cannot have the id of an evicted slot', async () => {
  const opd = await openApp();
  await opd.post('/slots', { ...SLOT, id: 'evening' });
  await opd.advanceTo('2026-12-01T08:00:00Z');
  const input = doctorInput({ sessions: [session('evening')] });
  const answer = await opd.put('/doctors/rao', input);
  expect(answer).toMatchObject({ status: 409, body: { code: 'id_taken' } });
  expect(await opd.get('/doctors/rao')).toMatchObject({ status: 404 });
});

it.each([
  ['a', 'a@2026-11-23'],
  ['a@2026-11-23', 'a'],
  ['a', 'a@x'],
  ['a@x@y', 'a@x'],
])(
  'one doctor cannot have the sessions %s and %s, because the ids of their slots could be equal',
  async (...ids) => {
    const opd = await openApp();
    const sessions = ids.map((id) => session(id));
    const answer = await opd.put('/doctors/rao', doctorInput({ sessions }));
    expect(answer).toMatchObject({ status: 409, body: { code: 'id_taken' } });
    expect(await opd.get('/doctors/rao')).toMatchObject({ status: 404 });
  },
);

it('GET /patient-types answers the class table, highest priority first', async () => {
  const answer = await (await openApp()).get('/patient-types');
  expect(answer).toMatchObject({ status: 200, body: { patient_types: DEFAULT_CLASSES } });
});

it('the service is alive while it loads, and ready from the end of the load until it stops', async () => {
  const opd = await openApp({ started: false });
  const [health, ready] = [() => opd.get('/health'), () => opd.get('/ready')];
  expect(await health()).toMatchObject({ status: 200, body: { status: 'ok' } });
  expect(await ready()).toMatchObject({ status: 503, body: { code: 'not_durable' } });
  for (const url of [
    '/doctors',
    '/doctors/doc1',
    '/schedule?doctor_id=doc1',
    '/tokens/x',
    '/tokens/x/history',
  ])
    expect(await opd.get(url)).toMatchObject({ status: 503, body: { code: 'not_durable' } });
  expect(await opd.put('/doctors/x', doctorInput())).toMatchObject({ status: 503 });
  expect(await opd.post('/book', booking('W1'))).toMatchObject({ body: { code: 'not_durable' } });
  await opd.service.start(() => ({ doctors: [], slots: [] }));
  expect(await ready()).toMatchObject({
    status: 200,
    body: { status: 'ready', durable: opd.store.isDurable },
  });
  opd.service.stop();
  expect(await ready()).toMatchObject({ status: 503, body: { code: 'stopping' } });
  expect(await opd.put('/doctors/x', doctorInput())).toMatchObject({ body: { code: 'stopping' } });
  expect(await opd.get('/doctors')).toMatchObject({ status: 200 });
});
