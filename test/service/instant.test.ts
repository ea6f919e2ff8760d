import fc from 'fast-check';
import { expect, it } from 'vitest';
import { instantOf } from '../../src/service/index.ts';
import { rerun, seed } from '../support/seed.ts';

/** The minutes of this many places meet in one place of the texts that are remembered. */
const PERIOD_MINUTES = 16_384;

/** Instants that share a place: of one minute, or of minutes that meet in one place, also before 1970 and after 9999. */
const instants = fc
  .record({
    minute: fc.integer({ min: -60_000_000, max: 5_000_000_000 }),
    others: fc.array(
      fc.record({
        periods: fc.constantFrom(0, 0, 0, 1, -1),
        ms: fc.integer({ min: 0, max: 59_999 }),
      }),
      { minLength: 2, maxLength: 8 },
    ),
  })
  .map(({ minute, others }) =>
    others.map(({ periods, ms }) => (minute + periods * PERIOD_MINUTES) * 60_000 + ms),
  );

it(`an instant has the text of toISOString, whatever was asked for before ${rerun}`, () => {
  const property = fc.property(instants, (sequence) => {
    for (const ms of sequence) expect(instantOf(ms)).toBe(new Date(ms).toISOString());
  });
  fc.assert(property, { seed, numRuns: 200 });
});

it('an instant without a date is an error, not the text of another one', () => {
  for (const ms of [NaN, 8.64e15 + 1, -8.64e15 - 1])
    expect(() => instantOf(ms)).toThrow(RangeError);
});
