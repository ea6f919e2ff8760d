import { describe, expect, it } from 'vitest';
import {
  DEFAULT_CLASSES,
  localDate,
  patientId,
  slotId,
  type Book,
  type Outcome,
} from '../../src/engine/index.ts';
import { accepted, Clinic, clock, given, NOW, slotFacts } from '../support/engine/clinic.ts';
import { snapshotOf } from '../support/engine/snapshot.ts';

const AFTERNOON = slotId('two');
const TOMORROW = slotId('tomorrow');

/** A clinic with a second slot on the same day and one on the next. */
const withMoreSlots = (people = ''): Clinic => {
  const clinic = given(1, people);
  const afternoon = { id: AFTERNOON, startTime: clock(14), endTime: clock(15) };
  const date = localDate('2026-01-06');
  clinic.engine.addSlot(slotFacts(afternoon), NOW);
  clinic.engine.addSlot(slotFacts({ ...afternoon, id: TOMORROW, date }), NOW);
  return clinic;
};

describe('R9 a refused or repeated command changes nothing', () => {
  it.each<[string, (clinic: Clinic) => Outcome<unknown>]>([
    ['a duplicate booking', (clinic) => clinic.book('W1')],
    ['a booking of an ended slot', (clinic) => clinic.book('E9', { at: clock(10) })],
    ['a booking of an unknown slot', (clinic) => clinic.book('E9', { slotId: slotId('x') })],
    ['a booking that would wait on a full waitlist', (clinic) => clinic.book('W9')],
    ['a cancel of an unknown token', (clinic) => clinic.cancel('W9')],
    ['a no-show of a waiter', (clinic) => clinic.noShow('W2')],
    ['a repeated cancel', (clinic) => clinic.cancel('W3')],
  ])('%s leaves state, numbers and arrivals as they were', (_, command) => {
    const clinic = new Clinic({ people: 'W1 W2:WAITING W3:WAITING', rules: { waitlistMax: 1 } });
    clinic.cancel('W3');
    const before = snapshotOf(clinic.engine);
    expect(command(clinic).ok).toBe(false);
    expect(snapshotOf(clinic.engine)).toEqual(before);
    expect(accepted(clinic.book('E1')).value.token).toMatchObject({ arrival: 4, number: 4 });
  });
});

describe('R10 numbers count up per doctor and local day', () => {
  it('slots of one day share the count, another day starts at 1', () => {
    const clinic = withMoreSlots();
    const numberOf = (name: string, slot = clinic.slot.facts.id): number =>
      accepted(clinic.book(name, { slotId: slot })).value.token.number;
    const numbers = [numberOf('W1'), numberOf('W2', AFTERNOON), numberOf('W3', TOMORROW)];
    expect([...numbers, numberOf('W4')]).toEqual([1, 2, 1, 3]);
  });

  it('the number of a token that left is not used again', () => {
    const clinic = given(1);
    clinic.book('W1');
    clinic.cancel('W1');
    expect(accepted(clinic.book('W2')).value.token.number).toBe(2);
  });

  it('bump and promotion leave number and slot as they were printed', () => {
    const clinic = given(1);
    const printed = { number: 1, slot: clinic.slot };
    expect(accepted(clinic.book('W1')).changes).toMatchObject([{ number: 1, slotId: 'nine' }]);
    clinic.book('E1');
    expect(clinic.token('W1')).toMatchObject({ ...printed, status: 'WAITING' });
    clinic.cancel('E1');
    expect(clinic.token('W1')).toMatchObject({ ...printed, status: 'BOOKED' });
  });
});

describe('R15 one patient has one live token in a slot', () => {
  const asW1 = { patientId: patientId('W1') };

  it.each(['BOOKED', 'CHECKED_IN', 'IN_CONSULTATION', 'COMPLETED', 'WAITING'])(
    'a second booking beside a %s token names the first',
    (status) => {
      const again = given(1, `W1:${status}`).book('E1', asW1);
      expect(again).toEqual({ ok: false, refusal: { code: 'duplicate_booking', tokenId: 'W1' } });
    },
  );

  it('a bumped token is still the one token of its patient', () => {
    const clinic = given(1, 'W1');
    clinic.book('E1');
    expect(clinic.book('W2', asW1)).toMatchObject({ refusal: { tokenId: 'W1' } });
  });

  it.each(['cancel', 'noShow'] as const)('after a %s the patient may book again', (leave) => {
    const clinic = given(1, 'W1');
    clinic[leave]('W1');
    expect(clinic.book('W2', asW1).ok).toBe(true);
  });

  it('a patient may hold a token in each of two slots', () => {
    const clinic = withMoreSlots('W1');
    expect(clinic.book('W2', { ...asW1, slotId: AFTERNOON }).ok).toBe(true);
  });

  it('names alone never collide', () => {
    const clinic = given(3);
    const nameless = { patientId: null, patientName: 'Asha' };
    for (const name of ['W1', 'W2', 'W3']) expect(clinic.book(name, nameless).ok).toBe(true);
    clinic.cancel('W2');
    expect(clinic.board()).toBe('W1 W3 |');
  });
});

describe('R16 state, command and given time alone decide', () => {
  it('a client cannot hand a priority, an arrival or a number in', () => {
    const pushy = { priority: 1_000, arrival: -1, number: 7 } as Partial<Book>;
    const { token } = accepted(given(1, 'O1').book('W1', pushy)).value;
    expect(token).toMatchObject({ status: 'WAITING', arrival: 2, number: 2 });
    expect(token.patientClass).toEqual({ type: 'WALK_IN', priority: 20 });
  });

  it('a mistyped class stops at an assertion, it is not ranked below everyone', () => {
    const clinic = given(1);
    const before = snapshotOf(clinic.engine);
    const mistyped = { patientType: 'EMERGANCY' };
    expect(() => clinic.book('E1', mistyped)).toThrow('a command names a class of the table');
    expect(snapshotOf(clinic.engine)).toEqual(before);
  });

  it('the table of classes decides, also on one that a hospital added', () => {
    const classes = [...DEFAULT_CLASSES, { type: 'SENIOR_CITIZEN', priority: 70 }];
    const clinic = new Clinic({ people: 'F1', rules: { classes } });
    clinic.book('W1', { patientType: 'SENIOR_CITIZEN' });
    clinic.book('P1');
    expect(clinic.board()).toBe('P1 | W1 F1');
  });
});

describe('R17 every change is on record', () => {
  /** The records of a command, as `version kind token: from > to by cause`. */
  const recordsOf = (outcome: Outcome<unknown>): string[] =>
    accepted(outcome).changes.map((change) => {
      if (!('to' in change)) return change.kind;
      const { version, kind, tokenId: id, to } = change;
      const from = 'from' in change ? change.from : 'nothing';
      const cause = 'cause' in change ? change.cause : null;
      return `${version} ${kind} ${id}: ${from} > ${to} by ${String(cause)}`;
    });

  type Row = [fact: string, people: string, (clinic: Clinic) => Outcome<unknown>, string[]];
  it.each<Row>([
    [
      'a booking touches the newcomer alone',
      'E1',
      (clinic) => clinic.book('W1'),
      ['2 booked W1: nothing > WAITING by null'],
    ],
    [
      'a bump names the newcomer and stands before the booking',
      'W1:CHECKED_IN',
      (clinic) => clinic.book('E1'),
      ['2 bumped W1: CHECKED_IN > WAITING by E1', '3 booked E1: nothing > BOOKED by null'],
    ],
    [
      'a promotion names who cancelled',
      'W1 W2:WAITING',
      (clinic) => clinic.cancel('W1'),
      ['2 cancelled W1: BOOKED > CANCELLED by null', '3 promoted W2: WAITING > BOOKED by W1'],
    ],
    [
      'a promotion names who did not come',
      'W1:CHECKED_IN W2:WAITING:present',
      (clinic) => clinic.noShow('W1'),
      ['2 no_show W1: CHECKED_IN > NO_SHOW by null', '3 promoted W2: WAITING > CHECKED_IN by W1'],
    ],
    [
      'a waiter who leaves is the only one touched',
      'W1 W2:WAITING',
      (clinic) => clinic.cancel('W2'),
      ['2 cancelled W2: WAITING > CANCELLED by null'],
    ],
  ])('%s', (_, people, command, records) => {
    expect(recordsOf(command(given(1, people)))).toEqual(records);
  });

  it('a booking records who came, when, and what was given', () => {
    const clinic = given(1);
    const named = { patientName: 'Asha Rao', patientId: patientId('p-7') };
    const record = { ...named, kind: 'booked', doctorId: 'rao', version: 2, at: NOW };
    const givenTo = { tokenId: 'W1', slotId: 'nine', patientType: 'WALK_IN', priority: 20 };
    expect(accepted(clinic.book('W1', named)).changes).toEqual([
      {
        ...record,
        ...givenTo,
        arrival: 1,
        number: 1,
        bookedAt: NOW,
        to: 'BOOKED',
        hasCheckedIn: false,
      },
    ]);
    expect(clinic.token('W1')).toMatchObject({ ...named, id: 'W1', bookedAt: NOW });
  });

  it('an answered change stays as it was when a later command changes the token', () => {
    const clinic = given(1);
    const { changes } = accepted(clinic.book('W1'));
    const before = structuredClone(changes);
    clinic.book('E1');
    expect(changes).toEqual(before);
  });
});
