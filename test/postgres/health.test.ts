import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ConnectionLostError } from '../../src/store/postgres/errors.ts';
import { Health } from '../../src/store/postgres/health.ts';
import { NotDurableError } from '../../src/store/store.ts';
import { listenTo } from '../support/telemetry.ts';

const LOST = new ConnectionLostError();
const BROKEN = new Error('of the test');

/** A `Health` whose pings the test makes succeed or fail, with counts of the calls. */
class ControlledHealth {
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

let controlled: ControlledHealth;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  controlled = new ControlledHealth();
});
afterEach(() => {
  vi.useRealTimers();
});

it('`watch` sends one ping when the database answers, and no other until it is called again', async () => {
  controlled.health.watch();
  controlled.health.watch();
  await vi.advanceTimersByTimeAsync(10_000);
  expect([controlled.pings, controlled.health.state, vi.getTimerCount()]).toEqual([1, 'ready', 0]);
  controlled.health.watch();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(controlled.pings).toBe(2);
});

it('the store is stalled from the first ping that fails to the first that succeeds, and both events are published', async () => {
  const unreachable = listenTo('opd:database-unreachable');
  const reachable = listenTo('opd:database-reachable');
  const runs = listenTo('opd:background-run');
  controlled.error = LOST;
  controlled.health.watch();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(controlled.health.state).toBe('stalled');
  expect(() => controlled.health.assertWritable()).toThrow(NotDurableError);
  expect(() => controlled.health.assertReadable()).toThrow(NotDurableError);
  // The pings come every 50 to 100 milliseconds, however often `watch` is called.
  controlled.health.watch();
  expect(controlled.pings).toBeGreaterThanOrEqual(10);
  expect(controlled.pings).toBeLessThanOrEqual(21);
  expect(controlled.expiries).toBe(controlled.pings);
  controlled.error = undefined;
  await vi.advanceTimersByTimeAsync(100);
  expect([controlled.health.state, vi.getTimerCount()]).toEqual(['ready', 0]);
  expect(unreachable).toEqual([{ cause: 'OPD_CONNECTION_LOST' }]);
  expect(reachable).toHaveLength(1);
  expect(reachable[0]?.unreachableMs).toBeGreaterThan(900);
  expect(runs[0]).toMatchObject({
    name: 'database-health',
    fault: 'OPD_CONNECTION_LOST',
    faultCount: 1,
  });
  expect(runs.at(-1)).toMatchObject({ fault: null, faultCount: controlled.pings - 1 });
});

it('the store fails after a fatal error and never recovers, also when a later ping would succeed', async () => {
  const failed = listenTo('opd:store-failed');
  controlled.error = BROKEN;
  controlled.health.watch();
  await vi.advanceTimersByTimeAsync(1_000);
  expect([controlled.pings, controlled.health.state, controlled.expiries]).toEqual([
    1,
    'failed',
    1,
  ]);
  expect(await controlled.health.failure).toBe(BROKEN);
  controlled.error = undefined;
  controlled.health.watch();
  controlled.health.fail(LOST);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([controlled.pings, controlled.health.state]).toEqual([1, 'failed']);
  expect(failed).toEqual([{ cause: 'Error' }]);
});

it('a ping that was in flight does not make a failed store recover', async () => {
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

it('a read is retried until it succeeds or its time is over', async () => {
  let tries = 0;
  const read = async (succeedsAt: number): Promise<string> => {
    tries += 1;
    await Promise.resolve();
    if (tries < succeedsAt) throw Object.assign(new Error('busy'), { code: '40001' });
    return 'read';
  };
  const reading = controlled.health.withRetry(() => read(3));
  await vi.advanceTimersByTimeAsync(0);
  expect(await reading).toBe('read');
  expect(tries).toBe(3);
  await expect(controlled.health.withRetry(() => Promise.reject(BROKEN))).rejects.toBe(BROKEN);
});

it('a closed Health neither pings nor retries', async () => {
  controlled.error = LOST;
  controlled.health.watch();
  await vi.advanceTimersByTimeAsync(200);
  const { pings } = controlled;
  await controlled.health.close();
  controlled.health.watch();
  await vi.advanceTimersByTimeAsync(1_000);
  expect([controlled.pings, vi.getTimerCount()]).toEqual([pings, 0]);
  expect(controlled.health.isOver(Infinity)).toBe(true);
});
