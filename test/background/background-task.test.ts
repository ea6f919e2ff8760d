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

/** A task whose work the test ends, with a record of its runs. */
class ControlledTask {
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

it('a task runs one period after the start, and one period after the end of each run', async () => {
  const controlled = new ControlledTask();
  controlled.task.start();
  controlled.task.start();
  await vi.advanceTimersByTimeAsync(PERIOD_MS - 1);
  expect(controlled.begun).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(controlled.begun).toBe(1);
  await vi.advanceTimersByTimeAsync(10 * PERIOD_MS);
  expect(controlled.begun).toBe(1);
  await controlled.succeed();
  await vi.advanceTimersByTimeAsync(PERIOD_MS - 1);
  expect(controlled.begun).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(controlled.begun).toBe(2);
});

it('a fault is counted and reported, and the task retries after one to two times the retry time', async () => {
  const controlled = new ControlledTask();
  const error = new Error('of the test');
  controlled.task.start();
  await vi.advanceTimersByTimeAsync(PERIOD_MS);
  await controlled.fail(error);
  expect(controlled.runs).toMatchObject([{ name: 'bench', error, faultCount: 1 }]);
  await vi.advanceTimersByTimeAsync(RETRY_MS - 1);
  expect(controlled.begun).toBe(1);
  await vi.advanceTimersByTimeAsync(RETRY_MS + 1);
  expect(controlled.begun).toBe(2);
  await controlled.succeed();
  expect(controlled.runs[1]).toMatchObject({ error: undefined, faultCount: 1 });
  expect(controlled.task.faultCount).toBe(1);
  await vi.advanceTimersByTimeAsync(PERIOD_MS - 1);
  expect(controlled.begun).toBe(2);
});

it('work that throws synchronously counts as a fault like any other', async () => {
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

it('only one run is in progress at a time: a requested run joins the one in progress', async () => {
  const controlled = new ControlledTask();
  controlled.task.start();
  const runs = [controlled.task.run(), controlled.task.run()];
  await vi.advanceTimersByTimeAsync(2 * PERIOD_MS);
  expect(controlled.begun).toBe(1);
  await controlled.succeed();
  await Promise.all(runs);
  expect(controlled.runs).toHaveLength(1);
  expect(vi.getTimerCount()).toBe(1);
});

it('stop resolves when the run in progress ends, and no other run begins', async () => {
  const controlled = new ControlledTask();
  controlled.task.start();
  await vi.advanceTimersByTimeAsync(PERIOD_MS);
  let isStopped = false;
  const stopped = controlled.task.stop().then(() => (isStopped = true));
  await vi.advanceTimersByTimeAsync(2 * PERIOD_MS);
  expect(isStopped).toBe(false);
  await controlled.succeed();
  await stopped;
  expect(vi.getTimerCount()).toBe(0);
  expect(controlled.begun).toBe(1);
});

it.each(['before', 'after'])(
  'a stopped task continues when it is started again %s the end of the run in progress',
  async (when) => {
    const controlled = new ControlledTask();
    controlled.task.start();
    await vi.advanceTimersByTimeAsync(PERIOD_MS);
    const stopped = controlled.task.stop();
    if (when === 'before') controlled.task.start();
    await controlled.succeed();
    await stopped;
    if (when === 'after') controlled.task.start();
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(PERIOD_MS);
    expect(controlled.begun).toBe(2);
  },
);

it('a task that is not started can be run once', async () => {
  const controlled = new ControlledTask();
  const run = controlled.task.run();
  await controlled.succeed();
  await run;
  expect([controlled.begun, vi.getTimerCount()]).toEqual([1, 0]);
});
