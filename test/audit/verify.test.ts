import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { verifyDatabase } from '../../src/audit/index.ts';
import { migrate } from '../../src/store/sqlite/open.ts';
import { SqliteAuditSource } from '../../src/store/sqlite/audit-source.ts';
import { ROWS_PER_BATCH } from '../../src/store/audit-source.ts';
import {
  dayOf,
  faultsAfter,
  faultsOf,
  tamper,
  setChanges,
  setData,
  setToken,
  threeSeats,
  verifyAt,
} from '../support/store/damage.ts';
import { bundleOf } from '../support/process/bundle-of.ts';
import { tempDir } from '../support/process/temp-dir.ts';

it('an intact database is clean while it is written to and afterwards', async () => {
  const { desk, path } = await dayOf(threeSeats);
  expect(await faultsOf(path)).toEqual([]);
  await desk.store.close();
  const { faults, ...counts } = await verifyAt(path);
  expect(faults).toEqual([]);
  expect(counts).toEqual({ doctors: 1, slots: 2, tokens: 7, changes: 17 });
});

it.each<[what: string, sql: string, fault: RegExp]>([
  [
    'a status that no change led to',
    setToken('W1', `status = 'CANCELLED'`),
    /^token W1: differs .* status is CANCELLED, by its change records BOOKED$/,
  ],
  [
    'a priority that no change led to',
    setToken('W1', `priority = 99`),
    /^token W1: differs .* priority is 99, by its change records 20$/,
  ],
  [
    'a check-in without a change record',
    setToken('W1', `present = 1`),
    /^token W1: differs .* hasCheckedIn is true, by its change records false$/,
  ],
  [
    'a changed patient name, which is not printed',
    setToken('W1', `patient_name = 'X'`),
    /^token W1: differs from its change records: patientName$/,
  ],
  ['a token in another slot', setToken('W4', `slot_id = 'ten'`), /^token W4: differs .* slotId/],
  [
    'a deleted token',
    `DELETE FROM tokens WHERE id = 'W1'`,
    /^token W1: is missing from the table$/,
  ],
  [
    'a token without a change record',
    `INSERT INTO tokens SELECT 'x', doctor_id, slot_id, patient_name, patient_id, patient_type,
      arrival, number, booked_at, status, present, priority, room, last_kind, last_from, indexed, NULL
      FROM tokens WHERE id = 'W1'`,
    /^token x has no change record$/m,
  ],
  [
    'a deleted change record',
    `DELETE FROM changes WHERE token_id = 'W4' AND kind = 'booked'`,
    /its version is not the next one$/,
  ],
  [
    'a change record of a token that does not exist',
    setChanges(`kind = 'promoted'`, `token_id = 'x'`),
    /^token x: change rao:\d+ \(promoted\): cannot be applied: a change starts from the status/,
  ],
  [
    'a number that was used before (R10)',
    setData(`token_id = 'W4' AND kind = 'booked'`, 'number', '1'),
    /^token W4: change rao:\d+ \(booked\): its number is not the next of the day \(R10\)$/,
  ],
  [
    'a version that two processes have written',
    `INSERT INTO changes (doctor_id, version, at, kind, token_id, slot_id, from_status, to_status, cause, actor, reason, data)
      SELECT doctor_id, version, at, kind, 'x', slot_id, from_status, to_status, cause, actor, reason, data
      FROM changes WHERE token_id = 'W4' AND kind = 'booked'`,
    /^token (W4|x): change rao:9 \(booked\): its version was written twice$/,
  ],
  [
    'a number that two tokens of a day have, in the table alone (R10)',
    setToken('W4', 'number = 1'),
    /^doctor rao: number 1 of 2026-01-05 was given to tokens W1, W4 \(R10\)$/m,
  ],
  [
    'an arrival out of order',
    setData(`token_id = 'W4' AND kind = 'booked'`, 'arrival', '1'),
    /^token W4: change rao:\d+ \(booked\): its arrival is not the next$/,
  ],
  [
    'a seat sold twice (R1)',
    setChanges(`token_id = 'W4' AND kind = 'booked'`, `to_status = 'BOOKED'`),
    /^token W4: .*cannot be applied: a slot never seats more than its capacity \(R1\)$/,
  ],
  [
    'a smaller slot',
    `UPDATE slots SET capacity = 9 WHERE id = 'nine'`,
    /^slot nine: differs from its change records$/,
  ],
  [
    'a slot without a change record',
    `INSERT INTO slots SELECT 'x', doctor_id, session_id, date, start_time, end_time,
      delay_minutes, capacity, closed_reason, 0, 'ALL', 0, NULL, NULL, NULL, 0, 0 FROM slots LIMIT 1`,
    /^doctor rao: has a slot without change record$/,
  ],
  [
    'counters set back',
    `UPDATE doctors SET last_arrival = 1`,
    /^doctor rao: its row or its sessions differ from its change records$/,
  ],
  [
    'a day whose numbers would be used again',
    `UPDATE days SET last_number = 1`,
    /^doctor rao: the last number of 2026-01-05 differs from its change records$/,
  ],
  [
    'a doctor without a change record',
    `INSERT INTO doctors (id, name, time_zone, version, last_arrival)
      VALUES ('x', 'X', 'UTC', 0, 0)`,
    /^doctor x has no change record$/,
  ],
  ['a deleted doctor', `DELETE FROM doctors`, /^doctor rao: is missing from the table$/],
])('%s is found', async (_, sql, fault) => {
  expect(await faultsAfter(threeSeats, sql)).toMatch(fault);
});

it.each<[what: string, sql: string]>([
  ['without its JSON', setChanges(`token_id = 'W1' AND kind = 'booked'`, `data = '{'`)],
  ['of an unknown kind', setChanges(`token_id = 'W1' AND kind = 'booked'`, `kind = 'hooked'`)],
  ['without the status before the change', setChanges(`kind = 'no_show'`, 'from_status = NULL')],
])('a change record %s is named', async (_, sql) => {
  const faults = faultsAfter(threeSeats, sql);
  await expect(faults).rejects.toThrow(/^token \w1: change rao:\d+ cannot be read: /);
});

it('damaged tokens of the first and the last batch are found, and tokens are read in batches', async () => {
  const names = Array.from({ length: ROWS_PER_BATCH + 500 }, (_, index) => `W${index}`);
  const { desk, path } = await dayOf(async (front) => {
    await front.openSlots();
    await front.admit('nine', names.join(' '));
  });
  await desk.store.close();
  tamper(
    path,
    setToken('W0', 'arrival = 99') + setToken(`W${ROWS_PER_BATCH + 499}`, 'arrival = 99'),
  );
  const tokens = vi.spyOn(SqliteAuditSource.prototype, 'tokens');
  onTestFinished(() => tokens.mockRestore());
  const { faults } = await verifyDatabase(`sqlite:${path}`, desk.engine.rules);
  expect(faults.map((fault) => fault.split(':')[0])).toEqual([
    'token W0',
    `token W${ROWS_PER_BATCH + 499}`,
  ]);
  expect(tokens.mock.calls.map(([ids]) => ids.length)).toEqual([ROWS_PER_BATCH, 500]);
});

it.each<[what: string, sql: string]>([
  ['clean', ''],
  ['damaged', setToken('W1', `status = 'CANCELLED'`)],
  ['unreadable', setChanges(`token_id = 'W1' AND kind = 'booked'`, `data = '{'`)],
])('a database that is %s is closed after the verification', async (_, sql) => {
  const close = vi.spyOn(SqliteAuditSource.prototype, 'close');
  onTestFinished(() => close.mockRestore());
  const { desk, path } = await dayOf(threeSeats);
  await desk.store.close();
  tamper(path, sql);
  await Promise.allSettled([verifyDatabase(`sqlite:${path}`, desk.engine.rules)]);
  expect(close).toHaveBeenCalledOnce();
});

const { NODE_COMPILE_CACHE } = process.env;
const run = (url: string) =>
  spawnSync(process.execPath, [bundleOf('src/cli/verify.ts')], {
    env: { DATABASE_URL: url, NODE_COMPILE_CACHE },
    encoding: 'utf8',
  });

it('the command prints the counts and exits with 0, or with 1 and the first difference', async () => {
  const { desk, path } = await dayOf(threeSeats);
  const clean = run(`sqlite:${path}`);
  expect(clean.status).toBe(0);
  expect(clean.stdout).toMatch(/1 doctors, 2 slots, 7 tokens, 17 change records\nclean\n$/);
  await desk.store.close();
  tamper(path, setToken('E2', 'arrival = 99'));
  const damaged = run(`sqlite:${path}`);
  expect(damaged.status).toBe(1);
  expect(damaged.stdout).toMatch(/ {2}token E2: .*arrival is 99, by .* 7\n1 fault/);
});

function databaseOf(directory: string, sql: string): string {
  const path = join(directory, 'other.db');
  tamper(path, sql);
  return `sqlite:${path}`;
}

it.each<[what: string, url: (directory: string) => string, message: RegExp]>([
  [
    'a file that does not exist',
    (directory) => `sqlite:${directory}/none.db`,
    /^There is no database \S+\.\n$/,
  ],
  ['a database in memory', () => 'memory:', /^DATABASE_URL is memory: nothing is stored\.\n$/],
  ['a wrong setting', () => 'mysql:x', /^DATABASE_URL\S* is not valid\./],
  [
    'a file that is not a database',
    (directory) => {
      writeFileSync(join(directory, 'text.db'), 'This is no database.'.repeat(100));
      return `sqlite:${directory}/text.db`;
    },
    /^The file \S+ is damaged: file is not a database\.\n$/,
  ],
  [
    'a database of another program',
    (directory) => databaseOf(directory, 'CREATE TABLE bills (id)'),
    /^The database \S+ belongs to another program: name another file in DATABASE_URL\.\n$/,
  ],
  [
    'an empty file',
    (directory) => databaseOf(directory, ''),
    /^The file \S+ is empty: it is not a database of this program\.\n$/,
  ],
  [
    'an older database',
    (directory) => {
      migrate(join(directory, 'other.db'));
      return databaseOf(directory, 'DELETE FROM migrations');
    },
    /^The database \S+ was written by an older version of this program: start this one on it first\.\n$/,
  ],
  [
    'a newer database',
    (directory) => {
      migrate(join(directory, 'other.db'));
      return databaseOf(directory, `INSERT INTO migrations VALUES (99, 'x')`);
    },
    /^The database \S+ was written by a newer version of this program: use that one\.\n$/,
  ],
])('the command refuses %s with one sentence', (_, url, message) => {
  const { status, stderr } = run(url(tempDir()));
  expect(status).toBe(1);
  expect(stderr).toMatch(message);
});
