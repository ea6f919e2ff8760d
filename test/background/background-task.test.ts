import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { BackgroundTask, type BackgroundRun } from '../../src/background/index.ts';

const PERIOD_MS = 1_000;
const RETRY_MS = 100;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A task whose work a test ends, and a record of its runs. */
class Bench {
  readonly runs: BackgroundRun[] = [];
  readonly task: BackgroundTask;
  begun = 0;
  #work: PromiseWithResolvers<void> | undefined;

  constructor() {
    this.task = new BackgroundTask({
      name: 'bench',
      periodMs: PERIOD_MS,
      retryMs: RETRY_MS,
      work: () => {
        this.begun += 1;
        this.#work = Promise.withResolvers();
        return this.#work.promise;
      },
      onRun: (run) => this.runs.push(run),
    });
  }

  async succeed(): Promise<void> {
    this.#work?.resolve();
    await vi.advanceTimersByTimeAsync(0);
  }

  async fail(error: Error): Promise<void> {
    this.#work?.reject(error);
    await vi.advanceTimersByTimeAsync(0);
  }
}

it('runs a period after the start, and a period after the end of each run', async () => {
  const bench = new Bench();
  bench.task.start();
  bench.task.start();
  await vi.advanceTimersByTimeAsync(PERIOD_MS - 1);
  expect(bench.begun).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(bench.begun).toBe(1);
  await vi.advanceTimersByTimeAsync(10 * PERIOD_MS);
  expect(bench.begun).toBe(1);
  await bench.succeed();
  await vi.advanceTimersByTimeAsync(PERIOD_MS - 1);
  expect(bench.begun).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(bench.begun).toBe(2);
});

it('counts a fault, tells it, and retries after a pause of once to twice the retry time', async () => {
  const bench = new Bench();
  const error = new Error('of the test');
  bench.task.start();
  await vi.advanceTimersByTimeAsync(PERIOD_MS);
  await bench.fail(error);
  expect(bench.runs).toMatchObject([{ name: 'bench', error, faultCount: 1 }]);
  await vi.advanceTimersByTimeAsync(RETRY_MS - 1);
  expect(bench.begun).toBe(1);
  await vi.advanceTimersByTimeAsync(RETRY_MS + 1);
  expect(bench.begun).toBe(2);
  await bench.succeed();
  expect(bench.runs[1]).toMatchObject({ error: undefined, faultCount: 1 });
  expect(bench.task.faultCount).toBe(1);
  await vi.advanceTimersByTimeAsync(PERIOD_MS - 1);
  expect(bench.begun).toBe(2);
});

it('takes work that throws at once for a fault like any other', async () => {
  const runs: BackgroundRun[] = [];
  const task = new BackgroundTask({
    name: 'broken',
    periodMs: PERIOD_MS,
    retryMs: RETRY_MS,
    work: () => {
      throw new Error('at once');
    },
    onRun: (run) => runs.push(run),
  });
  await task.run();
  await task.run();
  expect(runs.map(({ faultCount }) => faultCount)).toEqual([1, 2]);
});

it('has one run at a time: a run that is asked for joins the one under way', async () => {
  const bench = new Bench();
  bench.task.start();
  const runs = [bench.task.run(), bench.task.run()];
  await vi.advanceTimersByTimeAsync(2 * PERIOD_MS);
  expect(bench.begun).toBe(1);
  await bench.succeed();
  await Promise.all(runs);
  expect(bench.runs).toHaveLength(1);
  expect(vi.getTimerCount()).toBe(1);
});

it('stops when the run under way is over, and begins no other', async () => {
  const bench = new Bench();
  bench.task.start();
  await vi.advanceTimersByTimeAsync(PERIOD_MS);
  let isStopped = false;
  const stopped = bench.task.stop().then(() => (isStopped = true));
  await vi.advanceTimersByTimeAsync(2 * PERIOD_MS);
  expect(isStopped).toBe(false);
  await bench.succeed();
  await stopped;
  expect(vi.getTimerCount()).toBe(0);
  expect(bench.begun).toBe(1);
});

it.each(['before', 'after'])(
  'goes on when it is started again %s the end of the run that was under way',
  async (when) => {
    const bench = new Bench();
    bench.task.start();
    await vi.advanceTimersByTimeAsync(PERIOD_MS);
    const stopped = bench.task.stop();
    if (when === 'before') bench.task.start();
    await bench.succeed();
    await stopped;
    if (when === 'after') bench.task.start();
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(PERIOD_MS);
    expect(bench.begun).toBe(2);
  },
);

it('runs once without being started', async () => {
  const bench = new Bench();
  const run = bench.task.run();
  await bench.succeed();
  await run;
  expect([bench.begun, vi.getTimerCount()]).toEqual([1, 0]);
});
