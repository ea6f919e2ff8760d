import { expect, it } from 'vitest';
import { Finality } from '../../src/store/postgres/finality.ts';

type End = readonly [position: number, writers: string, serverStart?: number];

/** The final position after these ends. Each letter of `writers` is the id of a transaction. */
function finalAfter(...ends: readonly End[]): number {
  const finality = new Finality();
  for (const [position, writers, serverStart = 1] of ends)
    finality.observe({ position, writers: new Set(writers), serverStart });
  return finality.position;
}

it('no position is final at first', () => {
  expect(finalAfter()).toBe(0);
});

it('an end is final at once when no transaction writes', () => {
  expect(finalAfter([7, ''])).toBe(7);
});

it('an end is not final while a transaction that wrote before it may still run', () => {
  expect(finalAfter([7, 'a'])).toBe(0);
  expect(finalAfter([7, 'a'], [7, 'abc'])).toBe(0);
  expect(finalAfter([7, 'ab'], [7, 'bc'])).toBe(0);
});

it('an end is final when all transactions that wrote before it have ended, although others have begun since', () => {
  expect(finalAfter([7, 'a'], [9, 'bc'])).toBe(7);
  expect(finalAfter([7, 'ab'], [9, 'bc'], [9, 'c'])).toBe(7);
  expect(finalAfter([7, 'ab'], [9, 'bc'], [9, 'de'])).toBe(9);
});

it('the final position advances under a stream of transactions, one of which always runs', () => {
  const letter = (nth: number) => String.fromCodePoint(0x4e00 + nth);
  const ends = Array.from({ length: 50 }, (_, nth): End => [nth, letter(nth) + letter(nth + 1)]);
  expect(finalAfter(...ends)).toBe(47);
});

it('the final position advances when a transaction ends after very many ends of the log', () => {
  const held = Array.from({ length: 50 }, (_, nth): End => [nth, 'a']);
  expect(finalAfter(...held)).toBe(0);
  expect(finalAfter(...held, [60, 'b'])).toBe(49);
});

it.each<[string, End, End, number]>([
  ['lost changes', [3, ''], [3, ''], 3],
  ['lost changes while a transaction writes', [3, 'a'], [3, 'a'], 0],
])('the final position is determined anew on a server with %s', (_, first, second, expected) => {
  expect(finalAfter([7, ''], first, second)).toBe(expected);
});

it('the final position is determined anew on another server whose positions have passed those of the first one', () => {
  expect(finalAfter([7, ''], [9, 'a', 2])).toBe(0);
  expect(finalAfter([7, ''], [9, 'a', 2], [9, 'b', 2])).toBe(9);
});
