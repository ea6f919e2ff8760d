import { expect, it } from 'vitest';
import {
  NEW_DOCTOR,
  NEW_SESSION,
  doctorId,
  sessionId,
  tokenId,
  WEEKDAYS,
  type DoctorFacts,
} from '../../src/engine/index.ts';
import { casesOf } from '../support/seed.ts';
import { durableDatabase } from '../support/app/app-database.ts';
import { openApp, openAppOnTestDisk } from '../support/app/app.ts';
import {
  bookAll,
  historyOf,
  NINE,
  patientsIn,
  postOk,
  stateOf,
} from '../support/app/front-desk.ts';

// R11: a slot ends at the right instant without a command, even if the service does not run at that instant.

it.each([
  ['the end and grace', 30, 0, '10:29:59.999', '10:30:00.000'],
  ['the end', 0, 0, '09:59:59.999', '10:00:00.000'],
  ['the delayed end and grace', 5, 70, '11:14:59.999', '11:15:00.000'],
])(
  'waiting tokens expire at %s of the slot, not a millisecond before',
  async (_when, grace, late, open, over) => {
    const opd = await openApp({ graceMinutes: grace });
    const ids = await bookAll(opd, 'W1 W2 W3 W4 F5');
    await postOk(opd, '/doctors/doc1/delay', { date: '2026-11-23', minutes: late });
    const before = await stateOf(opd, Object.values(ids));
    await opd.advanceTo(`2026-11-23T${open}Z`);
    const { engine, histories } = await stateOf(opd, Object.values(ids));
    expect({ engine, histories }).toEqual({ engine: before.engine, histories: before.histories });
    await opd.advanceTo(`2026-11-23T${over}Z`);
    expect(await patientsIn(opd, NINE)).toBe('F5 W1 W2 |');
    for (const name of ['W3', 'W4']) {
      const id = ids[name] ?? '';
      expect(await opd.get(`/tokens/${id}`)).toMatchObject({
        body: { status: 'EXPIRED', waitlist_position: null, estimated_time: null },
      });
      expect((await historyOf(opd, id)).at(-1)).toMatchObject({
        kind: 'expired',
        from: 'WAITING',
        to: 'EXPIRED',
        at: `2026-11-23T${over}Z`,
        actor: 'system',
        cause: null,
        reason: null,
      });
    }
  },
);

it('a slot ends once, and its seated tokens do not change', async () => {
  const opd = await openApp();
  const { W1 } = await bookAll(opd, 'W1 W2 W3 W4');
  await postOk(opd, '/check-in', { token_id: W1 });
  await opd.advanceTo('2026-11-23T10:30:00Z');
  const ended = await stateOf(opd, [W1 ?? '']);
  await opd.advanceTo('2026-11-23T10:30:01Z');
  const { engine, histories } = await stateOf(opd, [W1 ?? '']);
  expect({ engine, histories }).toEqual({ engine: ended.engine, histories: ended.histories });
  expect(await patientsIn(opd, NINE)).toBe('W1:CHECKED_IN W2 W3 |');
  expect(await postOk(opd, '/start', { token_id: W1 })).toMatchObject({
    status: 'IN_CONSULTATION',
  });
});

it('a delay before the end postpones the end, and a later delay does not', async () => {
  const opd = await openApp();
  await bookAll(opd, 'W1 W2 W3 W4');
  opd.now = '2026-11-23T10:29:59.999Z';
  await postOk(opd, '/doctors/doc1/delay', { date: '2026-11-23', minutes: 10 });
  await opd.advanceTo('2026-11-23T10:30:00Z');
  expect(await patientsIn(opd, NINE)).toBe('W1 W2 W3 | W4');
  opd.now = '2026-11-23T10:40:00Z';
  await postOk(opd, '/doctors/doc1/delay', { date: '2026-11-23', minutes: 60 });
  await opd.service.tick();
  expect(await patientsIn(opd, NINE)).toBe('W1 W2 W3 |');
});

it('a slot ends at once when its delay is removed after its planned end', async () => {
  const opd = await openApp();
  await bookAll(opd, 'W1 W2 W3 W4');
  await postOk(opd, '/doctors/doc1/delay', { date: '2026-11-23', minutes: 60 });
  opd.now = '2026-11-23T11:00:00Z';
  const { body } = await opd.patch<{ status: string }>(`/slots/${NINE}`, { delay_minutes: 0 });
  expect(body.status).toBe('ENDED');
  await opd.service.tick();
  expect(await patientsIn(opd, NINE)).toBe('W1 W2 W3 |');
});

it.each([
  ['the same day', '2026-11-23T12:00:00Z'],
  ['days later', '2026-11-27T12:00:00Z'],
  ['a year later', '2027-11-27T12:00:00Z'],
])(
  'a slot that ended while the service was stopped expires its tokens at the start %s',
  async (_when, now) => {
    const store = await durableDatabase();
    const before = await openApp({ store });
    const ids = await bookAll(before, 'W1 W2 W3 W4');
    await postOk(before, '/doctors/doc1/delay', { date: '2026-11-23', minutes: 5 });
    await before.store.close();
    const after = await openApp({ store, now });
    const { body } = await after.get(`/tokens/${ids['W4'] ?? ''}`);
    expect(body).toMatchObject({ status: 'EXPIRED', number: 4 });
    const changes = await historyOf(after, ids['W4'] ?? '');
    expect(changes).toMatchObject([
      { kind: 'booked' },
      { kind: 'expired', actor: 'system', at: new Date(now).toISOString() },
    ]);
    expect(await after.get(`/tokens/${ids['W1'] ?? ''}`)).toMatchObject({
      body: { status: 'BOOKED' },
    });
    await after.store.close();
    const again = await openApp({ store, now });
    expect(await historyOf(again, ids['W4'] ?? '')).toEqual(changes);
    await again.store.close();
  },
);

it('a restart does not change a slot that is still open', async () => {
  const store = await durableDatabase();
  const before = await openApp({ store });
  await bookAll(before, 'W1 W2 W3 W4');
  await postOk(before, '/doctors/doc1/delay', { date: '2026-11-23', minutes: 90 });
  await before.store.close();
  const after = await openApp({ store, now: '2026-11-23T11:59:59.999Z' });
  expect(await patientsIn(after, NINE)).toBe('W1 W2 W3 | W4');
  await after.advanceTo('2026-11-23T12:00:00Z');
  expect(await patientsIn(after, NINE)).toBe('W1 W2 W3 |');
  await after.store.close();
});

it('an expiry is answered only when it is durable, and a full disk only postpones it', async () => {
  const { opd, disk } = await openAppOnTestDisk();
  const { W4 } = await bookAll(opd, 'W1 W2 W3 W4');
  disk.fill();
  const booked = opd.book('W5');
  while (disk.state === 'ready') await new Promise(setImmediate);
  await opd.advanceTo('2026-11-23T10:30:00Z');
  disk.makeSpace();
  await booked;
  expect(await opd.get(`/tokens/${W4 ?? ''}`)).toMatchObject({ body: { status: 'WAITING' } });
  disk.hold();
  const { writes } = disk;
  const tick = opd.service.tick();
  const answer = opd.get(`/tokens/${W4 ?? ''}`).then(({ body }) => body);
  while (disk.writes === writes) await new Promise(setImmediate);
  await expect(Promise.race([answer, opd.get('/health').then(() => 'nothing yet')])).resolves.toBe(
    'nothing yet',
  );
  disk.release();
  await tick;
  expect(await answer).toMatchObject({ status: 'EXPIRED' });
});

/** Doctors with two sessions a day of one seat each. */
const clinic = (doctors: number): DoctorFacts[] =>
  Array.from({ length: doctors }, (_, index) => ({
    id: doctorId(`d${index}`),
    name: `Dr. ${index}`,
    department: null,
    timeZone: 'UTC',
    ...NEW_DOCTOR,
    sessions: ['09:00', '10:00'].map((start) => ({
      id: sessionId(`d${index}_${start.slice(0, 2)}`),
      weekdays: WEEKDAYS,
      start,
      end: `${Number(start.slice(0, 2)) + 1}:00`.padStart(5, '0'),
      capacity: 1,
      ...NEW_SESSION,
    })),
  }));

/** With `TEST_EFFORT=2.5` there are 100,000 slots. */
const DOCTORS = casesOf(400);
const DAYS = 50;

it('one tick ends exactly the due slots among those of many doctors and days', async () => {
  const opd = await openApp({ roster: clinic(DOCTORS), horizonDays: DAYS - 1 });
  const slots = Array.from(opd.engine.doctors).flatMap((doctor) => doctor.slots);
  expect(slots).toHaveLength(DOCTORS * 2 * DAYS);
  const waitingIds: string[][] = [];
  for (const hour of ['09', '10']) {
    const names = Array.from({ length: DOCTORS }, (_, index) => index);
    const tokens = await Promise.all(
      names.flatMap((index) => {
        const more = { doctor_id: `d${index}`, slot_id: `d${index}_${hour}` };
        return [opd.book('W1', more), opd.book('W2', more)];
      }),
    );
    waitingIds.push(tokens.filter(({ status }) => status === 'WAITING').map(({ id }) => id));
  }
  expect(waitingIds.map(({ length }) => length)).toEqual([DOCTORS, DOCTORS]);
  await opd.advanceTo('2026-11-23T10:30:00Z');
  const waiting = waitingIds.map((ids) => ids.filter((id) => opd.engine.token(tokenId(id))).length);
  expect(waiting).toEqual([0, DOCTORS]);
});
