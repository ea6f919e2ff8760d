import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import { slotId, tokenId } from '../../src/engine/index.ts';
import { verifyDatabase } from '../../src/audit/index.ts';
import { openDatabase } from '../../src/store/index.ts';
import { NOW, RAO, RULES } from '../support/engine/clinic.ts';
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
