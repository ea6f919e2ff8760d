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
import { createStore, openDryRunStore } from '../../src/store/index.ts';
import { durableUrl } from '../support/app/app-database.ts';
import { openApp } from '../support/app/app.ts';
import { RULES } from '../support/engine/clinic.ts';

const NOW = epochMs(Date.parse('2026-11-23T08:00:00Z'));

/** A database that is imported into and exported from, one program after the other. */
class Kept {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  async import(file: RosterFile, { isTrial = false, now = NOW } = {}): Promise<string[]> {
    const engine = new AllocationEngine(RULES);
    const store = (isTrial ? openDryRunStore : createStore)(this.url, engine);
    const deps = { engine, store, clock: () => now, horizonDays: 1 };
    return importRoster(deps, file).finally(() => store.close());
  }

  /** How many change records there are. */
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
  ...more,
});

const [ONE, TWO] = DOC1.sessions;
if (ONE === undefined || TWO === undefined) throw new Error('the demo has two sittings');

const FIRST = file([{ ...DOC1, sessions: [ONE] }], { slots: [camp()] });

it.each<[what: string, then: RosterFile, lines: string[]]>([
  ['nothing', FIRST, ['nothing to change']],
  [
    'a doctor who is new',
    file([{ ...DOC2, sessions: DOC2.sessions.slice(1) }]),
    [
      'doctor doc2 added',
      'session doc2_slot2 of doctor doc2 added',
      'slot doc2_slot2@2026-11-24 of doctor doc2 opened',
    ],
  ],
  [
    'what a doctor is',
    file([{ ...DOC1, sessions: [ONE], name: 'Dr. New', department: 'ENT' }]),
    ['doctor doc1 revised: name, department'],
  ],
  [
    'where a doctor is',
    file([{ ...DOC1, sessions: [ONE], timeZone: 'Europe/Berlin' }]),
    [
      'doctor doc1 revised: time_zone',
      'slot doc1_slot1@2026-11-23 of doctor doc1 opened',
      'slot doc1_slot1@2026-11-24 of doctor doc1 revised: start_time, end_time',
    ],
  ],
  [
    'a session that is new, first of all',
    file([{ ...DOC1, sessions: [{ ...TWO, weekdays: ['tue'] }, ONE] }]),
    ['session doc1_slot2 of doctor doc1 added', 'slot doc1_slot2@2026-11-24 of doctor doc1 opened'],
  ],
  [
    'when a session is',
    file([{ ...DOC1, sessions: [{ ...ONE, end: '09:30', weekdays: ['mon', 'tue'] }] }]),
    [
      'session doc1_slot1 of doctor doc1 changed: weekdays, end',
      'slot doc1_slot1@2026-11-24 of doctor doc1 revised: end_time',
    ],
  ],
  [
    'what a session takes',
    file([{ ...DOC1, sessions: [{ ...ONE, start: '08:00', capacity: 5 }] }]),
    [
      'session doc1_slot1 of doctor doc1 changed: start, capacity',
      'slot doc1_slot1@2026-11-24 of doctor doc1 revised: start_time, capacity',
    ],
  ],
  [
    'a session that has ended',
    file([{ ...DOC1, sessions: [] }]),
    ['session doc1_slot1 of doctor doc1 ended', 'slot doc1_slot1@2026-11-24 of doctor doc1 closed'],
  ],
  [
    'a single slot',
    file([FIRST.doctors[0] ?? DOC1], { slots: [camp({ id: 'b' }), camp()] }),
    ['slot b of doctor doc1 opened'],
  ],
  [
    'nothing, apart from what goes elsewhere',
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
      'patient_types are valid; they are not kept in the database: every start reads them from ROSTER',
    ],
  ],
])('tells %s, on trial first, and then has it', async (_, then, lines) => {
  const kept = new Kept(await durableUrl());
  await kept.import(FIRST);
  const before = await kept.records();
  expect(await kept.import(then, { isTrial: true })).toEqual(lines);
  expect(await kept.records()).toBe(before);
  expect(await kept.import(then)).toEqual(lines);
  const after = await kept.records();
  const [again] = await kept.import(then);
  expect([again, await kept.records()]).toEqual(['nothing to change', after]);
});

it('tells a new order of sessions, and slots that are opened again', async () => {
  const kept = new Kept(await durableUrl());
  await kept.import(file([DOC1]));
  await kept.import(file([{ ...DOC1, sessions: [TWO] }]));
  expect(await kept.import(file([{ ...DOC1, sessions: [TWO, ONE] }]))).toEqual([
    'session doc1_slot1 of doctor doc1 added',
    'slot doc1_slot1@2026-11-24 of doctor doc1 opened again',
  ]);
  expect(await kept.import(file([DOC1]))).toEqual(['doctor doc1 revised: order of sessions']);
});

it('exports what imports as the same, in one order whatever the order of coming', async () => {
  const kept = new Kept(await durableUrl());
  const early = camp({ id: 'z', start_time: '2026-11-23T18:30:00.000Z' });
  const other = camp({ id: 'a', doctor_id: 'doc2' });
  await kept.import(file([{ ...DOC2, department: 'ENT' }], { slots: [other] }));
  await kept.import(file([DOC1], { slots: [camp(), camp({ id: 'b' }), early] }));
  const text = await kept.export();
  const exported = parseRoster(text);
  if (!('doctors' in exported)) throw new Error(`not a roster: ${text}`);
  expect(exported).toEqual(
    file([DOC1, { ...DOC2, department: 'ENT' }], {
      slots: [early, camp({ id: 'b' }), camp(), other],
    }),
  );

  const copy = new Kept(await durableUrl());
  const trial = await copy.import(exported, { isTrial: true });
  expect(await copy.import(exported)).toEqual(trial);
  expect(await copy.export()).toBe(text);
  expect(await copy.import(exported)).toEqual(['nothing to change']);
});

it('exports doctors by id, in whatever order a store brings them', async () => {
  const engine = new AllocationEngine(RULES);
  for (const facts of [DOC2, DOC1]) engine.putDoctor(facts, [], NOW);
  const text = await exportRoster({ load: () => Promise.resolve() }, engine, NOW);
  expect(parseRoster(text ?? '')).toEqual(file([DOC1, DOC2]));
});

it('exports no single slot that has ended', async () => {
  const kept = new Kept(await durableUrl());
  await kept.import(FIRST);
  const end = Date.parse(camp().end_time) + RULES.graceMinutes * 60_000;
  expect(await kept.export(epochMs(end - 1))).toContain('"camp"');
  expect(await kept.export(epochMs(end))).not.toContain('slots');
});

it('exports no single slot that is closed: an import would open it elsewhere', async () => {
  const kept = new Kept(await durableUrl());
  await kept.import(file([DOC1], { slots: [camp(), camp({ id: 'b' })] }));
  const store = (engine: AllocationEngine) => createStore(kept.url, engine);
  const opd = await openApp({ store, roster: [] });
  expect(await opd.post('/slots/camp/close', { reason: 'rain' })).toMatchObject({ status: 200 });
  await opd.store.close();
  const exported = parseRoster(await kept.export());
  expect(exported).toMatchObject({ slots: [{ id: 'b' }] });
});

it('refuses on trial what it refuses, also for a slot long over', async () => {
  const kept = new Kept(await durableUrl());
  await kept.import(FIRST);
  const again = file(FIRST.doctors, {
    slots: [camp({ start_time: '2027-11-23T19:00:00Z', end_time: '2027-11-23T20:00:00Z' })],
  });
  const now = epochMs(Date.parse('2027-11-23T08:00:00Z'));
  for (const isTrial of [true, false])
    await expect(kept.import(again, { isTrial, now })).rejects.toThrow('slot camp: is there');
});

it('finds nothing in a database that is not there, and makes none', async () => {
  const kept = new Kept(await durableUrl());
  expect(await kept.import(FIRST, { isTrial: true })).toContain('doctor doc1 added');
  expect(await kept.export()).toBe('nothing');
});
