import { expect, it } from 'vitest';
import { Finality } from '../../src/store/postgres/finality.ts';

/**
 * What is final after snapshots with these ends, each as [position, oldest running, next to start, start of the server].
 */
function finalAfter(...ends: readonly (readonly [number, number, number, number?])[]): number {
  const finality = new Finality();
  for (const [position, oldestRunning, nextToStart, serverStart = 1] of ends)
    finality.observe({ position, oldestRunning, nextToStart, serverStart });
  return finality.position;
}

it('knows nothing at first', () => {
  expect(finalAfter()).toBe(0);
});

it('takes an end for final at once when no transaction runs', () => {
  expect(finalAfter([7, 100, 100])).toBe(7);
});

it('takes no end for final while a transaction that had begun by then may run', () => {
  expect(finalAfter([7, 99, 100])).toBe(0);
  expect(finalAfter([7, 99, 100], [7, 99, 103])).toBe(0);
});

it('takes it for final once all of them have ended, whatever has begun since', () => {
  expect(finalAfter([7, 99, 100], [9, 100, 103])).toBe(7);
  expect(finalAfter([7, 99, 100], [9, 101, 103], [9, 103, 104])).toBe(9);
});

it('goes on under a stream of transactions, of which one always runs', () => {
  const ends = Array.from({ length: 50 }, (_, nth) => [nth, 100 + nth, 102 + nth] as const);
  expect(finalAfter(...ends)).toBe(47);
});

it('goes on when one transaction has run through very many snapshots', () => {
  const held = Array.from({ length: 50 }, (_, nth) => [nth, 100, 101 + nth] as const);
  expect(finalAfter(...held)).toBe(0);
  expect(finalAfter(...held, [60, 200, 201])).toBe(49);
});

it.each([
  ['lost commits', [3, 120, 120], [3, 120, 120], 3],
  ['lost commits while one runs', [3, 119, 120], [3, 119, 120], 0],
  ['another counter of transactions', [9, 50, 51], [9, 50, 51], 0],
] as const)('begins anew on a server with %s', (_, first, second, expected) => {
  expect(finalAfter([7, 110, 110], first, second)).toBe(expected);
});

it('begins anew on another server whose counters have passed those of the first one', () => {
  expect(finalAfter([7, 110, 110], [9, 119, 120, 2])).toBe(0);
  expect(finalAfter([7, 110, 110], [9, 119, 120, 2], [9, 120, 121, 2])).toBe(9);
});
