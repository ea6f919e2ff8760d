import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/engine/index.ts';
import { Line } from '../../src/engine/line.ts';
import { LinePair, PATTERNS, randomFrom, ranked, type Phase } from '../support/engine/line-pair.ts';
import { rerun, seed } from '../support/seed.ts';

const run = (start: number, phases: readonly Phase[]): LinePair => {
  const pair = new LinePair(randomFrom(start));
  for (const { pattern, count } of phases) {
    for (let step = 0; step < count; step += 1) pair.step(pattern);
    pair.checkAll();
  }
  return pair;
};

/** More than two levels of 32 hold. */
const LARGE = 32 * 32 * 3 + 100;

describe('a line is an array kept in rank order', () => {
  it.each(['append', 'prepend', 'insert'] as const)(
    `after ${LARGE} times %s, and emptied from either end or anywhere ${rerun}`,
    (pattern) => {
      for (const away of ['pop first', 'pop last', 'remove'] as const) {
        const half = { pattern: away, count: LARGE / 2 };
        const pair = run(seed, [{ pattern, count: LARGE }, half, { pattern, count: 100 }, half]);
        const { size } = run(seed, [
          { pattern, count: LARGE },
          { pattern: away, count: LARGE },
        ]).line;
        expect([pair.line.size, size]).toEqual([100, 0]);
      }
    },
  );

  it(`after any phases of growing and shrinking ${rerun}`, () => {
    const phase = fc.record({ pattern: fc.constantFrom(...PATTERNS), count: fc.nat(400) });
    const phases = fc.array(phase, { minLength: 1, maxLength: 12, size: 'max' });
    fc.assert(
      fc.property(fc.nat(), phases, (start, given) => void run(start, given)),
      {
        seed,
        numRuns: 300,
      },
    );
  });

  it(`after any short history ${rerun}`, () => {
    const phases = fc.array(
      fc.record({ pattern: fc.constantFrom(...PATTERNS), count: fc.constant(1) }),
      {
        maxLength: 120,
        size: 'max',
      },
    );
    fc.assert(
      fc.property(fc.nat(), phases, (start, given) => void run(start, given)),
      {
        seed,
        numRuns: 300,
      },
    );
  });
});

describe('a line', () => {
  it('is empty at first', () => {
    const line = new Line();
    expect([line.size, line.first(), line.last(), [...line]]).toEqual([
      0,
      undefined,
      undefined,
      [],
    ]);
    expect(line.aheadOf(ranked(0, 1))).toBe(0);
  });

  it.each([0, 10, 2_000])('of %i tokens does not let go of one that is not in it', (size) => {
    const pair = run(1, [{ pattern: 'append', count: size }]);
    const before = [...pair.line];
    expect(() => pair.line.remove(ranked(2, 7))).toThrow(InvariantError);
    expect([...pair.line]).toEqual(before);
    expect(pair.line.size).toBe(size);
  });
});
