import { expect, it } from 'vitest';
import { demoRoster, parseRoster } from '../../src/service/index.ts';
import { doctorInput, session } from '../support/doctor-input.ts';

const roster = (...doctors: readonly object[]): string => JSON.stringify({ doctors });
const doctor = (id: string, more: object = {}): object => ({ id, ...doctorInput(), ...more });

const pointersOf = (text: string): string[] => {
  const read = parseRoster(text);
  return 'faults' in read ? [...new Set(read.faults.map(({ pointer }) => pointer))].sort() : [];
};

it('reads doctors with their sessions', () => {
  const sessions = [session('a', { weekdays: ['sun', 'mon'], end: '24:00' })];
  const text = roster(doctor('rao', { name: ' Dr Rao ', department: 'ENT', sessions }));
  expect(parseRoster(text)).toEqual({
    doctors: [
      {
        id: 'rao',
        name: 'Dr Rao',
        department: 'ENT',
        timeZone: 'UTC',
        sessions: [
          { id: 'a', weekdays: ['mon', 'sun'], start: '09:00', end: '24:00', capacity: 3 },
        ],
      },
    ],
  });
});

it.each<[what: string, text: string, pointers: string[]]>([
  ['text that is no JSON', '{"doctors": [', ['']],
  ['nothing', '', ['']],
  ['no object', '[]', ['']],
  ['no doctors', '{}', ['/doctors']],
  ['an empty list', roster(), ['/doctors']],
  ['a field too many', '{"doctors": [], "clinic": 1}', ['/clinic', '/doctors']],
  [
    'a doctor without anything',
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
])('names the place of the fault: %s', (_what, text, pointers) => {
  expect(pointersOf(text)).toEqual(pointers);
});

it('lists every fault of every doctor at once', () => {
  const text = roster(
    doctor('a', { time_zone: 'Mars/Olympus' }),
    doctor('b', {
      sessions: [session('s'), session('s', { end: '08:00' }), session('t', { end: '09:00' })],
    }),
    doctor('a', { time_zone: '+01:00', sessions: [] }),
  );
  expect(pointersOf(text)).toEqual([
    '/doctors/0/time_zone',
    '/doctors/1/sessions/1/end',
    '/doctors/1/sessions/1/id',
    '/doctors/1/sessions/2/end',
    '/doctors/2/id',
    '/doctors/2/time_zone',
  ]);
});

it('has three doctors in the demo, each with two sittings of three seats every day', () => {
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
