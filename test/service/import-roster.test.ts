import { expect, it } from 'vitest';
import {
  AllocationEngine,
  epochMs,
  leaveId,
  localDate,
  sessionId,
  type Leave,
} from '../../src/engine/index.ts';
import {
  demoRoster,
  exportRoster,
  parseRoster,
  type RosterFile,
  type SlotInput,
} from '../../src/service/index.ts';
import { openDatabase } from '../../src/store/index.ts';
import { durableUrl } from '../support/app/app-database.ts';
import { openApp } from '../support/app/app.ts';
import { file, NOW, RosterDatabase } from '../support/app/roster-database.ts';
import { RULES } from '../support/engine/clinic.ts';

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

const [ONE, TWO] = DOC1.sessions;
if (ONE === undefined || TWO === undefined) throw new Error('the demo has two sessions');

const LEAVE: Leave = {
  ...{ id: leaveId('l1'), reason: 'a course' },
  ...{ from: localDate('2026-11-24'), to: localDate('2026-11-26') },
};

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
    'rooms, and dates and weeks of a session',
    file([
      {
        ...{ ...DOC1, rooms: 2 },
        sessions: [
          {
            ...{ ...ONE, validFrom: localDate('2026-11-23'), everyWeeks: 2 },
            validUntil: localDate('2026-12-23'),
          },
        ],
      },
    ]),
    [
      'doctor doc1 revised: rooms',
      'session doc1_slot1 of doctor doc1 changed: valid_from, valid_until, every_weeks',
    ],
  ],
  [
    'a leave',
    file([{ ...DOC1, sessions: [ONE], leaves: [LEAVE] }], { withLeaves: new Set([DOC1.id]) }),
    [
      'leave of doctor doc1 2026-11-24 to 2026-11-26 added',
      'slot camp of doctor doc1 closed',
      'slot doc1_slot1@2026-11-24 of doctor doc1 closed',
    ],
  ],
  [
    'holidays',
    file(FIRST.doctors, { holidays: [{ ...LEAVE, to: LEAVE.from, id: leaveId(LEAVE.from) }] }),
    [
      'holiday 2026-11-24 added',
      'slot camp of doctor doc1 closed',
      'slot doc1_slot1@2026-11-24 of doctor doc1 closed',
    ],
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

it('an export has rooms, leaves, holidays and the dates and weeks of sessions, and no retired doctor', async () => {
  const database = new RosterDatabase(await durableUrl());
  const session = {
    ...{ ...ONE, end: '02:00', everyWeeks: 3 },
    ...{ validFrom: localDate('2026-11-20'), validUntil: localDate('2027-11-20') },
  };
  const doctor = { ...DOC1, rooms: 3, sessions: [session], leaves: [LEAVE] };
  const holidays = ['2026-12-25', '2027-01-01'].map((text) => {
    const date = localDate(text);
    return { id: leaveId(date), from: date, to: date, reason: 'a holiday' };
  });
  const roster = file([doctor], { withLeaves: new Set([DOC1.id]), holidays });
  await database.import(file([{ ...DOC2, name: 'Dr. R' }]));
  await database.import(roster);
  const opd = await openApp({ store: (engine) => openDatabase(database.url, engine), roster: [] });
  expect((await opd.send({ method: 'DELETE', url: '/doctors/doc2' })).status).toBe(200);
  await opd.store.close();
  const text = await database.export();
  expect(parseRoster(text)).toEqual(roster);
  expect(await database.import(roster)).toEqual(['nothing to change']);

  // Without leaves and holidays a roster leaves them as they are; with empty lists it removes them.
  const silent = file([{ ...doctor, leaves: [] }]);
  expect(await database.import(silent)).toEqual(['nothing to change']);
  const removing = file([{ ...doctor, leaves: [] }], {
    withLeaves: new Set([DOC1.id]),
    holidays: [],
  });
  expect(await database.import(removing)).toEqual([
    ...['holiday 2026-12-25 removed', 'holiday 2027-01-01 removed'],
    'leave of doctor doc1 2026-11-24 to 2026-11-26 removed',
  ]);
});

it('an import names the sessions that overlap, also when nothing changes', async () => {
  const database = new RosterDatabase(await durableUrl());
  const ward = { ...ONE, id: sessionId('ward'), start: '09:30', end: '11:00' };
  const roster = file([{ ...DOC1, sessions: [ONE, ward] }]);
  const line = 'sessions doc1_slot1 and ward of doctor doc1 overlap, first on 2026-11-23';
  expect(await database.import(roster)).toContain(line);
  expect(await database.import(roster)).toEqual(['nothing to change', line]);
});

it('a dry run names the patients of a leave, and the slots that are kept for theirs', async () => {
  const database = new RosterDatabase(await durableUrl());
  await database.import(file([{ ...DOC1, timeZone: 'UTC' }]));
  const opd = await openApp({ store: (engine) => openDatabase(database.url, engine), roster: [] });
  const { id } = await opd.book('W1', { slot_id: 'doc1_slot1@2026-11-24' });
  await opd.store.close();
  const later = { ...ONE, start: '14:00', end: '15:00' };
  const kept = file([{ ...DOC1, timeZone: 'UTC', sessions: [later, TWO] }]);
  expect(await database.import(kept, { isDryRun: true })).toContain(
    'slot doc1_slot1@2026-11-24 of doctor doc1 kept for its patients: it takes nobody new',
  );
  const leave = file([{ ...DOC1, timeZone: 'UTC', leaves: [LEAVE] }], {
    withLeaves: new Set([DOC1.id]),
  });
  expect(await database.import(leave, { isDryRun: true })).toContain(`token ${id} cancelled`);
  expect(await database.records()).toBeGreaterThan(0);
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
