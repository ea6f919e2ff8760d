import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ConnectionLostError } from '../../src/store/postgres/errors.ts';
import { Health } from '../../src/store/postgres/health.ts';
import { NotDurableError } from '../../src/store/store.ts';
import { listenTo } from '../support/telemetry.ts';

const LOST = new ConnectionLostError();
const BROKEN = new Error('of the test');

/** A health whose pings do what the test says, and how often each thing has happened. */
class Bench {
  readonly health: Health;
  pings = 0;
  expiries = 0;
  error: Error | undefined;

  constructor() {
    this.health = new Health(
      () => {
        this.pings += 1;
        return this.error ? Promise.reject(this.error) : Promise.resolve();
      },
      () => (this.expiries += 1),
    );
  }
}

let bench: Bench;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  bench = new Bench();
});
afterEach(() => {
  vi.useRealTimers();
});

it('pings once when the database answers, and not again until it is asked to', async () => {
  bench.health.watch();
  bench.health.watch();
  await vi.advanceTimersByTimeAsync(10_000);
  expect([bench.pings, bench.health.state, vi.getTimerCount()]).toEqual([1, 'ready', 0]);
  bench.health.watch();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(bench.pings).toBe(2);
});

it('is stalled from the first ping that fails to the first that succeeds, and tells both ends', async () => {
  const unreachable = listenTo('opd:database-unreachable');
  const reachable = listenTo('opd:database-reachable');
  const runs = listenTo('opd:background-run');
  bench.error = LOST;
  bench.health.watch();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(bench.health.state).toBe('stalled');
  expect(() => bench.health.assertWritable()).toThrow(NotDurableError);
  expect(() => bench.health.assertReadable()).toThrow(NotDurableError);
  // Every 50 to 100 milliseconds, however often somebody asks for it.
  bench.health.watch();
  expect(bench.pings).toBeGreaterThanOrEqual(10);
  expect(bench.pings).toBeLessThanOrEqual(21);
  expect(bench.expiries).toBe(bench.pings);
  bench.error = undefined;
  await vi.advanceTimersByTimeAsync(100);
  expect([bench.health.state, vi.getTimerCount()]).toEqual(['ready', 0]);
  expect(unreachable).toEqual([{ cause: 'OPD_CONNECTION_LOST' }]);
  expect(reachable).toHaveLength(1);
  expect(reachable[0]?.unreachableMs).toBeGreaterThan(900);
  expect(runs[0]).toMatchObject({
    name: 'database-health',
    fault: 'OPD_CONNECTION_LOST',
    faultCount: 1,
  });
  expect(runs.at(-1)).toMatchObject({ fault: null, faultCount: bench.pings - 1 });
});

it('fails after a fatal error and never recovers, also when a later ping would succeed', async () => {
  const failed = listenTo('opd:store-failed');
  bench.error = BROKEN;
  bench.health.watch();
  await vi.advanceTimersByTimeAsync(1_000);
  expect([bench.pings, bench.health.state, bench.expiries]).toEqual([1, 'failed', 1]);
  expect(await bench.health.failure).toBe(BROKEN);
  bench.error = undefined;
  bench.health.watch();
  bench.health.fail(LOST);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([bench.pings, bench.health.state]).toEqual([1, 'failed']);
  expect(failed).toEqual([{ cause: 'Error' }]);
});

it('does not recover from a failure by a ping that was in flight', async () => {
  const ping = Promise.withResolvers<undefined>();
  const health = new Health(
    () => ping.promise,
    () => undefined,
  );
  health.watch();
  await vi.advanceTimersByTimeAsync(1);
  health.fail(BROKEN);
  ping.resolve(undefined);
  await vi.advanceTimersByTimeAsync(1);
  expect(health.state).toBe('failed');
});

it('retries a read until it succeeds or its time is over', async () => {
  let tries = 0;
  const read = async (succeedsAt: number): Promise<string> => {
    tries += 1;
    await Promise.resolve();
    if (tries < succeedsAt) throw Object.assign(new Error('busy'), { code: '40001' });
    return 'read';
  };
  const reading = bench.health.withRetry(() => read(3));
  await vi.advanceTimersByTimeAsync(0);
  expect(await reading).toBe('read');
  expect(tries).toBe(3);
  await expect(bench.health.withRetry(() => Promise.reject(BROKEN))).rejects.toBe(BROKEN);
});

it('when it closes it neither pings nor retries', async () => {
  bench.error = LOST;
  bench.health.watch();
  await vi.advanceTimersByTimeAsync(200);
  const { pings } = bench;
  await bench.health.close();
  bench.health.watch();
  await vi.advanceTimersByTimeAsync(1_000);
  expect([bench.pings, vi.getTimerCount()]).toEqual([pings, 0]);
  expect(bench.health.isOver(Infinity)).toBe(true);
});
