import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { demoRoster, parseRoster, readRoster } from '../../src/service/index.ts';
import { doctorInput, session } from '../support/app/doctor-input.ts';
import { tempDir } from '../support/process/temp-dir.ts';

const roster = (...doctors: readonly object[]): string => JSON.stringify({ doctors });
const doctor = (id: string, more: object = {}): object => ({ id, ...doctorInput(), ...more });

/** A roster with one doctor and these classes. */
const classes = (...patient_types: readonly object[]): string =>
  JSON.stringify({ patient_types, doctors: [doctor('a')] });

/** A roster with one doctor and a valid single slot for each of these changes, which it contains. */
const slots = (...changes: readonly object[]): string =>
  JSON.stringify({
    doctors: [doctor('a')],
    slots: changes.map((change, index) => ({
      id: `s${index}`,
      doctor_id: 'a',
      start_time: '2026-11-23T09:00:00Z',
      end_time: '2026-11-23T10:00:00Z',
      capacity: 3,
      ...change,
    })),
  });

const pointersOf = (text: string): string[] => {
  const read = parseRoster(text);
  return 'faults' in read ? [...new Set(read.faults.map(({ pointer }) => pointer))].sort() : [];
};

it('parseRoster reads doctors with their sessions', () => {
  const sessions = [session('a', { weekdays: ['sun', 'mon'], end: '24:00' })];
  const text = roster(doctor('rao', { name: ' Dr Rao ', department: 'ENT', sessions }));
  expect(parseRoster(text)).toEqual({
    patientTypes: [],
    slots: [],
    withLeaves: new Set(),
    holidays: undefined,
    doctors: [
      {
        id: 'rao',
        name: 'Dr Rao',
        department: 'ENT',
        timeZone: 'UTC',
        sessions: [
          {
            ...{ id: 'a', weekdays: ['mon', 'sun'], start: '09:00', end: '24:00', capacity: 3 },
            ...{ validFrom: null, validUntil: null, everyWeeks: 1 },
          },
        ],
        rooms: 1,
        leaves: [],
        isRetired: false,
      },
    ],
  });
});

it.each<[what: string, text: string, pointers: string[]]>([
  ['text that is no JSON', '{"doctors": [', ['']],
  ['nothing', '', ['']],
  ['no object', '[]', ['']],
  ['two lists of doctors', roster(doctor('a')).replace('{', '{"doctors": [], '), ['/doctors']],
  ['a name twice', roster(doctor('a')).replace('[{', '[{"name": "Dr. B", '), ['/doctors/0/name']],
  ['an invisible name', roster(doctor('a', { name: '\u3164' })), ['/doctors/0/name']],
  [
    'an invisible department',
    roster(doctor('a', { department: '\u2800' })),
    ['/doctors/0/department'],
  ],
  ['no doctors', '{}', ['/doctors']],
  ['an empty list', roster(), ['/doctors']],
  ['an unknown field', '{"doctors": [], "clinic": 1}', ['/clinic', '/doctors']],
  [
    'a doctor without any field',
    roster({}),
    ['/doctors/0/id', '/doctors/0/name', '/doctors/0/sessions', '/doctors/0/time_zone'],
  ],
  [
    'seats as text',
    roster(doctor('a', { sessions: [session('s', { capacity: '3' })] })),
    ['/doctors/0/sessions/0/capacity'],
  ],
  [
    'an unknown weekday',
    roster(doctor('a', { sessions: [session('s', { weekdays: ['monday'] })] })),
    ['/doctors/0/sessions/0/weekdays/0'],
  ],
  ['a control character', roster(doctor('a', { name: 'a\u0007' })), ['/doctors/0/name']],
  ['a change of direction', roster(doctor('a', { name: 'a\u202eb' })), ['/doctors/0/name']],
  ['200 emoji', roster(doctor('a', { name: '😀'.repeat(200) })), []],
  ['201 emoji', roster(doctor('a', { name: '😀'.repeat(201) })), ['/doctors/0/name']],
  ['half an emoji', roster(doctor('a', { name: 'a\ud83d' })), ['/doctors/0/name']],
  [
    'a weekday twice',
    roster(doctor('a', { sessions: [session('s', { weekdays: ['mon', 'tue', 'mon'] })] })),
    ['/doctors/0/sessions/0/weekdays/2'],
  ],
  [
    'a doctor twice',
    roster(doctor('a'), doctor('b', { sessions: [] }), doctor('a', { sessions: [] })),
    ['/doctors/2/id'],
  ],
])('the pointer leads to the fault: %s', (_what, text, pointers) => {
  expect(pointersOf(text)).toEqual(pointers);
});

it.each<[what: string, text: string, pointers: string[]]>([
  ['no list', JSON.stringify({ patient_types: {}, doctors: [doctor('a')] }), ['']],
  ['no type', classes({ priority: 70 }), ['/0/type']],
  ['no priority', classes({ type: 'VIP' }), ['/0/priority']],
  ['an unknown field', classes({ type: 'VIP', priority: 70, name: 'Very' }), ['/0/name']],
  ['small letters', classes({ type: 'vip', priority: 70 }), ['/0/type']],
  ['a digit first', classes({ type: '1ST', priority: 70 }), ['/0/type']],
  ['65 letters', classes({ type: 'V'.repeat(65), priority: 70 }), ['/0/type']],
  ['64 letters', classes({ type: 'V'.repeat(64), priority: 70 }), []],
  ['priority as text', classes({ type: 'VIP', priority: '70' }), ['/0/priority']],
  ['half a priority', classes({ type: 'VIP', priority: 70.5 }), ['/0/priority']],
  ['priority 0', classes({ type: 'VIP', priority: 0 }), ['/0/priority']],
  ['priority 1001', classes({ type: 'VIP', priority: 1_001 }), ['/0/priority']],
  [
    'both bounds',
    classes({ type: 'VIP', priority: 1 }, { type: 'EMERGENCY', priority: 1_000 }),
    [],
  ],
  [
    'a type twice',
    classes({ type: 'VIP', priority: 70 }, { type: 'VIP', priority: 71 }),
    ['/1/type'],
  ],
  ['the priority of a default class', classes({ type: 'VIP', priority: 60 }), ['/0/priority']],
  [
    'one priority for two classes',
    classes({ type: 'VIP', priority: 70 }, { type: 'STAFF', priority: 70 }),
    ['/0/priority', '/1/priority'],
  ],
  [
    'the former priority of another class',
    classes({ type: 'FOLLOW_UP', priority: 61 }, { type: 'VIP', priority: 60 }),
    [],
  ],
  ['a class above EMERGENCY', classes({ type: 'VIP', priority: 101 }), ['/0/priority']],
  [
    'a class with the priority of EMERGENCY',
    classes({ type: 'VIP', priority: 100 }),
    ['/0/priority'],
  ],
  ['EMERGENCY below a class', classes({ type: 'EMERGENCY', priority: 79 }), ['/0/priority']],
  [
    'EMERGENCY raised with a class below it',
    classes({ type: 'VIP', priority: 150 }, { type: 'EMERGENCY', priority: 200 }),
    [],
  ],
])('the pointer leads to the fault of a class: %s', (_what, text, pointers) => {
  expect(pointersOf(text)).toEqual(pointers.map((pointer) => `/patient_types${pointer}`));
});

it.each<[what: string, text: string, pointers: string[]]>([
  ['no id', slots({ id: undefined }), ['/0/id']],
  ['no doctor', slots({ doctor_id: undefined }), ['/0/doctor_id']],
  ['no seats', slots({ capacity: 0 }), ['/0/capacity']],
  ['an unknown field', slots({ delay_minutes: 5 }), ['/0/delay_minutes']],
  ['an id twice', slots({}, {}, { id: 's0' }), ['/2/id']],
  ['a time without its offset', slots({ start_time: '2026-11-23T09:00:00' }), ['/0/start_time']],
  ['a date alone', slots({ start_time: '2026-11-23' }), ['/0/start_time']],
  [
    'the 30th of February',
    slots({ start_time: '2026-02-30T09:00:00Z', end_time: '2026-02-30T09:30:00Z' }),
    ['/0/end_time', '/0/start_time'],
  ],
  ['25 o’clock', slots({ start_time: '2026-11-23T25:00:00Z' }), ['/0/start_time']],
  ['an end at the start', slots({ end_time: '2026-11-23T14:30:00+05:30' }), ['/0/end_time']],
  ['24 hours', slots({ end_time: '2026-11-24T09:00:00Z' }), []],
  ['more than 24 hours', slots({}, { end_time: '2026-11-24T09:00:00.001Z' }), ['/1/end_time']],
])('the pointer leads to the fault of a single slot: %s', (_what, text, pointers) => {
  expect(pointersOf(text)).toEqual(pointers.map((pointer) => `/slots${pointer}`));
});

it('parseRoster reads leaves and holidays in the order of their dates', () => {
  const leaves = [
    { from: '2026-12-24', to: '2026-12-31', reason: ' Christmas ' },
    { id: 'l0', from: '2026-11-24', to: '2026-11-24', reason: 'a course' },
  ];
  const holidays = [
    { date: '2027-01-01', name: 'New Year' },
    { date: '2026-12-25', name: 'Christmas' },
  ];
  const doctors = [doctor('rao', { leaves }), doctor('sen', {})];
  const read = parseRoster(JSON.stringify({ doctors, holidays }));
  expect(read).toMatchObject({
    doctors: [
      {
        leaves: [
          { id: 'l0', from: '2026-11-24', to: '2026-11-24', reason: 'a course' },
          { id: '2026-12-24', from: '2026-12-24', to: '2026-12-31', reason: 'Christmas' },
        ],
      },
      { leaves: [] },
    ],
    withLeaves: new Set(['rao']),
    holidays: [
      { id: '2026-12-25', from: '2026-12-25', to: '2026-12-25', reason: 'Christmas' },
      { id: '2027-01-01', from: '2027-01-01', to: '2027-01-01', reason: 'New Year' },
    ],
  });
});

it.each<[what: string, roster: object, pointers: string[]]>([
  ['a leave that ends before it begins', { to: '2026-11-23' }, ['/doctors/0/leaves/0/to']],
  ['a leave from no date', { from: '2026-11-31' }, ['/doctors/0/leaves/0/from']],
  ['a leave without a reason', { reason: ' ' }, ['/doctors/0/leaves/0/reason']],
])('the pointer leads to the fault of %s', (_what, more, pointers) => {
  const leave = { from: '2026-11-24', to: '2026-11-24', reason: 'a course', ...more };
  expect(pointersOf(roster(doctor('rao', { leaves: [leave] })))).toEqual(pointers);
});

it('the pointer leads to leaves with one id and holidays on one date', () => {
  const leave = { from: '2026-11-24', to: '2026-11-24', reason: 'a course' };
  const holiday = { date: '2026-12-25', name: 'Christmas' };
  const doctors = [doctor('rao', { leaves: [leave, leave] })];
  const text = JSON.stringify({ doctors, holidays: [holiday, holiday, { date: 5 }] });
  expect(pointersOf(text)).toEqual([
    ...['/doctors/0/leaves/1/id', '/holidays/1/date', '/holidays/2/date', '/holidays/2/name'],
  ]);
});

it('all faults of all doctors are listed together', () => {
  const text = roster(
    doctor('a', { time_zone: 'Mars/Olympus' }),
    doctor('b', {
      sessions: [session('s'), session('s', { every_weeks: 2 }), session('t', { every_weeks: 2 })],
    }),
    doctor('a', { time_zone: '+01:00', sessions: [] }),
  );
  expect(pointersOf(text)).toEqual([
    '/doctors/0/time_zone',
    '/doctors/1/sessions/1/every_weeks',
    '/doctors/1/sessions/1/id',
    '/doctors/1/sessions/2/every_weeks',
    '/doctors/2/id',
    '/doctors/2/time_zone',
  ]);
});

it('faults of the schema and faults of the values are listed together, each in words', () => {
  const text = JSON.stringify({
    patient_types: [
      { type: 'vip', priority: 70 },
      { type: 'STAFF', priority: 100 },
    ],
    doctors: [
      'rao',
      doctor('a', {
        nam: 'x',
        time_zone: 'Mars/Olympus',
        sessions: [
          null,
          session('s', { weekdays: ['monday'], capacity: '3', every_weeks: 2 }),
          session('s', { weekdays: ['mon', 'mon'], start: 9 }),
        ],
      }),
      doctor('a', { sessions: {} }),
    ],
    slots: [{ id: 's', doctor_id: 'a', start_time: '2026-02-30T09:00:00Z', end_time: 5 }],
    slot: [],
  });
  const read = parseRoster(text);
  const faults = 'faults' in read ? read.faults : [];
  const instant =
    'a date and time with its offset from UTC (RFC 3339), such as 2026-11-23T09:00:00Z';
  expect(faults.map(({ pointer, detail }) => `${pointer} ${detail}`)).toEqual([
    '/slot unknown field `slot`; did you mean `slots`?',
    '/patient_types/0/type must be text: 1 to 64 capital letters, digits and `_`, a letter first',
    '/doctors/0 must be a JSON object',
    '/doctors/1/nam unknown field `nam`; did you mean `name`?',
    '/doctors/1/sessions/0 must be a JSON object',
    '/doctors/1/sessions/1/weekdays/0 must be one of mon, tue, wed, thu, fri, sat, sun',
    '/doctors/1/sessions/1/capacity must be a whole number from 1 to 10,000, without quotation marks',
    '/doctors/1/sessions/2/start must be text: `HH:MM`, such as 09:00',
    '/doctors/2/sessions must be a list of at most 100 items',
    '/slots/0/capacity missing field `capacity`',
    `/slots/0/end_time must be text: ${instant}`,
    '/patient_types/1/priority must differ from the priority of EMERGENCY',
    '/doctors/1/time_zone must be the name of an IANA time zone, such as Asia/Kolkata',
    '/doctors/1/sessions/1/every_weeks needs valid_from, because the weeks are counted from its week',
    '/doctors/1/sessions/2/weekdays/1 must differ from the days before it',
    '/doctors/1/sessions/2/id must differ from the ids before it',
    '/doctors/2/id must differ from the ids before it',
    `/slots/0/start_time must be ${instant}`,
  ]);
});

it('the demo has three doctors, each with two sessions of three seats every day', () => {
  const doctors = demoRoster('Asia/Kolkata');
  expect(doctors.map(({ id, name, timeZone }) => [id, name, timeZone])).toEqual([
    ['doc1', 'Dr. A (Cardiology)', 'Asia/Kolkata'],
    ['doc2', 'Dr. B (Orthopedics)', 'Asia/Kolkata'],
    ['doc3', 'Dr. C (General)', 'Asia/Kolkata'],
  ]);
  for (const { id, sessions } of doctors)
    expect(
      sessions.map((each) => [each.id, each.start, each.end, each.capacity, each.weekdays.length]),
    ).toEqual([
      [`${id}_slot1`, '09:00', '10:00', 3, 7],
      [`${id}_slot2`, '10:00', '11:00', 3, 7],
    ]);
});

/** Writes a roster file of these bytes and reads it. */
function readBytes(bytes: Buffer): ReturnType<typeof readRoster> {
  const file = join(tempDir(), 'roster.json');
  writeFileSync(file, bytes);
  return readRoster(file);
}

const JOSE = roster(doctor('a', { name: 'Dr. José' }));

it.each([
  ['Latin-1', Buffer.from(JOSE, 'latin1')],
  ['UTF-16 with a byte order mark', Buffer.from(`\ufeff${JOSE}`, 'utf16le')],
  ['UTF-16', Buffer.from(JOSE, 'utf16le')],
  ['UTF-8 that was cut off', Buffer.from(JOSE).subarray(0, JOSE.indexOf('é') + 1)],
])('a roster file in %s is refused with a sentence that says what to do', (_what, bytes) => {
  expect(() => readBytes(bytes)).toThrow(/is not written in UTF-8\. Save it again/);
});

it('a roster file in UTF-8 is read with and without a byte order mark', () => {
  for (const mark of ['', '\ufeff'])
    expect(readBytes(Buffer.from(mark + JOSE)).doctors).toMatchObject([{ name: 'Dr. José' }]);
});
