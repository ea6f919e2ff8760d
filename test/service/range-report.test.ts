import { describe, expect, it } from 'vitest';
import {
  DEFAULT_CLASSES,
  epochMs,
  localDate,
  NO_DESK_FACTS,
  slotId,
  tokenId,
  type Change,
  type LiveStatus,
  type SlotFacts,
  type Status,
  type Transition,
  type Undoable,
} from '../../src/engine/index.ts';
import { rangeReportOf as viewOf, type RangeReportView } from '../../src/http/resources/report.ts';
import { rangeReportOf, type DoctorDay } from '../../src/service/range-report.ts';
import { clock, RAO, TODAY, TOMORROW } from '../support/engine/clinic.ts';
import { entered, promoted, record, set } from '../support/store/records.ts';

const head = (name: string, at: number) => ({
  ...{ doctorId: RAO, version: 0, at: epochMs(at) },
  ...{ tokenId: tokenId(name), slotId: slotId('nine') },
});

const step = (
  name: string,
  kind: Transition,
  [from, to]: readonly [LiveStatus, Status],
  at: number,
): Change => ({ ...head(name, at), kind, from, to, cause: null, ...NO_DESK_FACTS });

const here = (name: string, at: number): Change =>
  step(name, 'checked_in', ['BOOKED', 'CHECKED_IN'], at);
const called = (name: string, at: number): Change =>
  step(name, 'started', ['CHECKED_IN', 'IN_CONSULTATION'], at);
const done = (name: string, at: number): Change =>
  step(name, 'completed', ['IN_CONSULTATION', 'COMPLETED'], at);
const absent = (name: string, at: number): Change =>
  step(name, 'skipped', ['IN_CONSULTATION', 'SKIPPED'], at);
const undone = (
  name: string,
  kind: Undoable,
  [from, to]: readonly [Status, LiveStatus],
  at: number,
): Change => ({ ...head(name, at), kind: 'undone', undone: kind, from, to });

const corrected = (name: string, at: number): Change => ({
  ...head(name, at),
  ...{ kind: 'corrected', from: 'SKIPPED', patientName: 'W. One', patientId: null },
});

interface Day {
  readonly date?: string;
  readonly timeZone?: string;
  readonly slots: readonly (readonly Change[])[];
}

/** The report of some days, as a client receives it. */
async function reportOf(...days: readonly Day[]): Promise<RangeReportView> {
  const at = clock(47);
  const record = {
    ...{ from: TODAY, to: TOMORROW, doctorId: null, department: null, doctors: 1, at },
    classes: DEFAULT_CLASSES,
    days: days.map<DoctorDay>(({ date = TODAY, timeZone = 'UTC', slots }) => ({
      ...{ date: localDate(date), timeZone, at },
      slots: slots.map((changes) => [changes]),
    })),
  };
  return viewOf(await rangeReportOf(record, new AbortController().signal));
}

/** The hours with at least one number, in a short form. */
const hoursOf = ({ by_hour }: RangeReportView): readonly (readonly number[])[] =>
  by_hour
    .map((row) => [row.hour, row.seats, row.booked, row.checked_in, row.completed])
    .filter(([, ...numbers]) => numbers.some((number) => number !== 0));

describe('the hours of a report', () => {
  const slotFrom = (start: number, end: number, facts: Partial<SlotFacts> = {}): Change[] =>
    record(set({ capacity: 4, startTime: epochMs(start), endTime: epochMs(end), ...facts }));

  it.each<[what: string, start: number, end: number, seats: readonly (readonly number[])[]]>([
    // what                                        hour, seats
    ['an hour', clock(9), clock(10), [[9, 4]]],
    ['two hours', clock(9), clock(11), [9, 10].map((hour) => [hour, 2])],
    ['parts of hours', clock(9, 30), clock(10, 10), [[9, 3], [10, 1]]], // prettier-ignore
    ['a night', clock(22), clock(26), [0, 1, 22, 23].map((hour) => [hour, 1])],
    ['thirds of a seat', clock(9), clock(12), [9, 10, 11].map((hour) => [hour, 1.3])],
  ])('spread the seats of a slot of %s over its time', async (_what, start, end, seats) => {
    const report = await reportOf({ slots: [slotFrom(start, end)] });
    expect(hoursOf(report).map(([hour, spread]) => [hour, spread])).toEqual(seats);
  });

  it('are those of the doctor, and have no seats of a closed slot', async () => {
    const open = slotFrom(clock(9), clock(10));
    const closed = slotFrom(clock(9), clock(10), { closedReason: 'ill' });
    const report = await reportOf({ timeZone: 'Asia/Kolkata', slots: [open, closed] });
    // 09:00 in UTC is half past two in India.
    expect(hoursOf(report)).toEqual([
      [14, 2, 0, 0, 0],
      [15, 2, 0, 0, 0],
    ]);
    expect(report).toMatchObject({ slots: 2, offered: 4 });
  });

  it('know the hour that daylight saving skips, and the one that it repeats', async () => {
    const hours = async (date: string, from: string, to: string) => {
      const slot = slotFrom(Date.parse(from), Date.parse(to));
      const day = { date, timeZone: 'Europe/Berlin', slots: [slot] };
      return hoursOf(await reportOf(day)).map(([hour, seats]) => [hour, seats]);
    };
    expect(await hours('2026-03-29', '2026-03-29T00:00Z', '2026-03-29T02:00Z')).toEqual([
      [1, 2],
      [3, 2],
    ]);
    expect(await hours('2026-10-25', '2026-10-24T23:00Z', '2026-10-25T03:00Z')).toEqual([
      [1, 1],
      [2, 2],
      [3, 1],
    ]);
  });

  it('count bookings of the day, check-ins and visits, but not what was taken back', async () => {
    const changes = record(
      set({ capacity: 4 }),
      // Booked on the day before, at 9, at 10 and at 10.
      entered('W1', 'BOOKED', -24 * 60),
      ...[entered('W2', 'BOOKED', 5), entered('W3', 'BOOKED', 65), entered('W4', 'BOOKED', 66)],
      ...[here('W1', clock(9, 40)), here('W2', clock(9, 50)), here('W3', clock(10, 10))],
      undone('W2', 'checked_in', ['CHECKED_IN', 'BOOKED'], clock(11, 0)),
      ...[called('W1', clock(10, 0)), done('W1', clock(10, 20))],
      ...[called('W3', clock(10, 30)), done('W3', clock(10, 40))],
      undone('W3', 'completed', ['COMPLETED', 'IN_CONSULTATION'], clock(12, 0)),
      done('W3', clock(12, 10)),
      // The hours after midnight of a night are hours of the clock too.
      here('W4', clock(24, 30)),
    );
    const report = await reportOf({ slots: [changes] });
    expect(hoursOf(report)).toEqual([
      [0, 0, 0, 1, 0],
      [9, 4, 1, 1, 0],
      [10, 0, 2, 1, 1],
      [12, 0, 0, 0, 1],
    ]);
    expect(report.total).toMatchObject({ booked: 4, checked_in: 3, completed: 2 });
  });
});

describe('the wait for the call', () => {
  const CALL = [clock(9, 0), clock(9, 25)] as const;

  it.each<[what: string, changes: readonly Change[], minutes: number | null]>([
    ['no call', [here('W1', CALL[0])], null],
    ['a call', [here('W1', CALL[0]), called('W1', CALL[1])], 25],
    ['a call without a check-in', [called('W1', CALL[1])], null],
    ['a clock set back', [here('W1', CALL[1]), called('W1', CALL[0])], 0],
    [
      'a patient who was not there',
      [here('W1', CALL[0]), called('W1', CALL[1]), absent('W1', clock(9, 30))],
      null,
    ],
    [
      'a patient who came back: from the second check-in',
      [
        ...[here('W1', CALL[0]), called('W1', CALL[1]), absent('W1', clock(9, 30))],
        ...[here('W1', clock(9, 40)), called('W1', clock(9, 50))],
      ],
      10,
    ],
    [
      'a skip that was taken back',
      [
        ...[here('W1', CALL[0]), called('W1', CALL[1]), absent('W1', clock(9, 30))],
        undone('W1', 'skipped', ['SKIPPED', 'IN_CONSULTATION'], clock(9, 31)),
      ],
      25,
    ],
    [
      'a skip that was taken back after a correction',
      [
        ...[here('W1', CALL[0]), called('W1', CALL[1]), absent('W1', clock(9, 30))],
        corrected('W1', clock(9, 31)),
        undone('W1', 'skipped', ['SKIPPED', 'IN_CONSULTATION'], clock(9, 32)),
      ],
      25,
    ],
    [
      'a call that was taken back, and another one',
      [
        ...[here('W1', CALL[0]), called('W1', CALL[1])],
        undone('W1', 'started', ['IN_CONSULTATION', 'CHECKED_IN'], clock(9, 31)),
        called('W1', clock(9, 45)),
      ],
      45,
    ],
    [
      'a check-in that was taken back',
      [
        here('W1', CALL[0]),
        undone('W1', 'checked_in', ['CHECKED_IN', 'BOOKED'], clock(9, 1)),
        called('W1', CALL[1]),
      ],
      null,
    ],
  ])('of %s', async (_what, changes, minutes) => {
    const slot = record(set(), entered('W1', 'BOOKED', -60), ...changes);
    const { call_wait } = (await reportOf({ slots: [slot] })).total;
    const patients = minutes === null ? 0 : 1;
    expect(call_wait).toEqual({ patients, median_minutes: minutes, p90_minutes: minutes });
  });
});

it('a range has every date, the sums of its days, and the waits of all days together', async () => {
  const waited = (minutes: number, name: string): readonly Change[] => [
    entered(name, 'WAITING', 0),
    promoted(name, minutes),
  ];
  const day = (date: string, waits: readonly number[]): Day => ({
    date,
    slots: [record(set({ capacity: 9 }), ...waits.flatMap((wait, nth) => waited(wait, `W${nth}`)))],
  });
  // Two doctors today, one tomorrow. The median of 1, 2, 30 is 2, that of 30 is 30.
  const report = await reportOf(day(TODAY, [1]), day(TODAY, [2]), day(TOMORROW, [30]));
  expect(
    report.by_day.map(({ date, slots, offered, total }) => [date, slots, offered, total.booked]),
  ).toEqual([
    [TODAY, 2, 18, 2],
    [TOMORROW, 1, 9, 1],
  ]);
  expect(report.by_day.map(({ total }) => total.wait.median_minutes)).toEqual([1, 30]);
  expect(report).toMatchObject({ slots: 3, offered: 27 });
  expect(report.total).toMatchObject({
    ...{ booked: 3, promoted: 3, seated: 3 },
    wait: { patients: 3, median_minutes: 2, p90_minutes: 30 },
  });
  expect(report.by_class.find(({ type }) => type === 'WALK_IN')).toMatchObject({ booked: 3 });
});
