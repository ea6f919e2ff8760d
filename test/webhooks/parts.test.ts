import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Webhook } from 'standardwebhooks';
import { epochMs } from '../../src/engine/index.ts';
import { cursorAt, cursorOf, type PlacedChange } from '../../src/store/cursor.ts';
import { PAUSES_MS, pauseAfter, retryAfterMsOf } from '../../src/webhooks/back-off.ts';
import { Window } from '../../src/webhooks/progress.ts';
import { newSecret, signedHeaders } from '../../src/webhooks/signature.ts';
import { seed } from '../support/seed.ts';

const HOUR_MS = 3_600_000;

it('the pauses are three days in all, each up to a fifth longer or shorter', () => {
  const total = PAUSES_MS.reduce((sum, pause) => sum + pause, 0);
  expect(total / HOUR_MS).toBeCloseTo(72, 0);
  expect([0, 0.5, 1].map((random) => pauseAfter(1, null, random))).toEqual([4_000, 5_000, 6_000]);
  expect(pauseAfter(PAUSES_MS.length, null, 0.5)).toBe(14 * HOUR_MS);
  expect(pauseAfter(PAUSES_MS.length + 1, null, 0.5)).toBeNull();
});

it.each([
  [undefined, null],
  ['120', 120_000],
  [' 7 ', 7_000],
  ['Thu, 01 Jan 1970 00:01:00 GMT', 50_000],
  ['Thu, 01 Jan 1970 00:00:01 GMT', 0],
  ['-5', null],
  ['soon', null],
  ['1.5', null],
])('Retry-After: %s asks for %s milliseconds', (header, ms) => {
  expect(retryAfterMsOf(header, 10_000)).toBe(ms);
});

it('a server may ask for a longer pause, up to a day, and not for a shorter one', () => {
  expect(pauseAfter(1, 60_000, 0.5)).toBe(60_000);
  expect(pauseAfter(3, 1_000, 0.5)).toBe(120_000);
  expect(pauseAfter(1, 100 * 24 * HOUR_MS, 0.5)).toBe(24 * HOUR_MS);
});

it('the package of Standard Webhooks accepts a signature by each secret, and no other body, id or secret', () => {
  const [a, b, other] = [newSecret(), newSecret(), newSecret()];
  const message = { id: 'm_1', timestamp: Math.floor(Date.now() / 1_000), body: '{"é":1}' };
  const headers = signedHeaders(message, [a, b]);
  for (const secret of [a, b])
    expect(new Webhook(secret).verify(message.body, headers)).toEqual({ é: 1 });
  expect(() => new Webhook(other).verify(message.body, headers)).toThrow(/signature/);
  expect(() => new Webhook(a).verify('{}', headers)).toThrow(/signature/);
  expect(() => new Webhook(a).verify(message.body, { ...headers, 'webhook-id': 'm_2' })).toThrow(
    /signature/,
  );
});

it(`a window's cursor is the last one up to which everything is done (rerun with SEED=${seed})`, () => {
  const order = fc.uniqueArray(fc.nat(50), { minLength: 1 });
  fc.assert(
    fc.property(order, (dones) => {
      const window = new Window('start');
      const items = Array.from({ length: 51 }, (_, n) => window.add(String(n), false));
      for (const n of dones) {
        const item = items[n];
        if (item !== undefined) item.isDone = true;
        const open = items.findIndex(({ isDone }) => !isDone);
        const doneCount = open === -1 ? items.length : open;
        expect(window.cursor).toBe(doneCount === 0 ? 'start' : String(doneCount - 1));
        expect(window.size).toBe(items.length - doneCount);
      }
    }),
    { seed },
  );
});

it(`the cursor of an instant is that before the first change at or after it (rerun with SEED=${seed})`, async () => {
  const gaps = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat(2)), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(gaps, fc.nat(90), async (steps, instant) => {
      let [position, at] = [0, 0];
      const placed = steps.map(([gap, ms], n) => {
        [position, at] = [position + gap, at + ms];
        const change = { version: n + 1, at: epochMs(at) } as PlacedChange['change'];
        return { position, change, actor: 'desk', reason: null };
      });
      const upTo = (last: number) => placed.findLast((each) => each.position <= last);
      const before = placed.findLast(({ change }) => change.at < instant);
      expect(await cursorAt(epochMs(instant), position, upTo)).toBe(cursorOf(before));
    }),
    { seed },
  );
});
