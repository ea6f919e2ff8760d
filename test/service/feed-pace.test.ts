import { afterEach, expect, it, vi } from 'vitest';
import { FeedPace } from '../../src/service/feed-pace.ts';

afterEach(() => vi.restoreAllMocks());

/**
 * A pace whose last piece of work has just ended. Time passes by `pass`, and others use a share of it.
 * @param othersCpu the share of the time for which others have the processor, if not as long as the event loop is busy
 */
function paceAfter(costMs: number, othersShare: number, items = 0, othersCpu = othersShare) {
  let nowMs = 1_000;
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  vi.spyOn(performance, 'eventLoopUtilization').mockImplementation(() => ({
    ...{ idle: 0, active: 0, utilization: othersShare },
  }));
  vi.spyOn(process, 'threadCpuUsage').mockImplementation(() => ({
    user: nowMs * othersCpu * 1_000,
    system: 0,
  }));
  const pace = new FeedPace(30);
  expect(pace.waitMs).toBe(0);
  pace.worked({ costMs, items, receivers: 1 });
  const pass = (ms: number): void => void (nowMs += ms);
  return { pace, pass };
}

/** How long the pause is when `waitMs` is waited for again and again, and how often it is asked for. */
function pauseOf(...work: Parameters<typeof paceAfter>) {
  const { pace, pass } = paceAfter(...work);
  let [pauseMs, questions] = [0, 0];
  for (let waitMs = pace.waitMs; waitMs > 0; waitMs = pace.waitMs) {
    pass(waitMs);
    pauseMs += waitMs;
    questions += 1;
  }
  return { pauseMs, questions };
}

it.each([
  // cost, others, items, their processor time, pause
  [10, 0, 0, 0, 10],
  [10, 0, 10, 0, 10],
  [0.01, 0, 0, 0, 1],
  [10, 1, 0, 1, 300],
  [10, 1, 0, 0.4, 750],
  [10, 1, 0, 0.1, 1_000],
  [10, 0.1, 5_000, 0.5, 600],
  [0.01, 1, 0, 1, 20],
  [100, 1, 0, 1, 1_000],
  [5_000, 0, 0, 0, 1_000],
])(
  'after work of %d ms, with others at %d of the event loop, %d items and %d of the processor, the pause is %d ms',
  (...row) => {
    const [costMs, othersShare, items, othersCpu, expectedMs] = row;
    const { pauseMs, questions } = pauseOf(costMs, othersShare, items, othersCpu);
    expect(pauseMs).toBeGreaterThanOrEqual(expectedMs - 1e-6);
    expect(pauseMs).toBeLessThanOrEqual(expectedMs + 20);
    expect(questions).toBeLessThan(15);
  },
);

it('the pause follows the mean of the last pieces of work, because a single measurement is coarse', () => {
  const { pace, pass } = paceAfter(8, 1);
  pace.worked({ costMs: 0, items: 0, receivers: 1 });
  pass(30 * 7 - 1);
  expect(pace.waitMs).toBeGreaterThan(0);
  pass(1);
  expect(pace.waitMs).toBe(0);
});

it('the pause follows the number of receivers at once', () => {
  const { pace, pass } = paceAfter(0.02, 1);
  for (const receivers of [1_000, 10]) {
    pace.worked({ costMs: receivers * 0.02, items: 0, receivers });
    pass(30 * receivers * 0.02 - 1);
    expect(pace.waitMs, `${receivers} receivers`).toBeGreaterThan(0);
    pass(2);
    expect(pace.waitMs, `${receivers} receivers`).toBeLessThan(20);
  }
});

it('a pause that was long because of a load ends soon after it', () => {
  const { pace, pass } = paceAfter(10, 0.9);
  pass(pace.waitMs);
  const waitMs = pace.waitMs;
  expect(waitMs).toBe(10);
  vi.spyOn(performance, 'eventLoopUtilization').mockReturnValue({
    ...{ idle: 0, active: 0, utilization: 0.1 },
  });
  pass(waitMs);
  expect(pace.waitMs).toBe(0);
});
