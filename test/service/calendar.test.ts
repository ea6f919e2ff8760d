import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  NEW_DOCTOR,
  NEW_SESSION,
  doctorId,
  epochMs,
  localDate,
  sessionId,
  WEEKDAYS,
  type DoctorFacts,
  type Session,
} from '../../src/engine/index.ts';
import {
  daysBetween,
  isDate,
  isTimeZone,
  lengthOf,
  localDateAt,
  minutesOf,
  plusDays,
  slotsOf,
} from '../../src/service/calendar.ts';
import { rerun, seed } from '../support/seed.ts';

const instant = (text: string) => epochMs(Date.parse(text));

const session = (more: Partial<Session> = {}): Session => ({
  id: sessionId('s'),
  weekdays: WEEKDAYS,
  start: '09:00',
  end: '10:00',
  capacity: 3,
  ...NEW_SESSION,
  ...more,
});

const doctor = (timeZone: string, ...sessions: readonly Session[]): DoctorFacts => ({
  id: doctorId('rao'),
  name: 'Dr Rao',
  department: null,
  timeZone,
  ...NEW_DOCTOR,
  sessions,
});

/** A horizon with two days of grace, so that no slot of today is over. */
const horizonOf = (horizonDays: number) => ({ horizonDays, graceMinutes: 2 * 1_440 });

/** The session's slot of one date, as `start/end` in UTC. */
const slotOn = (timeZone: string, date: string, start: string, end: string): string => {
  const noon = epochMs(Date.parse(`${date}T12:00:00Z`) - 86_400_000);
  const slots = slotsOf(doctor(timeZone, session({ start, end })), noon, horizonOf(3));
  const slot = slots.find((candidate) => candidate.date === date);
  if (slot === undefined) throw new Error(`no slot on ${date}`);
  const text = (ms: number): string => new Date(ms).toISOString().slice(5, 16);
  return `${text(slot.startTime)}/${text(slot.endTime)}`;
};

it.each<[what: string, zone: string, date: string, wall: string, utc: string]>([
  ['UTC', 'UTC', '2026-11-23', '09:00-10:00', '11-23T09:00/11-23T10:00'],
  ['a half hour', 'Asia/Kolkata', '2026-11-23', '09:00-10:00', '11-23T03:30/11-23T04:30'],
  ['45 minutes', 'Asia/Kathmandu', '2026-11-23', '09:00-10:00', '11-23T03:15/11-23T04:15'],
  ['a day ahead', 'Pacific/Apia', '2026-11-23', '09:00-10:00', '11-22T20:00/11-22T21:00'],
  ['until midnight', 'Asia/Kolkata', '2026-11-23', '23:00-24:00', '11-23T17:30/11-23T18:30'],
  ['a whole day', 'UTC', '2026-12-31', '00:00-24:00', '12-31T00:00/01-01T00:00'],
  ['a leap day', 'UTC', '2028-02-29', '23:00-24:00', '02-29T23:00/03-01T00:00'],
  ['past midnight', 'Asia/Kolkata', '2026-11-23', '22:00-02:00', '11-23T16:30/11-23T20:30'],
  ['until midnight as 00:00', 'UTC', '2026-12-31', '22:00-00:00', '12-31T22:00/01-01T00:00'],
  ['a whole day from noon', 'UTC', '2026-12-31', '12:00-12:00', '12-31T12:00/01-01T12:00'],
  ['into a shorter night', 'Europe/Berlin', '2026-03-28', '22:00-06:00', '03-28T21:00/03-29T04:00'],
  ['into a longer night', 'Europe/Berlin', '2026-10-24', '22:00-06:00', '10-24T20:00/10-25T05:00'],
  [
    'into a gap past midnight',
    'Europe/Berlin',
    '2026-03-28',
    '22:00-02:30',
    '03-28T21:00/03-29T01:30',
  ],
  [
    'to the repeated hour',
    'America/New_York',
    '2026-10-31',
    '20:00-01:30',
    '11-01T00:00/11-01T05:30',
  ],
  [
    'over a gap of a half hour',
    'Australia/Lord_Howe',
    '2026-10-03',
    '22:00-03:00',
    '10-03T11:30/10-03T16:00',
  ],
  [
    'over a missing midnight',
    'Africa/Cairo',
    '2026-04-23',
    '23:00-02:00',
    '04-23T21:00/04-23T23:00',
  ],
  // Berlin, 29 March 2026: 02:00 becomes 03:00.
  ['in the gap', 'Europe/Berlin', '2026-03-29', '02:15-02:45', '03-29T01:15/03-29T01:45'],
  ['into the gap', 'Europe/Berlin', '2026-03-29', '01:30-02:30', '03-29T00:30/03-29T01:30'],
  ['out of the gap', 'Europe/Berlin', '2026-03-29', '02:30-03:00', '03-29T01:30/03-29T02:00'],
  ['over the gap', 'Europe/Berlin', '2026-03-29', '01:00-04:00', '03-29T00:00/03-29T02:00'],
  ['a day of 23 hours', 'Europe/Berlin', '2026-03-29', '00:00-24:00', '03-28T23:00/03-29T22:00'],
  // Berlin, 25 October 2026: 03:00 becomes 02:00.
  ['in the overlap', 'Europe/Berlin', '2026-10-25', '02:15-02:45', '10-25T00:15/10-25T00:45'],
  ['over the overlap', 'Europe/Berlin', '2026-10-25', '02:00-03:00', '10-25T00:00/10-25T02:00'],
  ['a day of 25 hours', 'Europe/Berlin', '2026-10-25', '00:00-24:00', '10-24T22:00/10-25T23:00'],
  ['a gap elsewhere', 'America/New_York', '2026-03-08', '02:30-03:30', '03-08T07:30/03-08T08:30'],
  ['an overlap', 'America/New_York', '2026-11-01', '01:00-02:00', '11-01T05:00/11-01T07:00'],
  // Lord Howe, 4 October 2026: 02:00 becomes 02:30; 5 April: 02:00 becomes 01:30.
  ['half an hour', 'Australia/Lord_Howe', '2026-10-04', '02:00-02:30', '10-03T15:30/10-03T16:00'],
  ['half an hour', 'Australia/Lord_Howe', '2026-04-05', '01:30-02:00', '04-04T14:30/04-04T15:30'],
  // Cairo, 24 April 2026: midnight becomes 01:00.
  [
    'from a missing midnight',
    'Africa/Cairo',
    '2026-04-24',
    '00:00-00:30',
    '04-23T22:00/04-23T22:30',
  ],
  [
    'until a missing midnight',
    'Africa/Cairo',
    '2026-04-23',
    '23:00-24:00',
    '04-23T21:00/04-23T22:00',
  ],
  // Apia had no 30 December 2011.
  ['on a missing day', 'Pacific/Apia', '2011-12-30', '09:00-10:00', '12-30T19:00/12-30T20:00'],
  ['before a missing day', 'Pacific/Apia', '2011-12-29', '23:00-24:00', '12-30T09:00/12-30T10:00'],
])('a session has this slot: %s, %s %s %s', (_what, zone, date, wall, utc) => {
  const [start = '', end = ''] = wall.split('-');
  expect(slotOn(zone, date, start, end)).toBe(utc);
});

describe('the slots of the horizon', () => {
  const datesOf = (at: string, horizonDays: number, more: Partial<Session> = {}): string[] =>
    slotsOf(doctor('UTC', session(more)), instant(at), horizonOf(horizonDays)).map(
      ({ date }) => date,
    );

  it.each<[string, number, string[]]>([
    ['2026-11-23T00:00:00Z', 0, ['2026-11-23']],
    ['2026-11-23T23:59:59.999Z', 1, ['2026-11-23', '2026-11-24']],
    ['2026-12-31T12:00:00Z', 1, ['2026-12-31', '2027-01-01']],
    ['2028-02-28T12:00:00Z', 2, ['2028-02-28', '2028-02-29', '2028-03-01']],
    ['2027-02-28T12:00:00Z', 1, ['2027-02-28', '2027-03-01']],
  ])('from %s on for %i days have the dates %j', (at, horizonDays, dates) => {
    expect(datesOf(at, horizonDays)).toEqual(dates);
  });

  it('do not include a slot of today that is over', () => {
    const first = (at: string) =>
      slotsOf(doctor('UTC', session()), instant(at), { horizonDays: 1, graceMinutes: 30 })[0]?.date;
    expect(first('2026-11-23T10:29:59Z')).toBe('2026-11-23');
    expect(first('2026-11-23T10:30:00Z')).toBe('2026-11-24');
  });

  it('are on the weekdays of the session', () => {
    const weekdays = ['mon', 'sun'] as const;
    expect(datesOf('2026-11-23T00:00:00Z', 8, { weekdays })).toEqual([
      '2026-11-23',
      '2026-11-29',
      '2026-11-30',
    ]);
  });

  it('include the slot of yesterday that runs past midnight, until its end', () => {
    const night = { start: '22:00', end: '02:00' };
    const first = (at: string) =>
      slotsOf(doctor('UTC', session(night)), instant(at), { horizonDays: 1, graceMinutes: 30 })[0]
        ?.date;
    expect(first('2026-11-24T01:59:59.999Z')).toBe('2026-11-23');
    expect(first('2026-11-24T02:00:00Z')).toBe('2026-11-24');
  });

  it.each<[what: string, more: Partial<Session>, dates: string[]]>([
    [
      'from a date on',
      { validFrom: localDate('2027-01-01') },
      ['01-01', '01-08', '01-15', '01-22'],
    ],
    ['until a date', { validUntil: localDate('2026-12-31') }, ['12-25']],
    [
      'of one day',
      { validFrom: localDate('2027-01-08'), validUntil: localDate('2027-01-08') },
      ['01-08'],
    ],
    // The week of Wednesday, 23 December 2026 is the first; 2026 has 53 weeks.
    [
      'every second week',
      { validFrom: localDate('2026-12-23'), everyWeeks: 2 },
      ['12-25', '01-08', '01-22'],
    ],
    // Saturday is behind the Friday of its week, so that the first slot is two weeks later.
    [
      'every second week, from a date behind its weekday',
      { validFrom: localDate('2026-12-26'), everyWeeks: 2 },
      ['01-08', '01-22'],
    ],
    ['every third week', { validFrom: localDate('2026-12-28'), everyWeeks: 3 }, ['01-01', '01-22']],
  ])('are those of a session on Fridays %s', (_, more, dates) => {
    const found = datesOf('2026-12-24T00:00:00Z', 30, { weekdays: ['fri'], ...more });
    expect(found.map((date) => date.slice(5))).toEqual(dates);
  });

  it.each([
    ['Pacific/Kiritimati', '2026-11-24'],
    ['Pacific/Pago_Pago', '2026-11-22'],
    ['UTC', '2026-11-23'],
  ])("begin with the doctor's local day, %s", (zone, today) => {
    const at = instant(
      zone === 'Pacific/Pago_Pago' ? '2026-11-23T10:59:59Z' : '2026-11-23T10:00:00Z',
    );
    expect(localDateAt(at, zone)).toBe(today);
    expect(slotsOf(doctor(zone, session()), at, horizonOf(0))).toMatchObject([
      { id: `s@${today}`, date: today, sessionId: 's', doctorId: 'rao', capacity: 3 },
    ]);
  });
});

const minute = fc.integer({ min: 0, max: 1_440 });
const timeOf = (minutes: number): string =>
  [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':');
const sessions = fc
  .tuple(minute, minute)
  .map(([a, b]) => session({ start: timeOf(a % 1_440), end: timeOf(b) }));

it(`a slot is never empty or negative, in any zone on any date ${rerun}`, () => {
  const zones = Intl.supportedValuesOf('timeZone');
  // Half of the days are in the months in which most zones change their clocks.
  const days = fc.oneof(
    fc.integer({ min: Date.UTC(1975, 0, 1), max: Date.UTC(2060, 0, 1) }),
    fc
      .tuple(fc.integer({ min: 1975, max: 2037 }), fc.constantFrom(2, 3, 8, 9, 10), fc.nat(30))
      .map(([year, month, day]) => Date.UTC(year, month, day + 1)),
  );
  const property = fc.property(fc.constantFrom(...zones), days, sessions, (zone, day, each) => {
    const slots = slotsOf(doctor(zone, each), epochMs(day), horizonOf(7));
    // One more when the slot of yesterday runs past midnight and is not over yet.
    expect([8, 9]).toContain(slots.length);
    const wallMs = lengthOf(each) * 60_000;
    for (const { startTime, endTime } of slots) {
      expect(endTime - startTime).toBeGreaterThan(0);
      // A clock change is at most two hours, except where a zone crossed the date line.
      expect(Math.abs(endTime - startTime - wallMs)).toBeLessThanOrEqual(86_400_000);
    }
  });
  fc.assert(property, { seed, numRuns: 1_500 });
});

it.each([
  ['2026-11-23', true],
  ['2028-02-29', true],
  ['2027-02-29', false],
  ['2026-02-30', false],
  ['2026-11-31', false],
  ['2026-00-01', false],
  ['2026-1-1', false],
  ['20261123', false],
  ['2026-11-23T00:00', false],
  ['', false],
])('isDate says whether %s is a date: %s', (text, expected) => {
  expect(isDate(text)).toBe(expected);
});

it.each([
  ['Asia/Kolkata', true],
  ['Europe/Berlin', true],
  ['UTC', true],
  ['Mars/Olympus', false],
  ['+05:30', false],
  ['-08:00', false],
  ['2021-08-19T17:30Z', false],
  ['12:00Z', false],
  ['2021-08-19T17:30[Asia/Kolkata]', false],
  ['', false],
])('isTimeZone says whether %s is a time zone: %s', (name, expected) => {
  expect(isTimeZone(name)).toBe(expected);
});

it('days and minutes are counted across months and clock changes', () => {
  expect(plusDays(localDate('2028-02-28'), 2)).toBe('2028-03-01');
  expect(plusDays(localDate('2026-01-01'), -1)).toBe('2025-12-31');
  expect(daysBetween(localDate('2026-03-28'), localDate('2026-03-30'))).toBe(2);
  expect(daysBetween(localDate('2026-03-30'), localDate('2026-03-28'))).toBe(-2);
  expect(['00:00', '09:05', '24:00'].map(minutesOf)).toEqual([0, 545, 1_440]);
});
