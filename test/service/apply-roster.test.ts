import { expect, it } from 'vitest';
import { NEW_DOCTOR, doctorId, type DoctorFacts } from '../../src/engine/index.ts';
import type { ScheduleView } from '../../src/http/resources/index.ts';
import { demoRoster, type SlotInput } from '../../src/service/index.ts';
import { durableDatabase } from '../support/app/app-database.ts';
import { openApp, type TestApp } from '../support/app/app.ts';

// The single slots of a roster. slot-maintainer.test.ts tests the doctors of a roster.

const camp = (change: Partial<SlotInput> = {}): SlotInput => ({
  id: 'camp',
  doctor_id: 'doc1',
  start_time: '2026-11-23T19:00:00Z',
  end_time: '2026-11-24T01:30:00+05:30',
  capacity: 2,
  ...change,
});

const versionOf = ({ engine }: TestApp): number | undefined =>
  engine.doctor(doctorId('doc1'))?.version;

const slotsOn = async (opd: TestApp, date: string): Promise<unknown[]> => {
  const { body } = await opd.get<ScheduleView>(`/schedule?doctor_id=doc1&date=${date}`);
  return body.slots.map(({ id, start_time, end_time, capacity, status }) =>
    id.startsWith('doc1_slot') ? '' : [id, start_time, end_time, capacity, status],
  );
};

/** Applies a roster with these slots to the running service. */
const restart = (opd: TestApp, slots: readonly SlotInput[], doctors = demoRoster('UTC')) =>
  opd.service.start(() => ({ doctors, slots }));

it('the single slots of a roster are opened and can be booked like other slots', async () => {
  const opd = await openApp({ slots: [camp()] });
  const is = ['camp', '2026-11-23T19:00:00.000Z', '2026-11-23T20:00:00.000Z', 2, 'OPEN'];
  expect(await slotsOn(opd, '2026-11-23')).toEqual(['', '', is]);
  for (const status of ['BOOKED', 'BOOKED', 'WAITING'])
    expect(await opd.book('W', { slot_id: 'camp' })).toMatchObject({ status });
});

it("a single slot of a roster has the date of the doctor's time zone", async () => {
  const opd = await openApp({ slots: [camp()], timeZone: 'Asia/Kolkata' });
  expect(await slotsOn(opd, '2026-11-24')).toHaveLength(3);
});

it('a roster may have a single slot of a stored doctor who is not in the roster', async () => {
  const opd = await openApp();
  await restart(opd, [camp({ doctor_id: 'doc3' })], demoRoster('UTC').slice(0, 1));
  expect(await opd.book('W1', { doctor_id: 'doc3', slot_id: 'camp' })).toMatchObject({ number: 1 });
});

it('a roster does not change a stored single slot, not even a delayed or closed one', async () => {
  const late = camp({ id: 'late', start_time: '2026-11-23T18:00:00Z' });
  const opd = await openApp({ slots: [camp(), late] });
  await opd.send({ method: 'PATCH', url: '/slots/camp', payload: { capacity: 7 } });
  await opd.post('/slots/camp/close', { reason: 'rain' });
  await opd.post('/doctors/doc1/delay', { date: '2026-11-23', minutes: 20 });
  const version = versionOf(opd);
  await restart(opd, [late, camp()]);
  expect(versionOf(opd)).toBe(version);
});

it('a roster does not open single slots that have ended', async () => {
  const opd = await openApp({ now: '2026-11-23T20:29:59.999Z', slots: [camp()] });
  expect(await slotsOn(opd, '2026-11-23')).toHaveLength(1);
  const over = await openApp({ now: '2026-11-23T20:30:00Z', slots: [camp()] });
  expect(await slotsOn(over, '2026-11-23')).toEqual([]);
});

it('a single slot that has ended is ignored, even if it differs from the stored one', async () => {
  const opd = await openApp({ slots: [camp({ end_time: '2026-11-23T20:00:00.001Z' })] });
  opd.now = '2026-11-23T20:30:00.001Z';
  const version = versionOf(opd);
  await restart(opd, [camp()]);
  expect(versionOf(opd)).toBe(version);
});

const [first] = demoRoster('UTC');
const sessions = (first?.sessions ?? []).slice(0, 1);
const withSession = (id: string): DoctorFacts[] => [
  {
    id: doctorId('new'),
    name: 'Dr New',
    department: null,
    timeZone: 'UTC',
    ...NEW_DOCTOR,
    sessions: sessions.map((session) => ({ ...session, id: id as typeof session.id })),
  },
];

it.each<[what: string, slot: SlotInput, doctors: DoctorFacts[], sentence: string]>([
  [
    'has another doctor',
    camp({ doctor_id: 'doc2' }),
    [],
    'slot camp: exists already, of doctor doc1 from 2026-11-23T19:00:00.000Z to 2026-11-23T20:00:00.000Z',
  ],
  ['starts earlier', camp({ start_time: '2026-11-23T18:59:59Z' }), [], 'slot camp: exists'],
  ['ends later', camp({ end_time: '2026-11-23T20:00:01Z' }), [], 'slot camp: exists already'],
  [
    'has an unknown doctor',
    camp({ id: 'x', doctor_id: 'doc9' }),
    [],
    'slot x: there is no doctor doc9',
  ],
  [
    "has a session's id",
    camp({ id: 'doc2_slot1' }),
    [],
    'slot doc2_slot1: the id belongs to a session',
  ],
  [
    "has an id like those of a session's slots",
    camp({ id: 'doc2_slot1@x' }),
    [],
    'slot doc2_slot1@x: the id belongs to a session',
  ],
  [
    "has the id of a session's slot",
    camp({ id: 'doc1_slot1@2026-11-24' }),
    [],
    'slot doc1_slot1@2026-11-24: the id belongs to a session',
  ],
  [
    'has the id of a session of the same roster',
    camp({ id: 'n' }),
    withSession('n'),
    'slot n: the id belongs to a session',
  ],
  [
    "has an id like those of a session's slots in the same roster",
    camp({ id: 'n@1' }),
    withSession('n'),
    'slot n@1: the id belongs to a session',
  ],
])('the whole roster is refused when a single slot %s', async (_, slot, doctors, sentence) => {
  const opd = await openApp({ slots: [camp()] });
  const version = versionOf(opd);
  // The roster leaves out doc2, whose sessions are stored nevertheless.
  const renamed = demoRoster('UTC').map((doctor) => ({ ...doctor, name: 'Dr. Other' }));
  const roster = [...renamed.slice(0, 1), ...doctors];
  const start = restart(opd, [camp({ id: 'fine' }), slot], roster);
  await expect(start).rejects.toThrow(
    `The roster cannot be applied, and nothing was changed: ${sentence}`,
  );
  expect(versionOf(opd)).toBe(version);
  expect(opd.engine.doctor(doctorId('new'))).toBeUndefined();
});

it('a roster is refused when a single slot has the id of a slot that ended a year ago', async () => {
  const store = await durableDatabase();
  const before = await openApp({ store, slots: [camp()] });
  await before.store.close();
  const after = await openApp({ store, now: '2027-11-23T08:00:00Z' });
  const again = { start_time: '2027-11-24T19:00:00Z', end_time: '2027-11-24T20:00:00Z' };
  await expect(restart(after, [camp(again)])).rejects.toThrow(
    'slot camp: exists already, of doctor doc1 from 2026-11-23T19:00:00.000Z',
  );
  await after.store.close();
});
