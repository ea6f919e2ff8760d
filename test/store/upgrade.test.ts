import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import { slotId, tokenId } from '../../src/engine/index.ts';
import { verifyDatabase } from '../../src/audit/index.ts';
import { openDatabase } from '../../src/store/index.ts';
import { NOW, RAO, RULES } from '../support/engine/clinic.ts';
import { snapshotOf } from '../support/engine/snapshot.ts';
import { FrontDesk } from '../support/store/front-desk.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { allOf } from '../support/store/pages.ts';

const FIRST = '0001-tables.sql';
const ORIGIN = ['desk', null];

const sqlOf = (migration: string): string =>
  readFileSync(new URL(`../../src/store/sqlite/migrations/${migration}`, import.meta.url), 'utf8');

/** A token as the first version stored it, without a priority. The priority was that of its class. */
interface FirstToken {
  readonly name: string;
  readonly type: string;
  readonly status: string;
}

const TOKENS: readonly FirstToken[] = [
  { name: 'w1', type: 'WALK_IN', status: 'WAITING' },
  { name: 'o1', type: 'ONLINE_BOOKING', status: 'BOOKED' },
  { name: 'f1', type: 'FOLLOW_UP', status: 'BOOKED' },
  { name: 'p1', type: 'PAID_PRIORITY', status: 'BOOKED' },
  { name: 'e1', type: 'EMERGENCY', status: 'BOOKED' },
];

/** Makes a database of the first version: in a slot of four seats, the last of five bookings has bumped the first. */
function firstDatabase(): string {
  const path = join(tempDir(), 'opd.db');
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA application_id = 1330660436;
    CREATE TABLE migrations (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
    INSERT INTO migrations VALUES (1, '${FIRST}');`);
  database.exec(sqlOf(FIRST));
  const insert = (table: string, ...values: readonly SQLInputValue[]) =>
    database
      .prepare(`INSERT INTO ${table} VALUES (${values.map(() => '?').join()})`)
      .run(...values);
  let version = 0;
  const change = (
    kind: string,
    token: string | null,
    slot: string | null,
    ...rest: SQLInputValue[]
  ) => insert('changes', (version += 1), RAO, version, NOW, kind, token, slot, ...rest);

  const doctor = { id: RAO, name: 'Dr Rao', department: null, timeZone: 'UTC', sessions: [] };
  change('doctor_set', null, null, null, null, null, ...ORIGIN, JSON.stringify(doctor));
  const [startTime, endTime] = [NOW + 3_600_000, NOW + 7_200_000];
  const times = { date: '2026-01-05', startTime, endTime };
  const rest = { delayMinutes: 0, capacity: 4, closedReason: null };
  const slot = { id: 'nine', doctorId: RAO, sessionId: null, ...times, ...rest };
  change('slot_set', null, 'nine', null, null, null, ...ORIGIN, JSON.stringify(slot));
  insert('slots', 'nine', RAO, null, '2026-01-05', startTime, endTime, 0, 4, null);

  for (const [index, { name, type, status }] of TOKENS.entries()) {
    const place = index + 1;
    if (name === 'e1') change('bumped', 'w1', 'nine', 'BOOKED', 'WAITING', 'e1', ...ORIGIN, null);
    const patient = { patientName: name, patientId: null, patientType: type };
    const data = { ...patient, arrival: place, number: place, present: false };
    change('booked', name, 'nine', null, 'BOOKED', null, ...ORIGIN, JSON.stringify(data));
    insert('tokens', name, RAO, 'nine', name, null, type, place, place, NOW, status, 0);
  }
  insert('doctors', RAO, 'Dr Rao', null, 'UTC', version, TOKENS.length);
  insert('days', RAO, '2026-01-05', TOKENS.length);
  database.close();
  return path;
}

async function upgraded() {
  const path = firstDatabase();
  const desk = new FrontDesk((engine) => openDatabase(`sqlite:${path}`, engine));
  onTestFinished(() => desk.store.close());
  return { path, desk: await desk.load() };
}

it('an upgraded database of the first version is verified as clean', async () => {
  const { path } = await upgraded();
  const { faults, ...counts } = await verifyDatabase(`sqlite:${path}`, RULES);
  expect(faults).toEqual([]);
  expect(counts).toEqual({ doctors: 1, slots: 1, tokens: 5, changes: 8 });
});

it('the tokens of an upgraded database have the priorities of the class table of the first version', async () => {
  const { desk } = await upgraded();
  const priorities = Array.from(
    desk.engine.tokens,
    ({ id, patientClass }) => `${id} ${patientClass.priority}`,
  );
  expect(priorities.sort()).toEqual(['e1 100', 'f1 60', 'o1 40', 'p1 80', 'w1 20']);
  const booked = (await allOf(desk.archive.slotChanges(slotId('nine')))).filter(
    ({ kind }) => kind === 'booked',
  );
  expect(booked).toMatchObject([20, 40, 60, 80, 100].map((priority) => ({ priority })));
});

it('an upgraded database takes further commands and stays clean', async () => {
  const { path, desk } = await upgraded();
  await desk.leave('f1');
  await desk.reclassify('w1', 'EMERGENCY');
  expect(await desk.archive.token(tokenId('w1'))).toMatchObject({
    status: 'BOOKED',
    priority: 100,
  });
  expect((await verifyDatabase(`sqlite:${path}`, RULES)).faults).toEqual([]);
});

/** Takes a database back to the tables of version 1.4.0: indexes that every booking writes, and no chain of changes. */
const TO_1_4 = `DROP INDEX tokens_by_slot; DROP INDEX tokens_by_patient; DROP INDEX slots_unindexed; DROP TABLE unindexed;
  ALTER TABLE tokens DROP COLUMN last_change; ALTER TABLE changes DROP COLUMN previous;
  UPDATE tokens SET indexed = 0; UPDATE slots SET indexed = 0;
  CREATE INDEX tokens_by_slot ON tokens (slot_id);
  CREATE INDEX tokens_waiting ON tokens (id, slot_id) WHERE status = 'WAITING';
  CREATE INDEX changes_by_token ON changes (token_id) WHERE token_id IS NOT NULL;
  CREATE INDEX tokens_by_patient ON tokens (patient_id) WHERE indexed = 1;
  DELETE FROM migrations WHERE name LIKE '0012%';`;

it('an upgraded database of version 1.4.0 has the same tokens, histories and slots, and goes on', async () => {
  const path = join(tempDir(), 'opd.db');
  const deskNow = async (): Promise<FrontDesk> => {
    const desk = new FrontDesk((engine) => openDatabase(`sqlite:${path}`, engine));
    onTestFinished(() => desk.store.close().catch(() => undefined));
    return desk.load();
  };
  const factsOf = async ({ engine, archive }: FrontDesk) => ({
    engine: snapshotOf(engine),
    histories: await Promise.all(
      ['W1', 'W2', 'W3', 'E4'].map((name) => allOf(archive.history(tokenId(name)))),
    ),
    nine: await allOf(archive.slotChanges(slotId('nine'))),
  });
  const before = await deskNow();
  await before.openSlots();
  await before.admit('nine', 'W1 W2 W3 E4');
  await before.checkIn('W1');
  await before.move('W2', 'other');
  await before.leave('W3');
  const facts = await factsOf(before);
  await before.store.close();
  const database = new DatabaseSync(path);
  database.exec(TO_1_4);
  database.close();
  const after = await deskNow();
  expect(await factsOf(after)).toEqual(facts);
  await after.admit('nine', 'W5 W6');
  await after.undo('W3');
  expect(await allOf(after.archive.history(tokenId('W3')))).toHaveLength(
    (facts.histories[2]?.length ?? 0) + 1,
  );
  const expected = await factsOf(after);
  await after.store.close();
  expect(await factsOf(await deskNow())).toEqual(expected);
  expect((await verifyDatabase(`sqlite:${path}`, RULES)).faults).toEqual([]);
});
