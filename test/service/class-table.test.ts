import { expect, it } from 'vitest';
import {
  DEFAULT_CLASSES,
  type AllocationEngine,
  type PatientClass,
} from '../../src/engine/index.ts';
import { classTable, demoRoster } from '../../src/service/index.ts';
import { verifyDatabase, type VerifyReport } from '../../src/audit/index.ts';
import { openDatabase } from '../../src/store/index.ts';
import { durableUrl } from '../support/app/app-database.ts';
import { openApp, type AppOptions, type TestApp } from '../support/app/app.ts';

const SENIOR: PatientClass = { type: 'SENIOR_CITIZEN', priority: 70 };

/** A database. The test starts several apps on it, one after another. */
class SharedDatabase {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  open(patientTypes: readonly PatientClass[], options: AppOptions = {}): Promise<TestApp> {
    const store = (engine: AllocationEngine) => openDatabase(this.#url, engine);
    return openApp({ patientTypes, store, ...options });
  }

  verify(): Promise<VerifyReport> {
    const rules = { classes: DEFAULT_CLASSES, graceMinutes: 30, waitlistMax: Infinity };
    return verifyDatabase(this.#url, rules);
  }
}

const namesOf = async (opd: TestApp): Promise<[seated: string[], waiting: string[]]> => {
  const { tokens, waitlist } = await opd.slot('2026-11-23');
  return [tokens.map((each) => each.patient_name), waitlist.map((each) => each.patient_name)];
};

it('classTable adds classes to the default table or changes its priorities, highest first', () => {
  expect(classTable([])).toEqual(DEFAULT_CLASSES);
  expect(classTable([SENIOR, { type: 'WALK_IN', priority: 50 }])).toEqual([
    { type: 'EMERGENCY', priority: 100 },
    { type: 'PAID_PRIORITY', priority: 80 },
    SENIOR,
    { type: 'FOLLOW_UP', priority: 60 },
    { type: 'WALK_IN', priority: 50 },
    { type: 'ONLINE_BOOKING', priority: 40 },
  ]);
});

it('the routes accept and answer the classes of the table', async () => {
  const opd = await openApp({ patientTypes: [SENIOR] });
  const types = classTable([SENIOR]);
  expect(await opd.get('/patient-types')).toMatchObject({ body: { patient_types: types } });
  const names = types.map(({ type }) => type);
  const { body } = await opd.get<{
    paths: Record<
      string,
      {
        post: {
          requestBody: {
            content: {
              'application/json': { schema: { properties: { patient_type: { enum: string[] } } } };
            };
          };
        };
      }
    >;
  }>('/openapi.json');
  for (const path of ['/book', '/reclassify']) {
    const schema = body.paths[path]?.post.requestBody.content['application/json'].schema;
    expect(schema?.properties.patient_type.enum).toEqual(names);
  }
  const { id } = await opd.book('S1', { patient_type: 'SENIOR_CITIZEN' });
  expect(await opd.get(`/tokens/${id}`)).toMatchObject({ body: { type: 'SENIOR_CITIZEN' } });
  const refused = await opd.post('/reclassify', {
    token_id: id,
    patient_type: 'SENIOR',
    reason: 'a slip of the pen',
  });
  expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
});

it('a class that the table does not have is refused', async () => {
  const opd = await openApp();
  const body = { doctor_id: 'doc1', slot_id: 'doc1_slot1', patient_name: 'S1' };
  expect(await opd.post('/book', { ...body, patient_type: 'SENIOR_CITIZEN' })).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: '/patient_type' }] },
  });
});

it('the priorities of the table rank the bookings', async () => {
  const opd = await openApp({ patientTypes: [SENIOR] });
  for (const name of ['F1', 'F2', 'P1']) await opd.book(name);
  const senior = await opd.book('S1', { patient_type: 'SENIOR_CITIZEN' });
  expect(senior).toMatchObject({ status: 'BOOKED', bumped: { type: 'FOLLOW_UP', number: 2 } });
  expect(await opd.book('P2')).toMatchObject({ bumped: { number: 1 } });
  expect(await opd.book('E1')).toMatchObject({ bumped: { type: 'SENIOR_CITIZEN' } });
  expect(await namesOf(opd)).toEqual([
    ['E1', 'P1', 'P2'],
    ['S1', 'F1', 'F2'],
  ]);
});

it('a changed priority applies to later bookings, not to existing tokens', async () => {
  const database = new SharedDatabase(await durableUrl());
  const before = await database.open([]);
  for (const name of ['W1', 'O1', 'O2', 'W2']) await before.book(name);
  await before.store.close();

  const after = await database.open([{ type: 'WALK_IN', priority: 50 }]);
  expect(await namesOf(after)).toEqual([['O1', 'O2', 'W1'], ['W2']]);
  expect(await after.book('W3')).toMatchObject({ status: 'BOOKED', bumped: { type: 'WALK_IN' } });
  expect(await after.book('W4')).toMatchObject({ bumped: { type: 'ONLINE_BOOKING' } });
  expect(await namesOf(after)).toEqual([
    ['W3', 'W4', 'O1'],
    ['O2', 'W1', 'W2'],
  ]);
  await after.store.close();

  const again = await database.open([{ type: 'ONLINE_BOOKING', priority: 55 }]);
  expect(await namesOf(again)).toEqual([
    ['W3', 'W4', 'O1'],
    ['O2', 'W1', 'W2'],
  ]);
  expect(await again.book('O3')).toMatchObject({ bumped: { type: 'ONLINE_BOOKING' } });
  await again.store.close();
  expect((await database.verify()).faults).toEqual([]);
});

const RAISED = { type: 'EMERGENCY', priority: 200 };
const VIP = (priority: number): PatientClass => ({ type: 'VIP', priority });

it.each<[what: string, before: PatientClass[], books: string[], after: PatientClass[], RegExp]>([
  [
    'a class that the table no longer has',
    [SENIOR],
    ['SENIOR_CITIZEN', 'WALK_IN', 'SENIOR_CITIZEN'],
    [],
    /nothing was changed: 2 live tokens have class SENIOR_CITIZEN, which the table does not have\./,
  ],
  [
    'two classes that the table no longer has, some of them waiting',
    [SENIOR, VIP(71)],
    ['SENIOR_CITIZEN', 'SENIOR_CITIZEN', 'VIP', 'SENIOR_CITIZEN'],
    [],
    /: 1 live token has class VIP, which the table .*; 3 live tokens have class SENIOR_CITIZEN, which the table/,
  ],
  [
    'a priority above that of EMERGENCY',
    [RAISED, VIP(150)],
    ['VIP'],
    [VIP(70)],
    /: 1 live token has class VIP with priority 150, but EMERGENCY has 100\./,
  ],
  [
    'the priority of EMERGENCY',
    [RAISED, VIP(100)],
    ['VIP'],
    [VIP(70)],
    /: 1 live token has class VIP with priority 100, but EMERGENCY has 100\./,
  ],
  [
    'an emergency above EMERGENCY',
    [RAISED],
    ['EMERGENCY'],
    [],
    /: 1 live token has class EMERGENCY with priority 200, but EMERGENCY has 100\./,
  ],
  [
    'an emergency below another class',
    [],
    ['EMERGENCY'],
    [RAISED, VIP(150)],
    /: 1 live token has class EMERGENCY with priority 100, but VIP has 150\./,
  ],
])(
  'the service does not start when there are live tokens with %s',
  async (_, before, books, after, message) => {
    const database = new SharedDatabase(await durableUrl());
    const first = await database.open(before);
    const ids: string[] = [];
    for (const patient_type of books) ids.push((await first.book('x', { patient_type })).id);
    await first.store.close();
    const { changes } = await database.verify();

    // The start checks the classes before it applies the roster and the clock.
    const refused = await database.open(after, { started: false, now: '2026-11-23T10:00:00Z' });
    const doctors = demoRoster('Asia/Kolkata');
    const start = refused.service.start(() => ({ doctors, slots: [] }));
    await expect(start).rejects.toThrow(message);
    await refused.store.close();
    expect(await database.verify()).toMatchObject({ changes, faults: [] });

    const again = await database.open(before);
    for (const id of ids)
      expect(await again.post('/cancel', { token_id: id })).toMatchObject({ status: 200 });
    await again.store.close();
    const afterCancels = await database.open(after);
    expect(await afterCancels.book('W9')).toMatchObject({ status: 'BOOKED' });
    await afterCancels.store.close();
  },
);
