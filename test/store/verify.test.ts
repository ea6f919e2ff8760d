import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { DEFAULT_CLASSES } from '../../src/engine/index.ts';
import { openVerifySource, verify } from '../../src/store/index.ts';
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { openApp } from '../support/app.ts';
import { tempDir } from '../support/temp-dir.ts';

const RULES = { classes: DEFAULT_CLASSES, graceMinutes: 30, waitlistMax: Infinity };
const MAIN = fileURLToPath(new URL('../../src/verify.ts', import.meta.url));

const faultsOf = (path: string): readonly string[] =>
  verify(openVerifySource(`sqlite:${path}`), RULES).faults;

/** A database with a bump, a promotion, a cancelled waiter and a no-show; `W1` is seated, `W4` waits. */
async function clinic() {
  const path = join(tempDir(), 'opd.db');
  const test = await openApp({ store: (engine) => new SqliteStore(engine, path) });
  const [w1, w2] = [await test.book('W1'), await test.book('W2'), await test.book('W3')];
  const [e1, w4, w5] = [await test.book('E1'), await test.book('W4'), await test.book('W5')];
  await test.post('/cancel', { token_id: w5.id, reason: 'a cold' });
  await test.post('/no-show', { token_id: e1.id });
  await test.post('/cancel', { token_id: w2.id });
  const end = await test.book('E2');
  return { test, path, w1, w4, end };
}

/** The faults found in a closed database that somebody has meddled with. */
async function faultsAfter(sql: (ids: { w1: string; w4: string }) => string): Promise<string> {
  const { test, path, w1, w4 } = await clinic();
  await test.store.close();
  const database = new DatabaseSync(path);
  database.exec(sql({ w1: w1.id, w4: w4.id }));
  database.close();
  return faultsOf(path).join('\n').replaceAll(w1.id, 'W1').replaceAll(w4.id, 'W4');
}

it('a database is clean while it is written to, and after', async () => {
  const { test, path } = await clinic();
  expect(faultsOf(path)).toEqual([]);
  await test.store.close();
  const { faults, ...counts } = verify(openVerifySource(`sqlite:${path}`), RULES);
  expect(faults).toEqual([]);
  expect(counts).toMatchObject({ doctors: 3, slots: 90, tokens: 7 });
});

it.each<[what: string, sql: (ids: { w1: string; w4: string }) => string, fault: RegExp]>([
  [
    'a status that no change led to',
    ({ w1 }) => `UPDATE tokens SET status = 'CANCELLED' WHERE id = '${w1}'`,
    /^token W1: differs .* status is CANCELLED, by its change records BOOKED$/,
  ],
  [
    'a patient renamed, whose name is not told',
    ({ w1 }) => `UPDATE tokens SET patient_name = 'X' WHERE id = '${w1}'`,
    /^token W1: differs from its change records: patientName$/,
  ],
  [
    'a token in another slot',
    ({ w4 }) => `UPDATE tokens SET slot_id = 'doc1_slot2@2026-11-23' WHERE id = '${w4}'`,
    /^token W4: differs .* slotId/,
  ],
  [
    'a token that is gone',
    ({ w1 }) => `DELETE FROM tokens WHERE id = '${w1}'`,
    /^token W1: is missing from the table$/,
  ],
  [
    'a token from nowhere',
    ({ w1 }) =>
      `INSERT INTO tokens SELECT 'x', doctor_id, slot_id, patient_name, patient_id, patient_type, arrival, number, booked_at, status, present FROM tokens WHERE id = '${w1}'`,
    /^token x has no change record$/,
  ],
  [
    'a change record that is gone',
    ({ w4 }) => `DELETE FROM changes WHERE token_id = '${w4}' AND kind = 'booked'`,
    /its version is not the next one$/,
  ],
  [
    'a change record of a token that was not there',
    () => `UPDATE changes SET token_id = 'x' WHERE kind = 'promoted'`,
    /^token x: change doc1:\d+ \(promoted\): broken: a change starts from the status/,
  ],
  [
    'a number that was used before (R10)',
    ({ w4 }) =>
      `UPDATE changes SET data = json_set(data, '$.number', 1) WHERE token_id = '${w4}' AND kind = 'booked'`,
    /token W4: change doc1:\d+ \(booked\): its number is not the next of the day \(R10\)/,
  ],
  [
    'an arrival out of order',
    ({ w4 }) =>
      `UPDATE changes SET data = json_set(data, '$.arrival', 1) WHERE token_id = '${w4}' AND kind = 'booked'`,
    /token W4: change doc1:\d+ \(booked\): its arrival is not the next/,
  ],
  [
    'a seat sold twice (R1)',
    ({ w4 }) =>
      `UPDATE changes SET to_status = 'BOOKED' WHERE token_id = '${w4}' AND kind = 'booked'`,
    /token W4: .*broken: a slot never seats more than its capacity \(R1\)/,
  ],
  [
    'a smaller slot',
    () => `UPDATE slots SET capacity = 9 WHERE id = 'doc1_slot1@2026-11-23'`,
    /^slot doc1_slot1@2026-11-23: is not what its change records come to$/,
  ],
  [
    'a slot that nobody opened',
    () => `INSERT INTO slots SELECT 'x', doctor_id, session_id, date, start_time, end_time,
      delay_minutes, capacity, closed_reason FROM slots LIMIT 1`,
    /^doctor doc1: has a slot without change record$/,
  ],
  [
    'counters set back',
    () => `UPDATE doctors SET last_arrival = 1 WHERE id = 'doc1'`,
    /^doctor doc1: its row or its sessions are not what its change records come to$/,
  ],
  [
    'a day whose numbers would be used again',
    () => `UPDATE days SET last_number = 1 WHERE doctor_id = 'doc1'`,
    /^doctor doc1: the last number of 2026-11-23 is not kept$/,
  ],
  [
    'a doctor from nowhere',
    () => `INSERT INTO doctors VALUES ('x', 'X', NULL, 'UTC', 0, 0)`,
    /^doctor x has no change record$/,
  ],
  [
    'a doctor who is gone',
    () => `DELETE FROM doctors WHERE id = 'doc2'`,
    /^doctor doc2: is not kept$/,
  ],
])('%s is found', async (_, sql, fault) => {
  expect(await faultsAfter(sql)).toMatch(fault);
});

it('a change record that cannot be read is named', async () => {
  const faults = faultsAfter(
    ({ w1 }) => `UPDATE changes SET data = '{' WHERE token_id = '${w1}' AND kind = 'booked'`,
  );
  await expect(faults).rejects.toThrow(/^token \S+: change doc1:\d+ cannot be read: /);
});

it('a free seat left beside a waiter is found (R5)', async () => {
  const faults = await faultsAfter(
    () => `DELETE FROM changes WHERE kind = 'promoted' AND position > (SELECT min(position) FROM changes WHERE kind = 'no_show');
      UPDATE changes SET version = (SELECT count(*) FROM changes c WHERE c.doctor_id = changes.doctor_id AND c.position <= changes.position)`,
  );
  expect(faults).toMatch(/\(no_show\): leaves a free seat beside token \S+ \(R5\)/);
});

it('a stronger patient left waiting behind a weaker one is found (R8)', async () => {
  const faults = await faultsAfter(
    ({ w4 }) =>
      `UPDATE changes SET data = json_set(data, '$.patientType', 'PAID_PRIORITY') WHERE token_id = '${w4}' AND kind = 'booked'`,
  );
  expect(faults).toMatch(/token W4: .*\(booked\): leaves token W4 behind a weaker one \(R8\)/);
});

const run = (url: string) =>
  spawnSync(process.execPath, [MAIN], { env: { DATABASE_URL: url }, encoding: 'utf8' });

it('the command says what it read and exits with 0, or with 1 naming the first difference', async () => {
  const { test, path, end } = await clinic();
  const clean = run(`sqlite:${path}`);
  expect(clean.status).toBe(0);
  expect(clean.stdout).toMatch(/3 doctors, 90 slots, 7 tokens, \d+ change records\nclean\n$/);
  await test.store.close();
  const database = new DatabaseSync(path);
  database.exec(`UPDATE tokens SET arrival = 99 WHERE id = '${end.id}'`);
  database.close();
  const damaged = run(`sqlite:${path}`);
  expect(damaged.status).toBe(1);
  expect(damaged.stdout).toMatch(
    new RegExp(`  token ${end.id}: .*arrival is 99, by .* 7\n1 fault`),
  );
});

it.each<[what: string, url: (directory: string) => string, message: RegExp]>([
  ['no file', (directory) => `sqlite:${directory}/none.db`, /^There is no database \S+\.\n$/],
  ['nothing kept', () => 'memory:', /^DATABASE_URL is memory: nothing is kept\.\n$/],
  ['a wrong setting', () => 'mysql:x', /^DATABASE_URL=mysql:x is not valid\./],
  [
    'a file that is not a database',
    (directory) => {
      writeFileSync(join(directory, 'text.db'), 'This is no database.'.repeat(100));
      return `sqlite:${directory}/text.db`;
    },
    /^The file \S+ is damaged: file is not a database\.\n$/,
  ],
])('the command answers %s with one sentence', (_, url, message) => {
  const { status, stderr } = run(url(tempDir()));
  expect(status).toBe(1);
  expect(stderr).toMatch(message);
});
