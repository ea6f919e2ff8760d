import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { DEFAULT_CLASSES } from '../../src/engine/index.ts';
import { openVerifySource, verify } from '../../src/store/index.ts';
import { migrate } from '../../src/store/sqlite/open.ts';
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
  const [w1, w2, w3] = [await test.book('W1'), await test.book('W2'), await test.book('W3')];
  const [e1, w4, w5] = [await test.book('E1'), await test.book('W4'), await test.book('W5')];
  await test.post('/cancel', { token_id: w5.id, reason: 'a cold' });
  await test.post('/no-show', { token_id: e1.id });
  await test.post('/cancel', { token_id: w2.id });
  const e2 = await test.book('E2');
  const ids = { w1: w1.id, w2: w2.id, w3: w3.id, w4: w4.id, w5: w5.id, e1: e1.id, e2: e2.id };
  return { test, path, ids };
}

type Ids = Awaited<ReturnType<typeof clinic>>['ids'];

/** The faults found in a closed database that somebody has meddled with. */
async function faultsAfter(sql: (ids: Ids) => string): Promise<string> {
  const { test, path, ids } = await clinic();
  await test.store.close();
  const database = new DatabaseSync(path);
  database.exec(sql(ids));
  database.close();
  return Object.entries(ids).reduce(
    (faults, [name, id]) => faults.replaceAll(id, name.toUpperCase()),
    faultsOf(path).join('\n'),
  );
}

it('a database is clean while it is written to, and after', async () => {
  const { test, path } = await clinic();
  expect(faultsOf(path)).toEqual([]);
  await test.store.close();
  const { faults, ...counts } = verify(openVerifySource(`sqlite:${path}`), RULES);
  expect(faults).toEqual([]);
  expect(counts).toMatchObject({ doctors: 3, slots: 90, tokens: 7 });
});

it.each<[what: string, sql: (ids: Ids) => string, fault: RegExp]>([
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

/** Consecutive versions again, in the order of the positions, and the doctors' rows to match. */
const RENUMBER = `UPDATE changes SET version = (SELECT count(*) FROM changes c
    WHERE c.doctor_id = changes.doctor_id AND c.position <= changes.position);
  UPDATE doctors SET version = (SELECT max(version) FROM changes WHERE doctor_id = doctors.id)`;
/** 10:15 on the day: the slot is over but for its grace. */
const GRACE = Date.parse('2026-11-23T10:15:00Z');

const setData = (id: string, field: string, value: string): string =>
  `UPDATE changes SET data = json_set(data, '$.${field}', ${value}) WHERE token_id = '${id}' AND kind = 'booked';`;
const setStatus = (id: string, status: string): string =>
  `UPDATE tokens SET status = '${status}' WHERE id = '${id}';`;
/** Nobody is promoted when the first two leave, in the grace. */
const nobodyPromoted = ({ w4, e1, w2 }: Ids): string =>
  `DELETE FROM changes WHERE kind = 'promoted' AND token_id = '${w4}';
   UPDATE changes SET at = ${GRACE} WHERE cause IN ('${e1}', '${w2}') OR kind IN ('no_show', 'cancelled');`;

it.each<[what: string, sql: (ids: Ids) => string, fault: RegExp]>([
  [
    'a second live token of one patient (R15)',
    ({ w1, w2 }) =>
      `${setData(w1, 'patientId', `'p'`)} ${setData(w2, 'patientId', `'p'`)}
       UPDATE tokens SET patient_id = 'p' WHERE id IN ('${w1}', '${w2}')`,
    /^token W2: .*\(booked\): is a second one of the patient of token W1 \(R15\)$/,
  ],
  [
    'a patient who waits beside a free seat (R2)',
    ({ w3 }) =>
      `UPDATE changes SET to_status = 'WAITING' WHERE token_id = '${w3}' AND kind = 'booked'`,
    /^token W3: .*\(booked\): waits beside a free seat \(R2\)$/,
  ],
  [
    'a patient who takes the free seat of a waiting one (R5)',
    (ids) => `${nobodyPromoted(ids)} DELETE FROM changes WHERE cause = '${ids.e2}'; ${RENUMBER}`,
    /^token E2: .*\(booked\): takes the free seat that token W4 waits for \(R5\)$/,
  ],
  [
    'a patient bumped beside a free seat (R2)',
    (ids) =>
      `${nobodyPromoted(ids)} UPDATE changes SET token_id = '${ids.w1}' WHERE cause = '${ids.e2}';
       ${setStatus(ids.w1, 'WAITING')} ${RENUMBER}`,
    /^token W1: .*\(bumped\): loses its seat beside a free one \(R2\)$/,
  ],
  [
    'a stronger patient who waits behind a weaker one (R3, R8)',
    ({ w4 }) =>
      `${setData(w4, 'patientType', `'PAID_PRIORITY'`)}
       UPDATE tokens SET patient_type = 'PAID_PRIORITY' WHERE id = '${w4}'`,
    /^token W4: .*\(booked\): waits behind token W2, which it may bump \(R3, R8\)$/,
  ],
  [
    'the wrong victim among equals (R3)',
    ({ w1, w4, e2 }) =>
      `UPDATE changes SET token_id = '${w1}' WHERE cause = '${e2}';
       ${setStatus(w1, 'WAITING')} ${setStatus(w4, 'BOOKED')}`,
    /^token W1: .*\(bumped\): is bumped where token W4 is to be \(R3\)$/,
  ],
  [
    'a victim of one who may bump nobody (R3)',
    ({ e2 }) =>
      `${setData(e2, 'patientType', `'WALK_IN'`)}
       UPDATE tokens SET patient_type = 'WALK_IN' WHERE id = '${e2}'`,
    /^token W4: .*\(bumped\): is bumped where nobody is to be \(R3\)$/,
  ],
  [
    'a bump for somebody else (R17)',
    ({ e1, e2 }) => `UPDATE changes SET cause = '${e1}' WHERE cause = '${e2}'`,
    /^token W4: .*\(bumped\): its cause is not the token booked next \(R17\)$/,
  ],
  [
    'the wrong waiter promoted (R5)',
    ({ w3, w4 }) =>
      `UPDATE changes SET token_id = iif(token_id = '${w3}', '${w4}', '${w3}') WHERE kind = 'promoted'`,
    /^token W4: .*\(promoted\): is promoted before token W3 \(R5\)$/,
  ],
  [
    'a promotion by one who did not leave (R17)',
    ({ w5, e1 }) =>
      `UPDATE changes SET cause = '${w5}' WHERE kind = 'promoted' AND cause = '${e1}'`,
    /^token W3: .*\(promoted\): its cause is not the token that left right before \(R17\)$/,
  ],
  [
    'a promotion that names nobody though somebody left (R17)',
    ({ w2 }) => `UPDATE changes SET cause = NULL WHERE cause = '${w2}'`,
    /^token W4: .*\(promoted\): has no cause, and token W2 left \(R17\)$/,
  ],
  [
    'a promotion by a waiter who left (R6)',
    ({ w5, e1 }) =>
      `UPDATE changes SET at = ${GRACE} WHERE kind IN ('no_show', 'cancelled', 'promoted');
       UPDATE changes SET cause = '${w5}' WHERE kind = 'promoted' AND cause = '${e1}';
       UPDATE changes SET version = version + iif(kind = 'no_show', -1, 1)
         WHERE kind = 'no_show' OR (token_id = '${w5}' AND kind = 'cancelled')`,
    /^token W3: .*\(promoted\): token W5 left no seat to fill \(R6\)$/,
  ],
  [
    'somebody cancelled by another (R17)',
    ({ w1, w2 }) =>
      `UPDATE changes SET cause = '${w1}' WHERE token_id = '${w2}' AND kind = 'cancelled'`,
    /^token W2: .*\(cancelled\): has a cause, and is a command of its own \(R17\)$/,
  ],
  [
    'a no-show who ends as cancelled',
    ({ e1 }) =>
      `UPDATE changes SET to_status = 'CANCELLED' WHERE kind = 'no_show'; ${setStatus(e1, 'CANCELLED')}`,
    /^token E1: .*\(no_show\): does not lead to CANCELLED$/,
  ],
  [
    'a promoted patient who has been at the desk and is no longer',
    ({ w3 }) =>
      `${setData(w3, 'present', `json('true')`)} UPDATE tokens SET present = 1 WHERE id = '${w3}'`,
    /^token W3: .*\(promoted\): does not lead to BOOKED$/,
  ],
  [
    'a change in a slot that the token is not in',
    () => `UPDATE changes SET slot_id = 'doc1_slot2@2026-11-23' WHERE kind = 'no_show'`,
    /^token E1: .*\(no_show\): names a slot that the token is not in$/,
  ],
])('%s is found in records and tables that agree', async (_, sql, fault) => {
  expect(await faultsAfter(sql)).toMatch(fault);
});

it('promotions that nobody left for are clean where a slot that had ended is open again', async () => {
  const { test, path, ids } = await clinic();
  await test.book('W6');
  test.now = '2026-11-23T10:30:00Z';
  await test.post('/cancel', { token_id: ids.w1 });
  await test.post('/no-show', { token_id: ids.w3 });
  test.now = '2026-11-23T10:15:00Z';
  await test.book('F1', { slot_id: 'doc1_slot1@2026-11-23' });
  expect(faultsOf(path)).toEqual([]);
  await test.store.close();
  const database = new DatabaseSync(path);
  const found = database.prepare(`SELECT kind, cause FROM changes ORDER BY position DESC LIMIT 4`);
  expect(found.all().map(({ kind, cause }) => [kind, cause === null])).toEqual([
    ['booked', true],
    ['bumped', false],
    ['promoted', true],
    ['promoted', true],
  ]);
  database.close();
});

it('a promoted patient who has been at the desk is clean as CHECKED_IN', async () => {
  const faults = await faultsAfter(
    ({ w3 }) =>
      `${setData(w3, 'present', `json('true')`)} ${setStatus(w3, 'CHECKED_IN')}
       UPDATE tokens SET present = 1 WHERE id = '${w3}';
       UPDATE changes SET to_status = 'CHECKED_IN' WHERE token_id = '${w3}' AND kind = 'promoted'`,
  );
  expect(faults).toBe('');
});

function databaseOf(directory: string, sql: string): string {
  const path = join(directory, 'other.db');
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
  return `sqlite:${path}`;
}

const run = (url: string) =>
  spawnSync(process.execPath, [MAIN], { env: { DATABASE_URL: url }, encoding: 'utf8' });

it('the command says what it read and exits with 0, or with 1 naming the first difference', async () => {
  const { test, path, ids } = await clinic();
  const clean = run(`sqlite:${path}`);
  expect(clean.status).toBe(0);
  expect(clean.stdout).toMatch(/3 doctors, 90 slots, 7 tokens, \d+ change records\nclean\n$/);
  await test.store.close();
  const database = new DatabaseSync(path);
  database.exec(`UPDATE tokens SET arrival = 99 WHERE id = '${ids.e2}'`);
  database.close();
  const damaged = run(`sqlite:${path}`);
  expect(damaged.status).toBe(1);
  expect(damaged.stdout).toMatch(
    new RegExp(`  token ${ids.e2}: .*arrival is 99, by .* 7\n1 fault`),
  );
});

it.each<[what: string, url: (directory: string) => string, message: RegExp]>([
  ['no file', (directory) => `sqlite:${directory}/none.db`, /^There is no database \S+\.\n$/],
  ['nothing kept', () => 'memory:', /^DATABASE_URL is memory: nothing is kept\.\n$/],
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
    /^The database \S+ was written by a newer version of this program: verify it with that one\.\n$/,
  ],
])('the command answers %s with one sentence', (_, url, message) => {
  const { status, stderr } = run(url(tempDir()));
  expect(status).toBe(1);
  expect(stderr).toMatch(message);
});
