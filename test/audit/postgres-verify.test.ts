import { expect, it } from 'vitest';
import { verifyDatabase } from '../../src/audit/index.ts';
import { openDatabase } from '../../src/store/index.ts';
import { RULES } from '../support/engine/clinic.ts';
import { setChanges, setToken, threeSeats, withoutChanges } from '../support/store/damage.ts';
import { FrontDesk } from '../support/store/front-desk.ts';
import { createDatabase, emptyTables } from '../support/postgres/postgres.ts';
import { runSql } from '../support/store/run-sql.ts';

const rules = { ...RULES, waitlistMax: Infinity };

const faultsOf = async (url: string): Promise<string> =>
  (await verifyDatabase(url, rules)).faults.join('\n');

/** Plays a day on a database. Returns the open desk and the URL of the database. */
async function dayOf(play: (desk: FrontDesk) => Promise<void>, database = emptyTables()) {
  const url = await database;
  const desk = await new FrontDesk((engine) => openDatabase(url, engine), rules).load();
  await play(desk);
  return { desk, url };
}

async function faultsAfter(play: (desk: FrontDesk) => Promise<void>, sql: string): Promise<string> {
  const { desk, url } = await dayOf(play);
  await desk.store.close();
  expect(await faultsOf(url)).toBe('');
  await runSql(url, sql);
  return faultsOf(url);
}

it('an intact database is clean while it is written to and afterwards', async () => {
  const { desk, url } = await dayOf(threeSeats);
  expect(await faultsOf(url)).toBe('');
  await desk.store.close();
  const clean = { doctors: 1, slots: 2, tokens: 7, changes: 17, faults: [] };
  expect(await verifyDatabase(url, rules)).toEqual(clean);
});

it.each<[what: string, sql: string, fault: RegExp]>([
  [
    'a status that no change led to',
    setToken('W1', `status = 'CANCELLED'`),
    /^token W1: differs .* status is CANCELLED, by its change records BOOKED$/,
  ],
  [
    'a check-in without a change record',
    setToken('W1', `present = true`),
    /^token W1: differs .* hasCheckedIn is true, by its change records false$/,
  ],
  [
    'a deleted token',
    `DELETE FROM tokens WHERE id = 'W1'`,
    /^token W1: is missing from the table$/,
  ],
  [
    'a token without a change record',
    `INSERT INTO tokens SELECT doctor_id, 'x', slot_id, patient_name, patient_id, patient_type,
      priority, arrival, number, booked_at, status, present, room, last_kind FROM tokens WHERE id = 'W1'`,
    /^token x has no change record$/m,
  ],
  [
    'a deleted change record',
    `DELETE FROM changes WHERE token_id = 'W4' AND kind = 'booked'`,
    /its version is not the next one$/,
  ],
  [
    'a number that two tokens of a day have (R10)',
    setToken('W4', 'number = 1'),
    /^doctor rao: number 1 of 2026-01-05 was given to tokens W1, W4 \(R10\)$/m,
  ],
  [
    'a free seat that is not given to a waiting token (R5)',
    withoutChanges(`kind = 'promoted' AND token_id = 'W4'`),
    /^token W2: .*\(cancelled\): leaves a seat free while token W4 waits \(R5\)$/,
  ],
  [
    'a seat sold twice (R1)',
    setChanges(`token_id = 'W4' AND kind = 'booked'`, `to_status = 'BOOKED'`),
    /^token W4: .*cannot be applied: a slot never seats more than its capacity \(R1\)$/,
  ],
  [
    'a larger slot',
    `UPDATE slots SET capacity = 9 WHERE id = 'nine'`,
    /^slot nine: differs from its change records$/,
  ],
  [
    'a slot without a change record',
    `INSERT INTO slots SELECT doctor_id, 'x', session_id, date, start_time, end_time,
      delay_minutes, capacity, closed_reason FROM slots LIMIT 1`,
    /^doctor rao: has a slot without change record$/,
  ],
  [
    'a session without a change record',
    `INSERT INTO sessions VALUES ('rao', 'x', 0, 'mon', '09:00', '10:00', 1, false)`,
    /^doctor rao: its row or its sessions differ from its change records$/,
  ],
  [
    'a day whose numbers would be used again',
    `UPDATE days SET last_number = 1`,
    /^doctor rao: the last number of 2026-01-05 differs from its change records$/,
  ],
  [
    'a doctor without a change record',
    `INSERT INTO doctors VALUES ('x', 'X', NULL, 'UTC', 0, 0)`,
    /^doctor x has no change record$/,
  ],
  ['a deleted doctor', `DELETE FROM doctors`, /^doctor rao: is missing from the table$/],
  ['a table without rows', `TRUNCATE tokens`, /^(token \w\d: is missing from the table\n?){7}$/],
  ['a database without records', `TRUNCATE changes`, /^doctor rao has no change record$/m],
])('%s is found', async (_, sql, fault) => {
  expect(await faultsAfter(threeSeats, sql)).toMatch(fault);
});

it('a second row of a moved token, at its former doctor, is found', async () => {
  const move = async (desk: FrontDesk): Promise<void> => {
    await desk.openSlots();
    await desk.admit('nine', 'W1');
    await desk.move('W1', 'other');
  };
  const leftBehind = `INSERT INTO tokens SELECT 'rao', id, 'nine', patient_name, patient_id, patient_type,
    priority, arrival, number, booked_at, status, present FROM tokens WHERE id = 'W1'`;
  expect(await faultsAfter(move, leftBehind)).toMatch(/^token W1 has no change record$/m);
});

it('a change record that cannot be read is named', async () => {
  const faults = faultsAfter(threeSeats, setChanges(`kind = 'no_show'`, 'from_status = NULL'));
  await expect(faults).rejects.toThrow(/^token E1: change rao:\d+ cannot be read: /);
});

it.each<[what: string, sql: string, sentence: RegExp]>([
  [
    'that is empty',
    '',
    /^The database postgres:\S+ is empty: it is not a database of this program\.$/,
  ],
  [
    'of another program',
    'CREATE TABLE bills (id int)',
    /^The database postgres:\S+ belongs to another program: /,
  ],
])('a database %s is answered with one sentence', async (_, sql, sentence) => {
  const { url } = await createDatabase();
  await runSql(url, sql);
  await expect(faultsOf(url)).rejects.toThrow(sentence);
});

it('a database of a newer version is answered with one sentence', async () => {
  const { url } = await createDatabase();
  const { desk } = await dayOf(threeSeats, Promise.resolve(url));
  await desk.store.close();
  await runSql(url, `INSERT INTO migrations VALUES (99, 'x')`);
  await expect(faultsOf(url)).rejects.toThrow(
    /^The database postgres:\S+ was written by a newer version of this program: use that one\.$/,
  );
});

it.each([
  'postgres://u:secret@ho st/opd',
  'postgres://u:sec/ret@host/opd',
  'postgres://u:sec%ret@h/o',
])('an invalid URL is refused without a quote of its text: %s', async (url) => {
  await expect(faultsOf(url)).rejects.toThrow(
    /^The URL of the PostgreSQL database is not valid: in a user name or password, \/ is written as %2F, /,
  );
});

it('a server that does not answer is named, without the password', async () => {
  const verified = faultsOf('postgres://somebody:secret@127.0.0.1:1/opd');
  await expect(verified).rejects.toThrow(
    /^The database postgres:\/\/127\.0\.0\.1:1\/opd cannot be opened: .*ECONNREFUSED.*\.$/,
  );
});
