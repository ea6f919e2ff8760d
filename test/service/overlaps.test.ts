import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  localDate,
  NEW_SESSION,
  sessionId,
  WEEKDAYS,
  type Session,
} from '../../src/engine/index.ts';
import { lengthOf, minutesOf, plusDays, slotOn } from '../../src/service/calendar.ts';
import { overlapsOf } from '../../src/service/overlaps.ts';
import { doctorFacts } from '../support/engine/clinic.ts';
import { rerun, seed } from '../support/seed.ts';

/** A Monday. */
const TODAY = localDate('2026-11-23');

const session = (id: string, more: Partial<Session> = {}): Session => ({
  ...{ id: sessionId(id), weekdays: WEEKDAYS, start: '09:00', end: '10:00', capacity: 1 },
  ...NEW_SESSION,
  ...more,
});

it.each<[what: string, a: Partial<Session>, b: Partial<Session>, date: string | null]>([
  ['the same hour', {}, {}, '2026-11-23'],
  ['a part of the hour', {}, { start: '09:59', end: '11:00' }, '2026-11-23'],
  ['one after the other', {}, { start: '10:00', end: '11:00' }, null],
  ['other weekdays', { weekdays: ['mon'] }, { weekdays: ['tue'] }, null],
  ['one common weekday', { weekdays: ['mon', 'wed'] }, { weekdays: ['wed'] }, '2026-11-25'],
  [
    'past midnight into the next day',
    { weekdays: ['sun'], start: '22:00', end: '02:00' },
    { weekdays: ['mon'], start: '01:00', end: '03:00' },
    '2026-11-29',
  ],
  [
    'the other way round',
    { weekdays: ['mon'], start: '01:00', end: '03:00' },
    { weekdays: ['sun'], start: '22:00', end: '02:00' },
    '2026-11-23',
  ],
  [
    'one ended before the other begins',
    { validUntil: TODAY },
    { validFrom: localDate('2026-11-24') },
    null,
  ],
  ['both on one last day', { validUntil: TODAY }, { validFrom: TODAY }, '2026-11-23'],
  ['a day that is over', { validUntil: localDate('2026-11-22') }, {}, null],
  [
    'the other weeks',
    { validFrom: TODAY, everyWeeks: 2 },
    { validFrom: localDate('2026-11-30'), everyWeeks: 2 },
    null,
  ],
  [
    'weeks that meet later',
    { validFrom: TODAY, everyWeeks: 3 },
    { validFrom: localDate('2026-11-30'), everyWeeks: 4 },
    '2027-01-25',
  ],
])('two sessions of %s', (_, a, b, date) => {
  const overlaps = date === null ? [] : [{ sessions: ['a', 'b'], date }];
  expect(overlapsOf([session('a', a), session('b', b)], TODAY)).toEqual(overlaps);
});

it('each pair is named once', () => {
  const pairs = overlapsOf(
    ['a', 'b', 'c'].map((id) => session(id)),
    TODAY,
  );
  expect(pairs.map(({ sessions }) => sessions.join(''))).toEqual(['ab', 'ac', 'bc']);
});

const dates = fc.option(fc.integer({ min: -10, max: 60 }).map((days) => plusDays(TODAY, days)));
const times = fc.integer({ min: 0, max: 23 }).map((hour) => `${String(hour).padStart(2, '0')}:00`);
const sessions = fc
  .record({
    weekdays: fc.subarray([...WEEKDAYS], { minLength: 1, maxLength: 2 }),
    ...{ start: times, end: times, validFrom: dates, validUntil: dates },
    everyWeeks: fc.integer({ min: 1, max: 4 }),
  })
  .map((each) => ({ ...each, everyWeeks: each.validFrom === null ? 1 : each.everyWeeks }));

it(`the first date is the one that a search day by day finds ${rerun}`, () => {
  const property = fc.property(sessions, sessions, (a, b) => {
    const [one, two] = [session('a', a), session('b', b)];
    const doctor = doctorFacts({ sessions: [one, two] });
    const daysOf = (each: Session, days: number): boolean =>
      slotOn(doctor, each, plusDays(TODAY, days)) !== undefined;
    const shares = (days: number): boolean =>
      [-1, 0, 1].some((offset) => {
        const start = minutesOf(two.start) + offset * 1_440;
        const first = minutesOf(one.start);
        const isAtOnce = first < start + lengthOf(two) && start < first + lengthOf(one);
        return isAtOnce && daysOf(one, days) && daysOf(two, days + offset);
      });
    const found = Array.from({ length: 180 }, (_, days) => days).find(shares);
    const date = found === undefined ? [] : [plusDays(TODAY, found)];
    expect(overlapsOf([one, two], TODAY).map((overlap) => overlap.date)).toEqual(date);
  });
  fc.assert(property, { seed, numRuns: 100 });
});
