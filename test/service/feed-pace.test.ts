import { afterEach, expect, it, vi } from 'vitest';
import { FeedPace } from '../../src/service/feed-pace.ts';

afterEach(() => vi.restoreAllMocks());

/** A pace whose last piece of work has just ended; time passes by `pass`, and others use a share of the event loop. */
function paceAfter(costMs: number, othersShare: number, items = 0) {
  let nowMs = 1_000;
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  vi.spyOn(performance, 'eventLoopUtilization').mockImplementation(() => ({
    ...{ idle: 0, active: 0, utilization: othersShare },
  }));
  const pace = new FeedPace(30);
  expect(pace.waitMs).toBe(0);
  pace.worked(costMs, items);
  const pass = (ms: number): void => void (nowMs += ms);
  return { pace, pass };
}

/** How long the pause is when `waitMs` is waited for again and again, and how often it is asked for. */
function pauseOf(...work: [costMs: number, othersShare: number, items: number]) {
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
  // cost, others, items, pause
  [10, 0, 0, 10],
  [10, 0, 10, 10],
  [0.01, 0, 0, 1],
  [10, 0.9, 0, 300],
  [10, 0, 5_000, 300],
  [0.01, 0.9, 0, 20],
  [100, 0.9, 0, 1_000],
  [5_000, 0, 0, 1_000],
])(
  'after work of %d ms, with others at %d of the event loop and %d items, the pause is %d ms',
  (...row) => {
    const [costMs, othersShare, items, expectedMs] = row;
    const { pauseMs, questions } = pauseOf(costMs, othersShare, items);
    expect(pauseMs).toBeCloseTo(expectedMs);
    expect(questions).toBeLessThan(8);
  },
);

it('the pause follows the mean of the last pieces of work, because a single measurement is coarse', () => {
  const { pace, pass } = paceAfter(8, 0.9);
  pace.worked(0, 0);
  pass(30 * 7 - 1);
  expect(pace.waitMs).toBeCloseTo(1);
  pass(1);
  expect(pace.waitMs).toBe(0);
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
