import { expect, it } from 'vitest';
import { epochMs } from '../../src/engine/index.ts';
import { createTokenIds } from '../../src/service/ids.ts';

const NOW = Date.parse('2026-11-23T08:00:00Z');

it('makes UUIDs of version 7 and the variant of RFC 9562', () => {
  const newId = createTokenIds();
  for (let count = 0; count < 2_000; count += 1)
    expect(newId(epochMs(NOW))).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
});

it.each([0, 1, NOW, Date.parse('2100-01-01T00:00:00Z'), 2 ** 48 - 1])(
  'carries the millisecond %i in its first 48 bits',
  (at) => {
    const id = createTokenIds()(epochMs(at));
    expect(Number.parseInt(id.replace('-', '').slice(0, 12), 16)).toBe(at);
  },
);

it('sorts by the time at which ids were made', () => {
  const newId = createTokenIds();
  const ids = Array.from({ length: 1_000 }, (_, ms) => newId(epochMs(NOW + ms)));
  expect([...ids].sort()).toEqual(ids);
});

it('makes each id once, also within a millisecond and by two makers', () => {
  const makers = [createTokenIds(), createTokenIds()];
  const ids = makers.flatMap((newId) => Array.from({ length: 20_000 }, () => newId(epochMs(NOW))));
  expect(new Set(ids).size).toBe(40_000);
});

it('draws every free bit at random', () => {
  const newId = createTokenIds();
  const ones = Array<number>(128).fill(0);
  const count = 2_000;
  for (let made = 0; made < count; made += 1) {
    const bits = BigInt(`0x${newId(epochMs(NOW)).replaceAll('-', '')}`);
    for (const place of ones.keys())
      ones[place] = (ones[place] ?? 0) + Number((bits >> BigInt(127 - place)) & 1n);
  }
  const isFree = (place: number): boolean =>
    place >= 48 && !(place < 52) && !(place >= 64 && place < 66);
  // Half of 2,000 and eight standard deviations around it.
  const outside = ones.filter((sum, place) => isFree(place) && Math.abs(sum - count / 2) > 180);
  expect(outside).toEqual([]);
});
