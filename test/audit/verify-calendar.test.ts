import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDatabase } from '../../src/store/index.ts';
import { openApp, type TestApp } from '../support/app/app.ts';
import { doctorInput, session } from '../support/app/doctor-input.ts';
import { postOk } from '../support/app/front-desk.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { faultsOf, setData, tamper, verifyAt, withoutChanges } from '../support/store/damage.ts';

// `verify` finds in the change records that a patient came into a slot that took nobody, and that slots did not follow
// the doctor's sessions, leaves and the holidays (R23-R25).

const TUESDAY = 'doc1_slot1@2026-11-24';
const LATER = { start: '14:00', end: '15:00' };

const book = async (opd: TestApp, name: string): Promise<string> =>
  (await opd.book(name, { slot_id: TUESDAY })).id;
const put = (opd: TestApp, more: object) =>
  opd.put('/doctors/doc1', doctorInput({ sessions: [session('doc1_slot1', more)] }));
const intake = (opd: TestApp, to: string) => opd.patch(`/slots/${TUESDAY}`, { intake: to });

/** A clock that moves on with each step, because the changes of one command have one instant. */
async function play(steps: readonly ((opd: TestApp) => Promise<unknown>)[]): Promise<string> {
  const path = join(tempDir(), 'opd.db');
  const opd = await openApp({ store: (engine) => openDatabase(`sqlite:${path}`, engine) });
  for (const [minute, step] of steps.entries()) {
    opd.now = `2026-11-23T08:0${minute}:00Z`;
    await step(opd);
  }
  await opd.store.close();
  return path;
}

const bookFirst = (opd: TestApp) => book(opd, 'W1');
/** Cancels the one patient of Tuesday's slot. */
async function cancelFirst(opd: TestApp): Promise<void> {
  const [patient] = (await opd.slot('2026-11-24')).tokens;
  await postOk(opd, '/cancel', { token_id: patient?.id });
}
const leave = (opd: TestApp) =>
  opd.post('/doctors/doc1/leave', { from: '2026-11-24', to: '2026-11-25', reason: 'a course' });
/** The leave and its end are a minute apart, as the changes of two commands are. */
async function leaveAndReturn(opd: TestApp): Promise<void> {
  const { body } = await opd.post<{ id: string }>('/doctors/doc1/leave', {
    ...{ from: '2026-11-24', to: '2026-11-25', reason: 'a course' },
  });
  opd.now = '2026-11-23T08:30:00Z';
  await opd.send({ method: 'DELETE', url: `/doctors/doc1/leave/${body.id}` });
}
const holiday = (opd: TestApp) => opd.put('/holidays', [{ date: '2026-11-24', name: 'a holiday' }]);

/** The last record of the slot of Tuesday. */
const LAST = `position = (SELECT max(position) FROM changes WHERE kind = 'slot_set' AND slot_id = '${TUESDAY}')`;

it.each<[what: string, steps: ((opd: TestApp) => Promise<unknown>)[], sql: string, fault: RegExp]>([
  [
    'a booking in a slot that takes nobody new (R23)',
    [(opd) => intake(opd, 'NONE'), (opd) => intake(opd, 'ALL'), (opd) => book(opd, 'W1')],
    withoutChanges(LAST),
    /\(booked\): enters a slot whose intake is NONE \(R23\)$/,
  ],
  [
    'a booking in a slot that is kept for its patients (R25)',
    [bookFirst, (opd) => put(opd, LATER), (opd) => put(opd, {}), (opd) => book(opd, 'W2')],
    withoutChanges(LAST),
    /\(booked\): enters a slot that is kept for other patients \(R25\)$/,
  ],
  [
    'a kept slot that does not follow when it is empty (R25)',
    [bookFirst, (opd) => put(opd, LATER), cancelFirst],
    withoutChanges(LAST),
    /\(cancelled\): leaves slot doc1_slot1@2026-11-24 kept without a live token \(R25\)$/,
  ],
  [
    'a slot with a live token that changes its times (R25)',
    [bookFirst, (opd) => put(opd, LATER)],
    setData(LAST, 'startTime', '1'),
    /\(slot_set\): changes the times of a slot with live tokens \(R25\)$/,
  ],
  [
    'a slot with a live token that closes with its session (R25)',
    [bookFirst, (opd) => put(opd, { ...LATER, weekdays: ['sun'] })],
    setData(LAST, 'closedReason', `'session_ended'`),
    /\(slot_set\): closes a slot with live tokens because of its session \(R25\)$/,
  ],
  [
    'a slot that stays open on a date of leave (R24)',
    [leave],
    withoutChanges(LAST),
    /^change doc1:\d+ \(doctor_set\): leaves slot doc1_slot1@2026-11-24 open on a date of leave \(R24\)$/,
  ],
  [
    'a slot that stays closed after its leave was taken back (R24)',
    [leaveAndReturn],
    withoutChanges(LAST),
    /^change doc1:\d+ \(doctor_set\): leaves slot doc1_slot1@2026-11-24 closed, but its leave was taken back \(R24\)$/,
  ],
  [
    'a slot that is open on a holiday (R24)',
    [holiday],
    withoutChanges(LAST),
    /^slot doc1_slot1@2026-11-24: is open on a holiday \(R24\)$/m,
  ],
])('finds %s', async (_, steps, sql, fault) => {
  const path = await play(steps);
  expect(await faultsOf(path)).toEqual([]);
  tamper(path, sql);
  expect((await faultsOf(path)).join('\n')).toMatch(fault);
});

it('finds nothing in a day of changed sessions, leaves, holidays and retirement, and counts no doctor for the holidays', async () => {
  const path = await play([
    bookFirst,
    (opd) => put(opd, LATER),
    cancelFirst,
    (opd) => intake(opd, 'EMERGENCY'),
    async (opd) => {
      const { body } = await opd.post<{ id: string }>('/doctors/doc2/leave', {
        ...{ from: '2026-11-24', to: '2026-11-25', reason: 'a course', move_to: 'doc3_slot1' },
      });
      await opd.send({ method: 'DELETE', url: `/doctors/doc2/leave/${body.id}` });
    },
    holiday,
    (opd) => opd.put('/holidays', []),
    holiday,
    (opd) => opd.send({ method: 'DELETE', url: '/doctors/doc3' }),
  ]);
  expect(await verifyAt(path)).toMatchObject({ faults: [], doctors: 3 });
});

const ill = (opd: TestApp) => opd.post(`/slots/${TUESDAY}/close`, { reason: 'the doctor is ill' });
const reopen = (opd: TestApp) =>
  postOk(opd, `/slots/${TUESDAY}/reopen`, { reason: 'an emergency clinic' });
const rename = (opd: TestApp) => opd.put('/holidays', [{ date: '2026-11-24', name: 'New Year' }]);

it('finds nothing wrong with a slot that stays closed because its date is a holiday too', async () => {
  const path = await play([holiday, leaveAndReturn, leave, holiday]);
  expect(await faultsOf(path)).toEqual([]);
});

it.each<[why: string, steps: ((opd: TestApp) => Promise<unknown>)[]]>([
  ['the holiday had closed it', [holiday, reopen]],
  ['it was closed for another reason before', [ill, holiday, reopen]],
  ['it was open when the holiday got another name', [holiday, reopen, rename]],
])('finds nothing wrong with a slot that was opened again on a holiday: %s', async (_, steps) => {
  const path = await play(steps);
  expect(await faultsOf(path)).toEqual([]);
});

it('finds nothing wrong when the last patient of a kept slot moves, and the slot closes with it', async () => {
  const path = await play([
    bookFirst,
    (opd) => put(opd, { ...LATER, weekdays: ['sun'] }),
    async (opd) => {
      const [patient] = (await opd.slot('2026-11-24')).tokens;
      await opd.post('/slots', {
        ...{ doctor_id: 'doc1', id: 'single', capacity: 1 },
        ...{ start_time: '2026-11-24T12:00:00Z', end_time: '2026-11-24T13:00:00Z' },
      });
      await postOk(opd, '/move', { token_id: patient?.id, slot_id: 'single' });
      expect(await opd.slot('2026-11-24')).toMatchObject({ status: 'CLOSED' });
    },
  ]);
  expect(await faultsOf(path)).toEqual([]);
});
