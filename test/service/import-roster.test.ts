import { expect, it } from 'vitest';
import { AllocationEngine, epochMs, type DoctorFacts } from '../../src/engine/index.ts';
import {
  demoRoster,
  exportRoster,
  importRoster,
  parseRoster,
  type RosterFile,
  type SlotInput,
} from '../../src/service/index.ts';
import { verifyDatabase } from '../../src/audit/index.ts';
import { openDatabase, openDryRunStore } from '../../src/store/index.ts';
import { durableUrl } from '../support/app/app-database.ts';
import { openApp } from '../support/app/app.ts';
import { RULES } from '../support/engine/clinic.ts';

const NOW = epochMs(Date.parse('2026-11-23T08:00:00Z'));

/** A stored database. Each import and each export opens and closes it, like a program of its own. */
class RosterDatabase {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  async import(file: RosterFile, { isDryRun = false, now = NOW } = {}): Promise<string[]> {
    const engine = new AllocationEngine(RULES);
    const store = isDryRun
      ? openDryRunStore(this.url, engine)
      : openDatabase(this.url, engine).store;
    const deps = { engine, store, clock: () => now, horizonDays: 1 };
    return importRoster(deps, file).finally(() => store.close());
  }

  /** The number of change records in the database. */
  async records(): Promise<number> {
    const { changes, faults } = await verifyDatabase(this.url, RULES);
    expect(faults).toEqual([]);
    return changes;
  }

  async export(now = NOW): Promise<string> {
    const engine = new AllocationEngine(RULES);
    const store = openDryRunStore(this.url, engine);
    return (await exportRoster(store, engine, now).finally(() => store.close())) ?? 'nothing';
  }
}

const [DOC1, DOC2] = demoRoster('Asia/Kolkata');
if (DOC1 === undefined || DOC2 === undefined) throw new Error('the demo has doctors');

const camp = (change: Partial<SlotInput> = {}): SlotInput => ({
  id: 'camp',
  doctor_id: 'doc1',
  start_time: '2026-11-23T19:00:00.000Z',
  end_time: '2026-11-23T20:00:00.000Z',
  capacity: 2,
  ...change,
});

const file = (doctors: readonly DoctorFacts[], more: Partial<RosterFile> = {}): RosterFile => ({
  patientTypes: [],
  doctors,
  slots: [],
  withLeaves: new Set(),
  holidays: undefined,
  ...more,
});

const [ONE, TWO] = DOC1.sessions;
if (ONE === undefined || TWO === undefined) throw new Error('the demo has two sessions');

const FIRST = file([{ ...DOC1, sessions: [ONE] }], { slots: [camp()] });

it.each<[what: string, next: RosterFile, lines: string[]]>([
  ['the same roster', FIRST, ['nothing to change']],
  [
    'a new doctor',
    file([{ ...DOC2, sessions: DOC2.sessions.slice(1) }]),
    [
      'doctor doc2 added',
      'session doc2_slot2 of doctor doc2 added',
      'slot doc2_slot2@2026-11-24 of doctor doc2 opened',
    ],
  ],
  [
    'a new name and department of a doctor',
    file([{ ...DOC1, sessions: [ONE], name: 'Dr. New', department: 'ENT' }]),
    ['doctor doc1 revised: name, department'],
  ],
  [
    'a new time zone of a doctor',
    file([{ ...DOC1, sessions: [ONE], timeZone: 'Europe/Berlin' }]),
    [
      'doctor doc1 revised: time_zone',
      'slot doc1_slot1@2026-11-23 of doctor doc1 opened',
      'slot doc1_slot1@2026-11-24 of doctor doc1 revised: start_time, end_time',
    ],
  ],
  [
    'a new session, before the others',
    file([{ ...DOC1, sessions: [{ ...TWO, weekdays: ['tue'] }, ONE] }]),
    ['session doc1_slot2 of doctor doc1 added', 'slot doc1_slot2@2026-11-24 of doctor doc1 opened'],
  ],
  [
    'new times of a session',
    file([{ ...DOC1, sessions: [{ ...ONE, end: '09:30', weekdays: ['mon', 'tue'] }] }]),
    [
      'session doc1_slot1 of doctor doc1 changed: weekdays, end',
      'slot doc1_slot1@2026-11-24 of doctor doc1 revised: end_time',
    ],
  ],
  [
    'a new capacity of a session',
    file([{ ...DOC1, sessions: [{ ...ONE, start: '08:00', capacity: 5 }] }]),
    [
      'session doc1_slot1 of doctor doc1 changed: start, capacity',
      'slot doc1_slot1@2026-11-24 of doctor doc1 revised: start_time, capacity',
    ],
  ],
  [
    'a removed session',
    file([{ ...DOC1, sessions: [] }]),
    ['session doc1_slot1 of doctor doc1 ended', 'slot doc1_slot1@2026-11-24 of doctor doc1 closed'],
  ],
  [
    'a new single slot',
    file([FIRST.doctors[0] ?? DOC1], { slots: [camp({ id: 'b' }), camp()] }),
    ['slot b of doctor doc1 opened'],
  ],
  [
    'only parts that are not imported',
    file([FIRST.doctors[0] ?? DOC1], {
      patientTypes: [{ type: 'VIP', priority: 70 }],
      slots: [
        camp({
          id: 'old',
          start_time: '2026-11-22T19:00:00Z',
          end_time: '2026-11-22T20:00:00Z',
        }),
      ],
    }),
    [
      'nothing to change',
      'slot old left out: it has ended',
      'patient_types are valid; they are not stored in the database: every start reads them from ROSTER',
    ],
  ],
])(
  'a dry run and the import report %s, and only the import changes the database',
  async (_, next, lines) => {
    const database = new RosterDatabase(await durableUrl());
    await database.import(FIRST);
    const before = await database.records();
    expect(await database.import(next, { isDryRun: true })).toEqual(lines);
    expect(await database.records()).toBe(before);
    expect(await database.import(next)).toEqual(lines);
    const after = await database.records();
    const [again] = await database.import(next);
    expect([again, await database.records()]).toEqual(['nothing to change', after]);
  },
);

it('an import reports a new order of sessions, and slots that are opened again', async () => {
  const database = new RosterDatabase(await durableUrl());
  await database.import(file([DOC1]));
  await database.import(file([{ ...DOC1, sessions: [TWO] }]));
  expect(await database.import(file([{ ...DOC1, sessions: [TWO, ONE] }]))).toEqual([
    'session doc1_slot1 of doctor doc1 added',
    'slot doc1_slot1@2026-11-24 of doctor doc1 opened again',
  ]);
  expect(await database.import(file([DOC1]))).toEqual(['doctor doc1 revised: order of sessions']);
});

it('an export imports as the same roster, and its order does not depend on the order of the imports', async () => {
  const database = new RosterDatabase(await durableUrl());
  const early = camp({ id: 'z', start_time: '2026-11-23T18:30:00.000Z' });
  const other = camp({ id: 'a', doctor_id: 'doc2' });
  await database.import(file([{ ...DOC2, department: 'ENT' }], { slots: [other] }));
  await database.import(file([DOC1], { slots: [camp(), camp({ id: 'b' }), early] }));
  const text = await database.export();
  const exported = parseRoster(text);
  if (!('doctors' in exported)) throw new Error(`not a roster: ${text}`);
  expect(exported).toEqual(
    file([DOC1, { ...DOC2, department: 'ENT' }], {
      slots: [early, camp({ id: 'b' }), camp(), other],
    }),
  );

  const copy = new RosterDatabase(await durableUrl());
  const dryRun = await copy.import(exported, { isDryRun: true });
  expect(await copy.import(exported)).toEqual(dryRun);
  expect(await copy.export()).toBe(text);
  expect(await copy.import(exported)).toEqual(['nothing to change']);
});

it('an export has the doctors by id, in whatever order the store loads them', async () => {
  const engine = new AllocationEngine(RULES);
  for (const facts of [DOC2, DOC1]) engine.putDoctor(facts, [], NOW);
  const text = await exportRoster({ load: () => Promise.resolve() }, engine, NOW);
  expect(parseRoster(text ?? '')).toEqual(file([DOC1, DOC2]));
});

it('an export does not have single slots that have ended', async () => {
  const database = new RosterDatabase(await durableUrl());
  await database.import(FIRST);
  const end = Date.parse(camp().end_time) + RULES.graceMinutes * 60_000;
  expect(await database.export(epochMs(end - 1))).toContain('"camp"');
  expect(await database.export(epochMs(end))).not.toContain('slots');
});

it('an export does not have closed single slots, because an import would open them', async () => {
  const database = new RosterDatabase(await durableUrl());
  await database.import(file([DOC1], { slots: [camp(), camp({ id: 'b' })] }));
  const store = (engine: AllocationEngine) => openDatabase(database.url, engine);
  const opd = await openApp({ store, roster: [] });
  expect(await opd.post('/slots/camp/close', { reason: 'rain' })).toMatchObject({ status: 200 });
  await opd.store.close();
  const exported = parseRoster(await database.export());
  expect(exported).toMatchObject({ slots: [{ id: 'b' }] });
});

it('a dry run is refused like the import, also because of a slot that ended a year ago', async () => {
  const database = new RosterDatabase(await durableUrl());
  await database.import(FIRST);
  const again = file(FIRST.doctors, {
    slots: [camp({ start_time: '2027-11-23T19:00:00Z', end_time: '2027-11-23T20:00:00Z' })],
  });
  const now = epochMs(Date.parse('2027-11-23T08:00:00Z'));
  for (const isDryRun of [true, false])
    await expect(database.import(again, { isDryRun, now })).rejects.toThrow('slot camp: exists');
});

it('a dry run and an export find a missing database empty, and do not create it', async () => {
  const database = new RosterDatabase(await durableUrl());
  expect(await database.import(FIRST, { isDryRun: true })).toContain('doctor doc1 added');
  expect(await database.export()).toBe('nothing');
});
