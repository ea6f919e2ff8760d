import { expect, it, vi } from 'vitest';
import { Pace, type Usage } from '../../src/webhooks/pace.ts';

/** Lets everything that can go on without a timer do so. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Counts the turns of many messages at once while a thread lives through periods of this kind. */
function turnsOf(messages: number) {
  const usage = { idleMs: 0, activeMs: 0, processorMs: 0 };
  const pace = new Pace((): Usage => ({ ...usage }));
  let turns = 0;
  const ask = (): void => void pace.turn().then(() => (turns += 1));
  return {
    ask: () => Array.from({ length: messages }, ask),
    /** Some milliseconds pass, in which the thread works for this part of them. */
    async pass(ms: number, busyShare: number) {
      for (let step = 0; step < ms; step += 10) {
        usage.activeMs += 10 * busyShare;
        usage.processorMs += 10 * busyShare;
        usage.idleMs += 10 * (1 - busyShare);
        vi.advanceTimersByTime(10);
      }
      await settled();
    },
    turns: () => turns,
  };
}

it('an idle thread sends at once; a busy one sends some hundred messages a second, the rest later', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const thread = turnsOf(1_000);
    await thread.pass(1_000, 0.2);
    thread.ask();
    await settled();
    expect(thread.turns()).toBe(1_000);

    await thread.pass(1_000, 1);
    thread.ask();
    await settled();
    // What is saved up.
    expect(thread.turns()).toBeLessThanOrEqual(1_010);
    await thread.pass(1_000, 1);
    // A part of 0.08 of a second is 320 messages of 0.25 ms.
    expect(thread.turns()).toBeGreaterThan(1_300);
    expect(thread.turns()).toBeLessThan(1_340);
    await thread.pass(500, 0.1);
    expect(thread.turns()).toBe(2_000);
  } finally {
    vi.useRealTimers();
  }
});

it('messages get their turn in the order in which they ask, also while some wait', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const usage = { idleMs: 0, activeMs: 300, processorMs: 300 };
    let begun = 0;
    const pace = new Pace((): Usage =>
      begun++ === 0 ? { idleMs: 0, activeMs: 0, processorMs: 0 } : { ...usage },
    );
    const order: number[] = [];
    for (let n = 0; n < 15; n += 1) void pace.turn().then(() => order.push(n));
    await settled();
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    void pace.turn().then(() => order.push(15));
    usage.activeMs += 100;
    usage.processorMs += 100;
    vi.advanceTimersByTime(10);
    await settled();
    expect(order).toEqual(Array.from({ length: 16 }, (_, n) => n));
  } finally {
    vi.useRealTimers();
  }
});
