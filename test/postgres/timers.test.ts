import { describe, expect, it } from 'vitest';
import type { DoctorView, PutHolidaysView, ScheduleView } from '../../src/http/resources/index.ts';
import { openDatabase } from '../../src/store/index.ts';
import { openApp, type TestApp } from '../support/app/app.ts';
import { found } from '../support/engine/clinic.ts';
import { doctorInput, session } from '../support/app/doctor-input.ts';
import { emptyTables } from '../support/postgres/postgres.ts';
import { runSql } from '../support/store/run-sql.ts';
import { patientsIn, postOk, bookAll, historyOf, NINE } from '../support/app/front-desk.ts';

// Several processes on one database: what the clock makes them do, and how each uses what another one has set up. Each
// has its own engine, store and clock, and learns from the others only through the database.

const MONDAY = '2026-11-23';
const TUESDAY = '2026-11-24';

/** Starts processes one after another on an empty database with the demo roster. */
async function openAll(count: number, horizonDays = 1): Promise<{ url: string; all: TestApp[] }> {
  const url = await emptyTables();
  const all: TestApp[] = [];
  while (all.length < count)
    all.push(await openApp({ store: (engine) => openDatabase(url, engine), horizonDays }));
  return { url, all };
}

async function startTwo(
  horizonDays = 1,
): Promise<{ url: string; stopped: TestApp; other: TestApp }> {
  const { url, all } = await openAll(2, horizonDays);
  return { url, stopped: found(all[0]), other: found(all[1]) };
}

/** Ends a process, so that its clock does not tick any more. */
const end = async ({ app, store }: TestApp): Promise<void> => {
  await app.close();
  await store.close();
};

const allGoTo = (all: readonly TestApp[], instant: string): Promise<unknown> =>
  Promise.all(all.map((opd) => opd.advanceTo(instant)));

/** The number of change records of this kind for each slot or token, by the id in `column`. */
async function counts(url: string, kind: string, column: string): Promise<Map<unknown, number>> {
  const rows = await runSql(
    url,
    `SELECT ${column} AS name, count(*)::integer AS times FROM changes WHERE kind = '${kind}' GROUP BY 1`,
  );
  return new Map(rows.map(({ name, times }) => [name, times as number]));
}

const scheduleOf = async (opd: TestApp, doctor: string, date: string): Promise<string[]> => {
  const { body } = await opd.get<ScheduleView>(`/schedule?doctor_id=${doctor}&date=${date}`);
  return body.slots.map(({ id, status }) => `${id} ${status}`);
};

const kindsOf = async (opd: TestApp, token: string | undefined): Promise<string[]> =>
  (await historyOf(opd, found(token))).map(({ kind }) => kind);

describe('the work of a clock tick is done once, by any running process', () => {
  it('the slots of a new day are opened once when the clocks of all processes pass midnight', async () => {
    const { url, all } = await openAll(3);
    const before = await counts(url, 'slot_set', 'slot_id');
    await allGoTo(all, `${TUESDAY}T00:00:00Z`);
    await allGoTo(all, `${TUESDAY}T00:00:01Z`);
    const after = await counts(url, 'slot_set', 'slot_id');
    const opened = [...after.keys()].filter((id) => !before.has(id)).sort();
    const sessions = ['doc1', 'doc2', 'doc3'].flatMap((id) => [`${id}_slot1`, `${id}_slot2`]);
    expect(opened).toEqual(sessions.map((id) => `${id}@2026-11-25`));
    expect(new Set(after.values())).toEqual(new Set([1]));
    for (const opd of all)
      expect(await scheduleOf(opd, 'doc1', '2026-11-25')).toEqual([
        'doc1_slot1@2026-11-25 OPEN',
        'doc1_slot2@2026-11-25 OPEN',
      ]);
  });

  it('each waiting token expires once when the clocks of all processes pass the end of the slot', async () => {
    const { url, all } = await openAll(3);
    const [one, two] = [found(all[0]), found(all[1])];
    const { W4, W5 } = await bookAll(one, 'W1 W2 W3 W4 W5');
    const { W6 } = await bookAll(two, 'W6');
    await allGoTo(all, '2026-11-23T10:29:59.999Z');
    expect(await counts(url, 'expired', 'token_id')).toEqual(new Map());
    await allGoTo(all, '2026-11-23T10:30:00Z');
    await allGoTo(all, '2026-11-23T10:30:01Z');
    const once = [W4, W5, W6].map((id): [unknown, number] => [id, 1]);
    expect(await counts(url, 'expired', 'token_id')).toEqual(new Map(once));
    for (const opd of all) expect(await patientsIn(opd, NINE)).toBe('W1 W2 W3 |');
  });

  it('a process does the work for doctors that only a stopped process has served', async () => {
    const { stopped, other } = await startTwo();
    for (const id of ['busy', 'quiet']) {
      const sessions = [session(id, { capacity: 1 })];
      expect(await stopped.put(`/doctors/${id}`, doctorInput({ sessions }))).toMatchObject({
        status: 201,
      });
    }
    const place = { doctor_id: 'busy', slot_id: 'busy' };
    await stopped.book('W1', place);
    const { id } = await stopped.book('W2', place);
    await end(stopped);
    await other.advanceTo('2026-11-23T10:30:00Z');
    expect(await kindsOf(other, id)).toEqual(['booked', 'expired']);
    await other.advanceTo(`${TUESDAY}T00:00:00Z`);
    for (const doctor of ['busy', 'quiet'])
      expect(await scheduleOf(other, doctor, '2026-11-25')).toEqual([`${doctor}@2026-11-25 OPEN`]);
  });

  it('a token expires also when another process took its booking', async () => {
    const { stopped, other } = await startTwo();
    const { W4 } = await bookAll(stopped, 'W1 W2 W3 W4');
    await end(stopped);
    await other.advanceTo('2026-11-23T10:30:00Z');
    expect(await kindsOf(other, W4)).toEqual(['booked', 'expired']);
  });

  it('tokens expire by the delay that another process has set or shortened', async () => {
    const { stopped, other } = await startTwo();
    const { W4 } = await bookAll(stopped, 'W1 W2 W3 W4');
    const late = (minutes: number) =>
      postOk(stopped, '/doctors/doc1/delay', { date: MONDAY, minutes });
    await late(60);
    await other.advanceTo('2026-11-23T10:30:00Z');
    expect(await kindsOf(other, W4)).toEqual(['booked']);
    await late(20);
    await end(stopped);
    await other.advanceTo('2026-11-23T10:49:59.999Z');
    expect(await kindsOf(other, W4)).toEqual(['booked']);
    await other.advanceTo('2026-11-23T10:50:00Z');
    expect(await kindsOf(other, W4)).toEqual(['booked', 'expired']);
  });

  it('only the slots of the sessions that another process has set are opened, not those of the sessions before', async () => {
    const { stopped, other } = await startTwo();
    const sessions = [session('doc1_late', { start: '16:00', end: '17:00' })];
    expect(await stopped.put('/doctors/doc1', doctorInput({ sessions }))).toMatchObject({
      status: 200,
    });
    await end(stopped);
    await other.advanceTo(`${TUESDAY}T00:00:00Z`);
    await other.advanceTo(`${TUESDAY}T00:00:01Z`);
    expect(await scheduleOf(other, 'doc1', '2026-11-25')).toEqual(['doc1_late@2026-11-25 OPEN']);
  });

  it('the new day of a doctor begins by the time zone that another process has set', async () => {
    const { stopped, other } = await startTwo(0);
    const time_zone = 'Asia/Kolkata';
    expect(await stopped.put('/doctors/doc1', doctorInput({ time_zone }))).toMatchObject({
      status: 200,
    });
    await end(stopped);
    await other.advanceTo('2026-11-23T18:30:00Z');
    await other.advanceTo('2026-11-23T18:30:01Z');
    expect(await scheduleOf(other, 'doc1', TUESDAY)).toEqual([
      'doc1_slot1@2026-11-24 OPEN',
      'doc1_slot2@2026-11-24 OPEN',
    ]);
  });

  it('a process opens no slot on a holiday that another process has put', async () => {
    const { stopped, other } = await startTwo();
    const holidays = [{ date: '2026-11-25', name: 'Founders’ day' }];
    // The other process has loaded the holidays once already, so that only its own commands can find the new ones.
    expect(
      await stopped.put('/holidays', [{ date: '2026-12-25', name: 'Christmas' }]),
    ).toMatchObject({
      status: 200,
    });
    await other.advanceTo('2026-11-23T08:00:01Z');
    expect(await stopped.put('/holidays', holidays)).toMatchObject({ status: 200 });
    await end(stopped);
    await other.put('/doctors/new', doctorInput({ sessions: [session('early')] }));
    for (const day of [TUESDAY, '2026-11-25']) await other.advanceTo(`${day}T00:00:00Z`);
    for (const doctor of ['doc1', 'new'])
      expect(await scheduleOf(other, doctor, '2026-11-25')).toEqual([]);
    expect(await scheduleOf(other, 'new', '2026-11-26')).toEqual(['early@2026-11-26 OPEN']);
    expect(await other.get('/holidays')).toMatchObject({ body: { holidays } });
  });

  it('a holiday closes the slots of doctors whom only another process has served', async () => {
    const { stopped: one, other } = await startTwo();
    await one.put('/doctors/new', doctorInput({ sessions: [session('early')] }));
    const { id } = await one.book('W1', { doctor_id: 'new', slot_id: `early@${TUESDAY}` });
    const holidays = [{ date: TUESDAY, name: 'Founders’ day' }];
    const { body } = await other.put<PutHolidaysView>('/holidays', holidays);
    const slots = body.closed_slots.map((slot) => slot.id);
    expect(slots).toContain(`early@${TUESDAY}`);
    expect(slots).toHaveLength(7);
    expect(await kindsOf(one, id)).toEqual(['booked', 'cancelled']);
    expect(await scheduleOf(one, 'new', TUESDAY)).toEqual([`early@${TUESDAY} CLOSED`]);
    expect((await one.put<PutHolidaysView>('/holidays', [])).body.opened_slots).toHaveLength(7);
    expect(await scheduleOf(other, 'new', TUESDAY)).toEqual([`early@${TUESDAY} OPEN`]);
  });

  it('leaves and kept slots that one process has made are known to the other', async () => {
    const { stopped: one, other } = await startTwo();
    const { id } = await one.book('W1', { slot_id: `doc1_slot1@${TUESDAY}` });
    const sessions = [session('doc1_slot1', { start: '14:00', end: '15:00' })];
    await one.put('/doctors/doc1', doctorInput({ sessions }));
    const body = { doctor_id: 'doc1', slot_id: `doc1_slot1@${TUESDAY}` };
    const patient = { patient_name: 'B', patient_type: 'WALK_IN' };
    expect(await other.post('/book', { ...body, ...patient })).toMatchObject({
      body: { code: 'intake_closed' },
    });
    await postOk(other, '/cancel', { token_id: id });
    expect(await one.post('/book', { ...body, ...patient })).toMatchObject({
      ...{ status: 201, body: { start_time: `${TUESDAY}T14:00:00.000Z` } },
    });
    const leave = { from: TUESDAY, to: TUESDAY, reason: 'a course' };
    expect(await other.post('/doctors/doc1/leave', leave)).toMatchObject({
      body: { slots: [{ id: `doc1_slot1@${TUESDAY}` }] },
    });
    expect((await one.get<DoctorView>('/doctors/doc1')).body.leaves).toMatchObject([leave]);
  });

  it('a slot that is still open because of a delay set by another process stays usable', async () => {
    const { stopped, other } = await startTwo();
    const [start_time, end_time] = ['2026-11-23T22:00:00Z', '2026-11-23T23:59:00Z'];
    const slot = { id: 'evening', doctor_id: 'doc1', start_time, end_time, capacity: 1 };
    expect(await stopped.post('/slots', slot)).toMatchObject({ status: 201 });
    const place = { slot_id: 'evening' };
    await other.book('W1', place);
    await allGoTo([stopped, other], `${TUESDAY}T00:10:00Z`);
    await postOk(stopped, '/doctors/doc1/delay', { date: MONDAY, minutes: 600 });
    await end(stopped);
    await other.advanceTo('2026-11-24T04:30:00Z');
    expect(await other.book('W2', place)).toMatchObject({ status: 'WAITING', number: 2 });
  });
});

describe('a process serves at once what another process has set up', () => {
  it('a process serves a doctor that is new to it, by slot and by session', async () => {
    const { stopped: one, other } = await startTwo();
    const sessions = [
      session('early', { capacity: 1 }),
      session('late', { start: '15:00', end: '16:00' }),
    ];
    await one.put('/doctors/new', doctorInput({ name: 'Dr. New', sessions }));
    const slot_id = `early@${MONDAY}`;
    const seated = await other.book('W1', { doctor_id: 'new', slot_id });
    expect(seated).toMatchObject({ status: 'BOOKED', number: 1, slot_id });
    const waiting = await one.book('W2', { doctor_id: 'new', slot_id: 'early' });
    expect(waiting).toMatchObject({ status: 'WAITING', number: 2, slot_id });
    expect(await other.get(`/tokens/${waiting.id}`)).toMatchObject({
      body: { status: 'WAITING', waitlist_position: 1 },
    });
    expect(await other.get('/doctors/new')).toMatchObject({ body: { name: 'Dr. New' } });
    expect(await scheduleOf(other, 'new', TUESDAY)).toEqual([
      `early@${TUESDAY} OPEN`,
      `late@${TUESDAY} OPEN`,
    ]);
    expect(await postOk(other, '/cancel', { token_id: seated.id })).toMatchObject({
      promoted: { id: waiting.id },
    });
    expect(await postOk(one, '/check-in', { token_id: waiting.id })).toMatchObject({
      status: 'CHECKED_IN',
    });
    expect(await postOk(other, '/call-next', { doctor_id: 'new', slot_id: 'early' })).toMatchObject(
      {
        id: waiting.id,
      },
    );
  });

  it.each<
    [
      string,
      (id: string) => readonly [method: 'get' | 'post' | 'patch', url: string, body: object],
      object,
    ]
  >([
    [
      'a booking by its session',
      () => [
        'post',
        '/book',
        { doctor_id: 'new', slot_id: 'early', patient_name: 'B', patient_type: 'WALK_IN' },
      ],
      { slot_id: `early@${MONDAY}`, number: 2 },
    ],
    [
      'a move into its slot',
      () => ['post', '/move', { token_id: '', slot_id: `early@${MONDAY}` }],
      { doctor_id: 'new', number: 2 },
    ],
    [
      'a move into its session',
      () => ['post', '/move', { token_id: '', slot_id: 'early' }],
      { doctor_id: 'new', number: 2 },
    ],
    [
      'another capacity of its slot',
      () => ['patch', `/slots/early@${MONDAY}`, { capacity: 7 }],
      { capacity: 7, seated: 1 },
    ],
    [
      'a delay of its day',
      () => ['post', '/doctors/new/delay', { date: MONDAY, minutes: 5 }],
      { slots: [{ delay_minutes: 5 }] },
    ],
    [
      'the closing of its slot',
      () => ['post', `/slots/early@${MONDAY}/close`, { reason: 'ill' }],
      { affected: [{ outcome: 'cancelled_by_hospital' }] },
    ],
    [
      'a closing into its slot',
      () => ['post', `/slots/${NINE}/close`, { reason: 'ill', move_to: `early@${MONDAY}` }],
      { affected: [{ outcome: 'moved' }] },
    ],
    ['a check-in', (id) => ['post', '/check-in', { token_id: id }], { status: 'CHECKED_IN' }],
    ['a cancellation', (id) => ['post', '/cancel', { token_id: id }], { status: 'CANCELLED' }],
    ['a read of a token', (id) => ['get', `/tokens/${id}`, {}], { status: 'BOOKED', number: 1 }],
    [
      'a read of the history of a token',
      (id) => ['get', `/tokens/${id}/history`, {}],
      { changes: [{ kind: 'booked' }] },
    ],
    ['a read of the doctor', () => ['get', '/doctors/new', {}], { id: 'new' }],
    [
      'a read of the schedule',
      () => ['get', `/schedule?doctor_id=new&date=${MONDAY}`, {}],
      { slots: [{ seated: 1 }] },
    ],
  ])(
    'a process answers the first request about a doctor that is new to it: %s',
    async (_what, request, expected) => {
      const { stopped: one, other } = await startTwo();
      const own = await other.book('W1');
      await one.put('/doctors/new', doctorInput({ sessions: [session('early')] }));
      const { id } = await one.book('W2', { doctor_id: 'new', slot_id: 'early' });
      const [method, url, body] = request(id);
      const payload =
        'token_id' in body && body.token_id === '' ? { ...body, token_id: own.id } : body;
      const answer = await (method === 'get' ? other.get(url) : other[method](url, payload));
      expect(answer.status).toBeLessThan(300);
      expect(answer.body).toMatchObject(expected);
    },
  );
});
