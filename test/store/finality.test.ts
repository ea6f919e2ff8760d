import { expect, it } from 'vitest';
import { Finality } from '../../src/store/postgres/finality.ts';

/** The final position after snapshots with these ends, each as [position, oldest running, next to start, server start]. */
function finalAfter(...ends: readonly (readonly [number, number, number, number?])[]): number {
  const finality = new Finality();
  for (const [position, oldestRunning, nextToStart, serverStart = 1] of ends)
    finality.observe({ position, oldestRunning, nextToStart, serverStart });
  return finality.position;
}

it('no position is final at first', () => {
  expect(finalAfter()).toBe(0);
});

it('an end is final at once when no transaction runs', () => {
  expect(finalAfter([7, 100, 100])).toBe(7);
});

it('an end is not final while a transaction that began before it may still run', () => {
  expect(finalAfter([7, 99, 100])).toBe(0);
  expect(finalAfter([7, 99, 100], [7, 99, 103])).toBe(0);
});

it('an end is final when all transactions that began before it have ended, although others have begun since', () => {
  expect(finalAfter([7, 99, 100], [9, 100, 103])).toBe(7);
  expect(finalAfter([7, 99, 100], [9, 101, 103], [9, 103, 104])).toBe(9);
});

it('the final position advances under a stream of transactions, one of which always runs', () => {
  const ends = Array.from({ length: 50 }, (_, nth) => [nth, 100 + nth, 102 + nth] as const);
  expect(finalAfter(...ends)).toBe(47);
});

it('the final position advances when a transaction ends after very many snapshots', () => {
  const held = Array.from({ length: 50 }, (_, nth) => [nth, 100, 101 + nth] as const);
  expect(finalAfter(...held)).toBe(0);
  expect(finalAfter(...held, [60, 200, 201])).toBe(49);
});

it.each([
  ['lost commits', [3, 120, 120], [3, 120, 120], 3],
  ['lost commits while one runs', [3, 119, 120], [3, 119, 120], 0],
  ['another counter of transactions', [9, 50, 51], [9, 50, 51], 0],
] as const)(
  'the final position is determined anew on a server with %s',
  (_, first, second, expected) => {
    expect(finalAfter([7, 110, 110], first, second)).toBe(expected);
  },
);

it('the final position is determined anew on another server whose counters have passed those of the first one', () => {
  expect(finalAfter([7, 110, 110], [9, 119, 120, 2])).toBe(0);
  expect(finalAfter([7, 110, 110], [9, 119, 120, 2], [9, 120, 121, 2])).toBe(9);
});
