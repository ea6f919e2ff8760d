import fc from 'fast-check';
import { expect } from 'vitest';

/** The seed of the random tests. Their names contain it, and `SEED=... npx vitest ...` runs the same tests again. */
export const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/**
 * The share of the cases of a thorough run that the longest random tests try. Each run has a seed of its own, so that
 * many short runs try as much as one long run. `TEST_EFFORT=1 npm test` tries all cases, and a larger number tries more.
 */
const effort = Number(process.env['TEST_EFFORT'] ?? 0.1);

/** Whether tests that need much time and seldom find something more are run. */
export const isThorough = effort >= 1;

/** The number of random cases that a test tries, from the number of a thorough run. */
export const casesOf = (thorough: number): number => Math.ceil(thorough * effort);

/** The cases of a table whose cases need seconds each: as many as the effort says, chosen by the seed. */
export const partOf = <T>(table: readonly T[]): T[] =>
  [...table, ...table]
    .slice(seed % table.length)
    .slice(0, Math.min(table.length, casesOf(table.length)));

/** The end of the name of each random test: how to run the same cases again. */
export const rerun = `(rerun with SEED=${seed})`;

/**
 * Tries `property` with random cases, and with more of them until they have reached everything that `missing` names,
 * because a few cases may by chance not reach what is rare. It fails when a case fails, and when ten times as many
 * cases have not reached all of it.
 */
export async function tryUntilReached<T>(
  property: fc.IRawProperty<T>,
  numRuns: number,
  missing: () => readonly string[],
): Promise<void> {
  let round = 0;
  do await fc.assert(property, { seed: seed + round, numRuns });
  while (missing().length > 0 && (round += 1) < 10);
  expect(missing()).toEqual([]);
}
