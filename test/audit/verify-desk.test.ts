import { expect, it } from 'vitest';
import { slotId, type SlotFacts } from '../../src/engine/index.ts';
import { clock, RAO, TODAY, TOMORROW } from '../support/engine/clinic.ts';
import { dayOf, faultsAfter, faultsOf, setChanges, setData } from '../support/store/damage.ts';
import type { FrontDesk } from '../support/store/front-desk.ts';

// `verify` finds in the change records that the wrong patient was called (R18), and that a patient checked in on another
// day than that of the slot (R20).

type Step = (desk: FrontDesk) => Promise<unknown>;

/** A day with these steps, one after another, in the slots of `FrontDesk.openSlots`. */
const day =
  (...steps: readonly Step[]) =>
  async (desk: FrontDesk): Promise<void> => {
    await desk.openSlots();
    for (const step of steps) await step(desk);
  };

const addSlot =
  (id: string, facts: Partial<SlotFacts>): Step =>
  (desk) =>
    desk.addSlot({ id: slotId(id), capacity: 2, ...facts });
/** Books these patients into a slot and checks them in. */
const present =
  (slot: string, names: string): Step =>
  async (desk) => {
    await desk.admit(slot, names);
    await desk.checkIn(names);
  };
const callNext =
  (slot: string | null = null): Step =>
  (desk) =>
    desk.callNext({ slotId: slot === null ? null : slotId(slot) });
/** The desk goes on at this instant of the next day. */
const tomorrowAt =
  (hour: number): Step =>
  (desk) => {
    [desk.at, desk.today] = [clock(24 + hour), TOMORROW];
    return Promise.resolve();
  };

const CALLED = `kind = 'started'`;
const CHECKED_IN = `kind = 'checked_in'`;
const called = (name: string): string => setChanges(CALLED, `token_id = '${name}'`);
/** Sets the instant and the day of records. */
const taken = (condition: string, at: number, today: string): string =>
  setChanges(condition, `at = ${at}`) + setData(condition, 'today', `'${today}'`);

/** Two patients of equal class in a slot; the first is called. */
const two = day(present('nine', 'W1 W2'), callNext());
/** A patient of each of two slots; the patient of the first slot is called. */
const twoSlots = day(present('nine', 'W1'), present('ten', 'W2 E1'), callNext('nine'));

it.each<[what: string, play: ReturnType<typeof day>, sql: string, fault: RegExp]>([
  [
    'a later booking called first (R18)',
    two,
    called('W2'),
    /^token W2: .*\(started\): is called before token W1 \(R18\)$/,
  ],
  [
    'a lower class called first (R18)',
    day(present('nine', 'W1 F1'), callNext()),
    called('W1'),
    /^token W1: .*\(started\): is called before token F1 \(R18\)$/,
  ],
  [
    'a patient of a later slot called first (R18)',
    day(present('nine', 'W1'), present('ten', 'F1'), callNext()),
    setChanges(CALLED, `token_id = 'F1', slot_id = 'ten'`),
    /^token F1: .*\(started\): is called before token W1 \(R18\)$/,
  ],
  [
    'a patient called before an emergency of a later slot (R18)',
    twoSlots,
    setData(CALLED, 'calledFrom', 'NULL'),
    /^token W1: .*\(started\): is called before token E1 \(R18\)$/,
  ],
  [
    'the later of two emergencies called first (R18)',
    day(present('ten', 'E1'), present('nine', 'E2'), callNext()),
    setChanges(CALLED, `token_id = 'E2', slot_id = 'nine'`),
    /^token E2: .*\(started\): is called before token E1 \(R18\)$/,
  ],
  [
    'a patient called before one of a slot of yesterday that is still running (R18)',
    day(
      addSlot('night', { startTime: clock(23), endTime: clock(26) }),
      (desk) => desk.admit('night', 'W1'),
      (desk) => desk.admit('morrow', 'W2'),
      tomorrowAt(1),
      (desk) => desk.checkIn('W1 W2'),
      callNext('morrow'),
    ),
    setData(CALLED, 'calledFrom', 'NULL'),
    /^token W2: .*\(started\): is called before token W1 \(R18\)$/,
  ],
  [
    'a patient called from another slot than the one that was named (R18)',
    day(present('nine', 'W1'), callNext('nine')),
    setData(CALLED, 'calledFrom', `'ten'`),
    /^token W1: .*\(started\): is called from a slot that the call does not name \(R18\)$/,
  ],
  [
    'a patient called on another day than that of the slot (R18)',
    day(present('nine', 'W1'), callNext()),
    taken(CALLED, clock(24 + 24 + 20), '2026-01-07'),
    /^token W1: .*\(started\): is called from a slot of another day \(R18\)$/,
  ],
  [
    'a call of a patient who has not checked in (R18)',
    day(
      (desk) => desk.admit('nine', 'W1'),
      (desk) => desk.start('W1'),
    ),
    setChanges(CALLED, `data = json_object('room', NULL, 'today', '${TODAY}')`),
    /^token W1: .*\(started\): is called although its status is BOOKED \(R18\)$/,
  ],
  [
    'a check-in before the date of the slot (R20)',
    day(
      (desk) => desk.admit('morrow', 'W1'),
      tomorrowAt(8),
      (desk) => desk.checkIn('W1'),
    ),
    taken(CHECKED_IN, clock(23, 59), TODAY),
    /^token W1: .*\(checked_in\): comes before the date of its slot \(R20\)$/,
  ],
  [
    'a check-in after the day of the slot (R20)',
    day(present('nine', 'W1')),
    // The slot ends at 10; with the greatest grace of 24 hours and 4 hours after it, its day ends at 14 on the next date.
    taken(CHECKED_IN, clock(24 + 14), TOMORROW),
    /^token W1: .*\(checked_in\): comes after the day of its slot \(R20\)$/,
  ],
  [
    'a check-in that is recorded for another day than its own (R20)',
    day(present('nine', 'W1')),
    setData(CHECKED_IN, 'today', `'${TOMORROW}'`),
    /^token W1: .*\(checked_in\): names 2026-01-06, which was no date in UTC$/,
  ],
  [
    'a completion that names a day',
    day(present('nine', 'W1'), callNext(), (desk) => desk.complete('W1')),
    setChanges(`kind = 'completed'`, `data = json_object('room', NULL, 'today', '${TODAY}')`),
    /^token W1: .*\(completed\): names a day, but is neither a call nor a check-in \(R18, R20\)$/,
  ],
])('%s is found', async (_, play, sql, fault) => {
  expect(await faultsAfter(play, sql)).toMatch(fault);
});

it.each<[what: string, play: ReturnType<typeof day>, sql: string]>([
  [
    'a record of an earlier version, which does not say whether a start was a call',
    two,
    `${called('W2')}
    ${setChanges(CALLED, 'data = NULL')}`,
  ],
  [
    'a check-in of an earlier version on the day before',
    day(present('nine', 'W1')),
    setChanges(CHECKED_IN, `data = NULL, at = ${clock(-8)}`),
  ],
])('%s is not judged', async (_, play, sql) => {
  expect(await faultsAfter(play, sql)).not.toMatch(/R18|R20/);
});

it.each<[what: string, steps: readonly Step[]]>([
  ['starts a patient out of turn', [present('nine', 'W1 W2'), (desk) => desk.start('W2')]],
  [
    'calls one slot, although an emergency of another slot is there',
    [present('nine', 'W1'), present('ten', 'E1'), callNext('nine')],
  ],
  [
    'calls a patient who got a seat because the current one was skipped',
    [
      present('nine', 'W1 W2'),
      callNext(),
      (desk) => desk.admit('nine', 'P1'),
      (desk) => desk.callNext({ current: 'skipped' }),
    ],
  ],
  [
    'calls from one slot after the other and skips',
    [
      present('ten', 'W1 F1'),
      present('nine', 'W2 E1'),
      callNext(),
      ...(['completed', 'skipped', 'completed'] as const).map(
        (current): Step =>
          (desk) =>
            desk.callNext({ current }),
      ),
    ],
  ],
  [
    'sees patients of a night after midnight, before those of the next morning',
    [
      addSlot('night', { startTime: clock(22), endTime: clock(24) }),
      (desk) => desk.admit('night', 'W1'),
      (desk) => desk.admit('morrow', 'W2'),
      tomorrowAt(4),
      (desk) => desk.checkIn('W1 W2'),
      callNext(),
    ],
  ],
  [
    'forgets a checked-in patient of the day before',
    [
      present('nine', 'W1'),
      (desk) => desk.admit('morrow', 'W2'),
      tomorrowAt(9),
      (desk) => desk.checkIn('W2'),
      callNext(),
    ],
  ],
  [
    'calls a patient of a slot of yesterday, which the call names',
    [present('nine', 'W1'), tomorrowAt(20), callNext('nine')],
  ],
])('finds nothing in a day on which the desk %s', async (_, steps) => {
  const { desk, path } = await dayOf(day(...steps));
  await desk.store.close();
  expect(await faultsOf(path)).toEqual([]);
});

it('knows the local date of a check-in in the time zone of the doctor', async () => {
  const { desk, path } = await dayOf(async (front) => {
    await front.put({ id: RAO, timeZone: 'Pacific/Auckland' }, [{ date: TOMORROW }]);
    await front.admit('nine', 'W1');
    // 12 noon in UTC is 1 o'clock at night on the next date in Auckland.
    [front.at, front.today] = [clock(12), TOMORROW];
    await front.checkIn('W1');
  });
  await desk.store.close();
  expect(await faultsOf(path)).toEqual([]);
});
