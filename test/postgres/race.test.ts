import { expect, it } from 'vitest';
import { randomFrom } from '../support/engine/line-pair.ts';
import { startTwo, stop } from '../support/postgres/pg-hospital.ts';
import { startPgProxy } from '../support/postgres/pg-proxy.ts';
import { race, type RaceResult } from '../support/postgres/pg-race.ts';
import { createDatabase } from '../support/postgres/postgres.ts';
import { runSql } from '../support/store/run-sql.ts';
import { rerun, seed } from '../support/seed.ts';

/** The number of seats of each slot, in the order of the races. */
const SLOTS = [1, 4, 12];

/** Removes the row lock from the statement that locks the doctors' rows. The number of bytes stays the same. */
const withoutLock = (statement: string): string =>
  statement.replace(/(?<=ORDER BY id) FOR UPDATE$/, (lock) => ' '.repeat(lock.length));

const open = async (rewrite?: (statement: string) => string) => {
  const { url } = await createDatabase();
  const proxy = await startPgProxy(url, rewrite);
  const servers = await startTwo(proxy.url);
  const random = randomFrom(seed);
  const run = (seats: number): Promise<RaceResult> => race(servers, url, seats, random);
  return { url, proxy, servers, run };
};

const right = (seated: number) => ({ refused: 0, seated, faults: [] });

it(`two processes sell every seat of a popular slot once, in the order of the change records ${rerun}`, async () => {
  const { proxy, servers, run } = await open();
  for (const seats of SLOTS) {
    const { turns, ...result } = await run(seats);
    expect(result).toEqual(right(seats));
    expect(turns).toBeGreaterThan(0);
  }
  // The lock alone has prevented overselling, because the primary key has rejected no row.
  expect(proxy.errors).not.toContain('23505');
  await stop(...servers);
});

it(`without the row lock, the primary key of the change records still prevents overselling ${rerun}`, async () => {
  const { proxy, servers, run } = await open(withoutLock);
  for (const seats of SLOTS) {
    const { turns, ...result } = await run(seats);
    expect(result).toEqual(right(seats));
    expect(turns).toBeGreaterThan(0);
  }
  expect(proxy.errors).toContain('23505');
  await stop(...servers);
});

it(`without the row lock and the primary key, the same race oversells ${rerun}`, async () => {
  const { url, servers, run } = await open(withoutLock);
  await runSql(url, 'ALTER TABLE changes DROP CONSTRAINT changes_pkey');
  const { seated, faults } = await run(1);
  expect(seated).toBeGreaterThan(1);
  expect(faults).not.toEqual([]);
  for (const server of servers) await server.stop('SIGKILL');
});

it('only one slot gets an id that two processes try to give to slots of two doctors at once', async () => {
  const { url, servers } = await open();
  const asked = Array.from({ length: 20 }, async (_, count) => {
    const answers = await Promise.all(
      servers.map((server, place) => {
        const times = { start_time: '2100-01-01T09:00:00Z', end_time: '2100-01-01T10:00:00Z' };
        const slot = { doctor_id: `doc${place + 1}`, id: `contested${count}`, capacity: 1 };
        return server.post('/slots', { ...slot, ...times });
      }),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
  });
  await Promise.all(asked);
  const given = `SELECT FROM slots WHERE id LIKE 'contested%'`;
  expect(await runSql(url, given)).toHaveLength(asked.length);
  await stop(...servers);
});
