import { join } from 'node:path';
import postgres from 'postgres';
import { expect, it, onTestFinished, vi } from 'vitest';
import { openDatabase, type ChangeLog } from '../../src/store/index.ts';
import { migrateStore } from '../../src/transfer/index.ts';
import { RULES } from '../support/engine/clinic.ts';
import { eventually } from '../support/eventually.ts';
import { createDatabase } from '../support/postgres/postgres.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { FrontDesk } from '../support/store/front-desk.ts';
import { runSql } from '../support/store/run-sql.ts';

/** Opens a desk on this database. It is closed when the test ends. */
async function deskOn(url: string): Promise<FrontDesk> {
  const desk = new FrontDesk((engine) => openDatabase(url, engine));
  onTestFinished(() => desk.store.close().catch(() => undefined));
  return desk.load();
}

/** Creates a database with two doctors and their slots. */
async function openedDatabase() {
  const { url } = await createDatabase();
  const desk = await deskOn(url);
  await desk.openSlots();
  return { url, desk };
}

/** Takes the tables back to the first migration. */
const FIRST_VERSION = `DROP INDEX changes_by_position, slots_by_date, tokens_by_patient;
  ALTER TABLE doctors DROP COLUMN rooms, DROP COLUMN retired, DROP COLUMN break_until,
    DROP COLUMN announcement;
  ALTER TABLE sessions DROP COLUMN valid_from, DROP COLUMN valid_until, DROP COLUMN every_weeks;
  DROP TABLE leaves, access_keys, secrets, key_changes, webhooks, webhook_lags, webhook_deliveries,
    webhook_processes, webhook_leases;
  ALTER TABLE slots DROP COLUMN start_delay_minutes, DROP COLUMN intake, DROP COLUMN kept,
    DROP COLUMN next_start_time, DROP COLUMN next_end_time, DROP COLUMN next_capacity, DROP COLUMN erased;
  ALTER TABLE tokens DROP COLUMN room, DROP COLUMN last_kind, DROP COLUMN last_from;
  DELETE FROM migrations WHERE id > 1`;

/** A connection on which the test controls a transaction. */
function connection(url: string) {
  const sql = postgres(url, { max: 1, fetch_types: false, onnotice: () => undefined });
  onTestFinished(() => sql.end({ timeout: 1 }));
  return {
    run: (statement: string) => sql.unsafe(statement),
    /** Makes the transaction get its id, as a row lock does. */
    lock: () => sql.unsafe('SELECT FROM setup FOR SHARE'),
    /** Inserts a change, which draws a position. */
    insert: (doctor: string) =>
      sql.unsafe(`INSERT INTO changes (doctor_id, version, at, kind, actor, data, command_id)
        VALUES ('${doctor}', 1, 0, 'doctor_set', 'desk', '{"sessions": []}', '')`),
  };
}

const doctorsBehind = async (log: ChangeLog, cursor: string): Promise<string[]> =>
  (await log.since(cursor, 100)).entries.map(({ change }) => change.doctorId);

it.each<[string, order: readonly ('early' | 'late')[]]>([
  ['began first', ['early', 'late']],
  ['began last', ['late', 'early']],
])(
  'a change is not read before an uncommitted change with a lower position, whose transaction %s',
  async (_, order) => {
    const { url, desk } = await openedDatabase();
    const cursor = await desk.changeLog.end();
    const transactions = { early: connection(url), late: connection(url) };
    for (const name of order) {
      await transactions[name].run('BEGIN');
      await transactions[name].lock();
    }
    const { early, late } = transactions;
    await early.insert('early');
    await late.insert('late');
    await late.run('COMMIT');
    expect(await doctorsBehind(desk.changeLog, cursor)).toEqual([]);
    expect(await desk.changeLog.end()).toBe(cursor);
    await early.run('COMMIT');
    expect(await doctorsBehind(desk.changeLog, cursor)).toEqual(['early', 'late']);
  },
);

it('transactions of another database, and transactions that write no change, do not delay the log', async () => {
  const { url, desk } = await openedDatabase();
  const elsewhere = connection((await createDatabase()).url);
  await elsewhere.run('BEGIN; CREATE TABLE other (); LOCK TABLE other');
  const reader = connection(url);
  await reader.run('BEGIN');
  await reader.lock();
  const cursor = await desk.changeLog.end();
  await connection(url).insert('new');
  expect(await doctorsBehind(desk.changeLog, cursor)).toEqual(['new']);
});

it('a change is read when the change with the lower position is rolled back', async () => {
  const { url, desk } = await openedDatabase();
  const cursor = await desk.changeLog.end();
  const [early, late] = [connection(url), connection(url)];
  await early.run('BEGIN');
  await early.insert('early');
  await late.insert('late');
  expect(await doctorsBehind(desk.changeLog, cursor)).toEqual([]);
  await early.run('ROLLBACK');
  expect(await doctorsBehind(desk.changeLog, cursor)).toEqual(['late']);
});

it('another process also skips no change at its first read', async () => {
  const { url, desk } = await openedDatabase();
  const cursor = await desk.changeLog.end();
  const [early, late] = [connection(url), connection(url)];
  await early.run('BEGIN');
  await early.insert('early');
  await late.insert('late');
  const other = await deskOn(url);
  expect(await doctorsBehind(other.changeLog, cursor)).toEqual([]);
  await early.run('COMMIT');
  expect(await doctorsBehind(other.changeLog, cursor)).toEqual(['early', 'late']);
});

it('the notification of another process causes a hint', async () => {
  const { url, desk } = await openedDatabase();
  // Fake timers switch off the hint that comes every second.
  vi.useFakeTimers({ toFake: ['setInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const other = await deskOn(url);
  let hints = 0;
  onTestFinished(other.changeLog.onCommit(() => (hints += 1)));
  // A hint comes once when the subscription begins and once when the server listens. A notification of the opened slots may come
  // late, so there may be a third hint.
  await eventually(async () => (await listeners(url)) === 1 && hints >= 2);
  const before = hints;
  await desk.admit('nine', 'W1');
  await eventually(() => hints > before);
});

it('a commit without a notification causes a hint a little later', async () => {
  const { url, desk } = await openedDatabase();
  let hints = 0;
  onTestFinished(desk.changeLog.onCommit(() => (hints += 1)));
  await eventually(() => hints >= 2);
  const before = hints;
  await connection(url).insert('silent');
  await eventually(() => hints > before);
});

it('a lost listening connection is opened again', async () => {
  const { url, desk } = await openedDatabase();
  onTestFinished(desk.changeLog.onCommit(() => undefined));
  await eventually(async () => (await listeners(url)) === 1);
  const [killed] = await runSql(
    url,
    `SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE 'LISTEN%'`,
  );
  await eventually(async () => {
    const [row] = await runSql(url, LISTENERS);
    return row !== undefined && row['pid'] !== killed?.['pid'];
  });
});

const LISTENERS = `SELECT pid FROM pg_stat_activity
  WHERE datname = current_database() AND query LIKE 'LISTEN%'`;
const listeners = async (url: string): Promise<number> => (await runSql(url, LISTENERS)).length;

it('a process without a subscription does not listen', async () => {
  const { url, desk } = await openedDatabase();
  const stop = desk.changeLog.onCommit(() => undefined);
  await eventually(async () => (await listeners(url)) === 1);
  stop();
  await eventually(async () => (await listeners(url)) === 0);
});

it('the changes of a database that an older version wrote are read', async () => {
  const { url, desk } = await openedDatabase();
  await desk.admit('nine', 'W1');
  const { entries } = await desk.changeLog.since(desk.changeLog.beginning, 100);
  await desk.store.close();
  await runSql(url, FIRST_VERSION);
  const after = await deskOn(url);
  expect(await after.changeLog.since(after.changeLog.beginning, 100)).toMatchObject({ entries });
});

it('cursors stay valid after a copy from SQLite to PostgreSQL and back', async () => {
  const lite = `sqlite:${join(tempDir(), 'opd.db')}`;
  const before = await deskOn(lite);
  await before.openSlots();
  await before.admit('nine', 'W1');
  const { entries } = await before.changeLog.since(before.changeLog.beginning, 100);
  await before.store.close();
  const { url } = await createDatabase();
  await migrateStore(lite, url, RULES);
  const copied = await deskOn(url);
  const third = entries[2]?.cursor ?? '';
  expect((await copied.changeLog.since(third, 100)).entries).toEqual(entries.slice(3));
  await copied.admit('nine', 'W2');
  const last = entries.at(-1)?.cursor ?? '';
  expect((await copied.changeLog.since(last, 100)).entries).toMatchObject([
    { change: { kind: 'booked', tokenId: 'W2' } },
  ]);
  await copied.store.close();
  const back = `sqlite:${join(tempDir(), 'back.db')}`;
  await migrateStore(url, back, RULES);
  const again = await deskOn(back);
  const { entries: copiedBack } = await again.changeLog.since(third, 100);
  expect(copiedBack.slice(0, -1)).toEqual(entries.slice(3));
});
