import { expect, it } from 'vitest';
import { epochMs } from '../../src/engine/index.ts';
import { createTokenIds } from '../../src/service/ids.ts';

const NOW = Date.parse('2026-11-23T08:00:00Z');

it('a token id is a UUID of version 7 and the variant of RFC 9562', () => {
  const newId = createTokenIds();
  for (let count = 0; count < 2_000; count += 1)
    expect(newId(epochMs(NOW))).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
});

it.each([0, 1, NOW, Date.parse('2100-01-01T00:00:00Z'), 2 ** 48 - 1])(
  'a token id has the millisecond %i in its first 48 bits',
  (at) => {
    const id = createTokenIds()(epochMs(at));
    expect(Number.parseInt(id.replace('-', '').slice(0, 12), 16)).toBe(at);
  },
);

it('token ids sort by the time at which they were made', () => {
  const newId = createTokenIds();
  const ids = Array.from({ length: 1_000 }, (_, ms) => newId(epochMs(NOW + ms)));
  expect([...ids].sort()).toEqual(ids);
});

it('token ids are unique, also within a millisecond and from two generators', () => {
  const generators = [createTokenIds(), createTokenIds()];
  const ids = generators.flatMap((newId) =>
    Array.from({ length: 20_000 }, () => newId(epochMs(NOW))),
  );
  expect(new Set(ids).size).toBe(40_000);
});

it('every free bit of a token id is random', () => {
  const newId = createTokenIds();
  const ones = Array<number>(128).fill(0);
  const count = 2_000;
  for (let made = 0; made < count; made += 1) {
    const bits = BigInt(`0x${newId(epochMs(NOW)).replaceAll('-', '')}`);
    for (const bit of ones.keys())
      ones[bit] = (ones[bit] ?? 0) + Number((bits >> BigInt(127 - bit)) & 1n);
  }
  const isFree = (bit: number): boolean => bit >= 48 && !(bit < 52) && !(bit >= 64 && bit < 66);
  // The limit is eight standard deviations around half of 2,000.
  const outside = ones.filter((sum, bit) => isFree(bit) && Math.abs(sum - count / 2) > 180);
  expect(outside).toEqual([]);
});
