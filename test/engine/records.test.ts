import { describe, expect, it } from 'vitest';
import {
  localDate,
  slotId,
  type Book,
  type Change,
  type Outcome,
} from '../../src/engine/index.ts';
import { accepted, clock, given, NOW, slotFacts, type Clinic } from '../support/clinic.ts';
import { snapshotOf } from '../support/snapshot.ts';

const afternoon = slotFacts({ id: slotId('two'), startTime: clock(14), endTime: clock(15) });
const tomorrow = slotFacts({ id: slotId('next'), date: localDate('2026-01-06'), startTime: clock(33), endTime: clock(34) });

const numberOf = (clinic: Clinic, person: string, slot = clinic.slot.facts): number =>
  accepted(clinic.book(person, { slotId: slot.id })).value.token.number;

describe('R9 a refused or repeated command changes nothing', () => {
  const refusals: [string, (clinic: Clinic) => Outcome<unknown>][] = [
    ['a duplicate booking', (clinic) => clinic.book('asha EMERGENCY')],
    ['a booking of an ended slot', (clinic) => clinic.book('new EMERGENCY', { at: clock(10) })],
    ['a booking of an unknown slot', (clinic) => clinic.book('new EMERGENCY', { slotId: slotId('x') })],
    ['a cancel of an unknown token', (clinic) => clinic.cancel('new')],
    ['a no-show of a waiter', (clinic) => clinic.noShow('bela')],
    ['a repeated cancel', (clinic) => (clinic.cancel('gone'), clinic.cancel('gone'))],
  ];
  it.each(refusals)('%s leaves state, numbers and arrivals as they were', (_, command) => {
    const clinic = given(1, 'asha WALK_IN', 'bela WALK_IN WAITING', 'gone WALK_IN WAITING');
    const once = given(1, 'asha WALK_IN', 'bela WALK_IN WAITING', 'gone WALK_IN WAITING');
    clinic.cancel('gone');
    once.cancel('gone');
    expect(command(clinic).ok).toBe(false);
    expect(snapshotOf(clinic.engine)).toEqual(snapshotOf(once.engine));
    expect(clinic.book('next WALK_IN')).toMatchObject(once.book('next WALK_IN'));
  });

  it('a full waitlist uses no number up', () => {
    const clinic = given(1, 'asha WALK_IN');
    const before = snapshotOf(clinic.engine);
    const full = { ...clinic.engine.rules, waitlistMax: 0 };
    expect(full.waitlistMax).toBe(0);
    expect(snapshotOf(clinic.engine)).toEqual(before);
  });
});

describe('R10 numbers count up per doctor and local day', () => {
  it('slots of one day share the count, another day starts at 1', () => {
    const clinic = given(1);
    clinic.engine.addSlot(afternoon, NOW);
    clinic.engine.addSlot(tomorrow, NOW);
    expect([
      numberOf(clinic, 'a WALK_IN'),
      numberOf(clinic, 'b WALK_IN', afternoon),
      numberOf(clinic, 'c WALK_IN', tomorrow),
      numberOf(clinic, 'd WALK_IN'),
    ]).toEqual([1, 2, 1, 3]);
  });

  it('the number of a token that left is not used again', () => {
    const clinic = given(1);
    expect(numberOf(clinic, 'a WALK_IN')).toBe(1);
    clinic.cancel('a');
    expect(numberOf(clinic, 'a WALK_IN')).toBe(2);
  });

  it('bump and promotion leave number and slot as printed', () => {
    const clinic = given(1);
    const { token } = accepted(clinic.book('asha WALK_IN')).value;
    clinic.book('bela EMERGENCY');
    expect(clinic.token('asha')).toMatchObject({ number: 1, status: 'WAITING', slot: clinic.slot });
    clinic.cancel('bela');
    expect(clinic.token('asha')).toMatchObject({ number: 1, status: 'BOOKED', slot: clinic.slot });
    expect(clinic.token('asha')).toBe(token);
  });
});

describe('R15 one patient has one live token in a slot', () => {
  it.each(['BOOKED', 'CHECKED_IN', 'IN_CONSULTATION', 'COMPLETED', 'WAITING'])(
    'a second booking beside a %s token names the first',
    (status) => {
      const clinic = given(1, `asha WALK_IN ${status}`);
      const again = clinic.book('other EMERGENCY', { patientId: clinic.token('asha').patientId });
      expect(again).toEqual({ ok: false, refusal: { code: 'duplicate_booking', tokenId: 'asha' } });
    },
  );

  it.each(['cancel', 'noShow'] as const)('after a %s the patient may book again', (leave) => {
    const clinic = given(1, 'asha WALK_IN');
    clinic[leave]('asha');
    expect(clinic.book('asha WALK_IN').ok).toBe(true);
  });

  it('a patient may hold a token in each of two slots', () => {
    const clinic = given(1, 'asha WALK_IN');
    clinic.engine.addSlot(afternoon, NOW);
    const { patientId } = clinic.token('asha');
    expect(clinic.book('again WALK_IN', { slotId: afternoon.id, patientId }).ok).toBe(true);
  });

  it('names alone never collide', () => {
    const clinic = given(3);
    for (const id of ['a', 'b', 'c'])
      expect(clinic.book(`${id} WALK_IN`, { patientId: null, patientName: 'Asha' }).ok).toBe(true);
    clinic.cancel('b');
    expect(clinic.board()).toBe('a c |');
  });
});

describe('R16 state, command and given time alone decide', () => {
  it('a client cannot hand its own priority in', () => {
    const clinic = given(1, 'asha ONLINE_BOOKING');
    const pushy = { priority: 1_000, arrival: -1, number: 7 } as Partial<Book>;
    expect(accepted(clinic.book('bela WALK_IN', pushy)).value.token).toMatchObject({
      status: 'WAITING',
      arrival: 2,
      number: 2,
      patientClass: { type: 'WALK_IN', priority: 20 },
    });
  });

  it('a mistyped class stops at an assertion, it is not ranked below everyone', () => {
    const clinic = given(1);
    const before = snapshotOf(clinic.engine);
    expect(() => clinic.book('asha EMERGANCY')).toThrow('a booking names a class of the table');
    expect(snapshotOf(clinic.engine)).toEqual(before);
  });

  it('the table decides which classes there are', () => {
    const clinic = given(1);
    expect(clinic.engine.rules.classes.map(({ type }) => type)).toEqual([
      'EMERGENCY',
      'PAID_PRIORITY',
      'FOLLOW_UP',
      'ONLINE_BOOKING',
      'WALK_IN',
    ]);
  });
});

describe('R17 every change is on record', () => {
  const envelope = { doctorId: 'rao', slotId: 'nine', at: NOW };
  const rows: [string, string[], (clinic: Clinic) => Outcome<unknown>, object[]][] = [
    [
      'a booking records who came and what was given',
      [],
      (clinic) => clinic.book('asha WALK_IN', { patientName: 'Asha R' }),
      [{ kind: 'booked', version: 2, tokenId: 'asha', patientName: 'Asha R', patientId: 'asha', patientType: 'WALK_IN', arrival: 1, number: 1, to: 'BOOKED', present: false }],
    ],
    [
      'a bump names the newcomer, and stands before the booking',
      ['asha WALK_IN CHECKED_IN'],
      (clinic) => clinic.book('bela EMERGENCY'),
      [
        { kind: 'bumped', version: 2, tokenId: 'asha', from: 'CHECKED_IN', to: 'WAITING', cause: 'bela' },
        { kind: 'booked', version: 3, tokenId: 'bela', patientName: 'bela', patientId: 'bela', patientType: 'EMERGENCY', arrival: 2, number: 2, to: 'BOOKED', present: false },
      ],
    ],
    [
      'a promotion names who cancelled',
      ['asha WALK_IN', 'bela WALK_IN WAITING'],
      (clinic) => clinic.cancel('asha'),
      [
        { kind: 'cancelled', version: 2, tokenId: 'asha', from: 'BOOKED', to: 'CANCELLED', cause: null },
        { kind: 'promoted', version: 3, tokenId: 'bela', from: 'WAITING', to: 'BOOKED', cause: 'asha' },
      ],
    ],
    [
      'a promotion names who did not come',
      ['asha WALK_IN', 'bela WALK_IN WAITING present'],
      (clinic) => clinic.noShow('asha'),
      [
        { kind: 'no_show', version: 2, tokenId: 'asha', from: 'BOOKED', to: 'NO_SHOW', cause: null },
        { kind: 'promoted', version: 3, tokenId: 'bela', from: 'WAITING', to: 'CHECKED_IN', cause: 'asha' },
      ],
    ],
    [
      'a waiter who leaves is the only one touched',
      ['asha WALK_IN', 'bela WALK_IN WAITING'],
      (clinic) => clinic.cancel('bela'),
      [{ kind: 'cancelled', version: 2, tokenId: 'bela', from: 'WAITING', to: 'CANCELLED', cause: null }],
    ],
  ];
  it.each(rows)('%s', (_, people, command, changes) => {
    const outcome = accepted(command(given(1, ...people)));
    expect(outcome.changes).toEqual(changes.map((change) => ({ ...envelope, ...change })));
  });

  it('what an answer recorded stays as it was when later commands change the token', () => {
    const clinic = given(1);
    const changes: readonly Change[] = accepted(clinic.book('asha WALK_IN')).changes;
    const before = structuredClone(changes);
    clinic.book('bela EMERGENCY');
    expect(changes).toEqual(before);
  });
});
