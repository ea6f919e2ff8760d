import { describe, expect, it } from 'vitest';
import { accepted, Clinic, clock, given, NOW } from '../support/engine/clinic.ts';
import { place } from '../support/engine/places.ts';
import { snapshotOf } from '../support/engine/snapshot.ts';
import { recordsOf, take, takeAll } from '../support/engine/steps.ts';

describe('R21 a skipped patient', () => {
  it.each(['CHECKED_IN', 'IN_CONSULTATION'])(
    'keeps seat, arrival and number, from %s',
    (status) => {
      const clinic = given(1, `W1:${status} W2:WAITING`);
      expect(recordsOf(clinic.skip('W1'))).toEqual(['skipped W1']);
      const unchanged = { arrival: 1, number: 1, hasCheckedIn: false };
      expect(clinic.token('W1')).toMatchObject({ ...unchanged, status: 'SKIPPED' });
      expect(clinic.board()).toBe('W1 | W2');
    },
  );

  it('is not called until the next check-in, and then by the same rank as before', () => {
    const clinic = given(2, 'F1:CHECKED_IN W1:CHECKED_IN');
    takeAll(clinic, 'skip F1, callNext, complete W1');
    expect(clinic.callNext()).toEqual({ ok: false, refusal: { code: 'nobody_waiting' } });
    const again = given(2, 'F1:SKIPPED W1:CHECKED_IN');
    take(again, 'checkIn F1');
    expect(accepted(again.callNext()).value.token.id).toBe('F1');
  });

  it('comes back as BOOKED after a bump and a promotion', () => {
    const clinic = given(1, 'W1:CHECKED_IN');
    takeAll(clinic, 'skip W1, book O1, cancel O1');
    expect(clinic.token('W1')).toMatchObject({ status: 'BOOKED', hasCheckedIn: false });
  });

  it.each(['IN_CONSULTATION', 'SKIPPED'])(
    'a no-show from %s needs no waiting for the start',
    (status) => {
      const clinic = given(1, `W1:${status} W2:WAITING`);
      const outcome = clinic.noShow('W1', NOW, false);
      expect(recordsOf(outcome)).toEqual(['no_show W1', 'promoted W2 by W1']);
    },
  );
});

/** A fact, the seats, the people, the command, and the board after it: `seated | waiting`. */
type Row = [fact: string, capacity: number, people: string, step: string, board: string];

describe('R3 a skipped patient may be bumped like a booked one', () => {
  it.each<Row>([
    ['by a higher class', 1, 'W1:SKIPPED', 'book O1', 'O1 | W1'],
    ['by no equal', 1, 'W1:SKIPPED', 'book W2', 'W1 | W2'],
    ['before a checked-in equal', 2, 'W1:SKIPPED W2:CHECKED_IN', 'book E1', 'E1 W2 | W1'],
    [
      'the latest arrival of booked and skipped equals',
      2,
      'W1:SKIPPED W2',
      'book F1',
      'F1 W1 | W2',
    ],
    ['also when the skipped one is later', 2, 'W1 W2:SKIPPED', 'book F1', 'F1 W1 | W2'],
    ['the lower class of a booked and a skipped one', 2, 'O1:SKIPPED W2', 'book F1', 'F1 O1 | W2'],
  ])('%s', (_, capacity, people, step, board) => {
    const clinic = given(capacity, people);
    take(clinic, step);
    expect(clinic.board()).toBe(board);
  });
});

describe('R12 fewer seats bump a skipped patient before a checked-in one', () => {
  it.each<Row>([
    ['of any class', 2, 'P1:SKIPPED W1:CHECKED_IN', 'capacity 1', 'W1 | P1'],
    ['the weaker of a booked and a skipped one', 2, 'P1:SKIPPED W1', 'capacity 1', 'P1 | W1'],
    ['but not an emergency', 2, 'E1:SKIPPED W1:CHECKED_IN', 'capacity 1', 'E1 | W1'],
  ])('%s', (_, capacity, people, step, board) => {
    const clinic = given(capacity, people);
    take(clinic, step);
    expect(clinic.board()).toBe(board);
  });
});

describe('R8 holds after a skip: the first waiting patient takes the seat of a lower class', () => {
  const seat = ['skipped W1', 'bumped W1 by F1', 'promoted F1 by W1'];
  type Case = [fact: string, people: string, records: string[]];

  it.each<Case>([
    ['of a higher class', 'W1:CHECKED_IN F1:WAITING', seat],
    ['from consultation too', 'W1:IN_CONSULTATION F1:WAITING', seat],
    ['the best rank of them', 'W1:CHECKED_IN O1:WAITING F1:WAITING', seat],
    ['no equal', 'W1:CHECKED_IN W2:WAITING', ['skipped W1']],
    ['no lower class', 'F1:CHECKED_IN W2:WAITING', ['skipped F1']],
  ])('%s', (_, people, records) => {
    const clinic = given(1, people);
    const [name = ''] = people.split(':');
    const outcome = clinic.skip(name);
    expect(recordsOf(outcome)).toEqual(records);
    const promoted = records.length > 1 ? clinic.token('F1') : null;
    expect(accepted(outcome).value).toEqual({ token: clinic.token(name), bumped: null, promoted });
  });

  it.each([
    ['closed', { closedReason: 'ill' }, NOW, []],
    ['ended, where it expires (R11)', {}, clock(10), ['expired F1']],
  ])('but not in a slot that is %s', (_, slot, at, more) => {
    const clinic = new Clinic({ people: 'W1:CHECKED_IN F1:WAITING', slot });
    expect(recordsOf(clinic.skip('W1', at))).toEqual(['skipped W1', ...more]);
  });
});

describe('R21 a call skips the current patient', () => {
  const skip = { current: 'skipped' } as const;

  it('and calls the next one', () => {
    const clinic = given(2, 'W1:IN_CONSULTATION W2:CHECKED_IN');
    const outcome = clinic.callNext(skip);
    expect(recordsOf(outcome)).toEqual(['skipped W1', 'started W2']);
    const value = { token: clinic.token('W2'), skipped: clinic.token('W1') };
    expect(accepted(outcome).value).toEqual({ ...value, completed: null, promoted: null });
  });

  it('calls the patient who gets the seat of the skipped one, if that is the best rank', () => {
    for (const people of ['W1:IN_CONSULTATION', 'W1:IN_CONSULTATION W2:CHECKED_IN']) {
      const clinic = given(people.split(' ').length, `${people} F1:WAITING:checked-in`);
      const outcome = clinic.callNext(skip);
      const seat = ['skipped W1', 'bumped W1 by F1', 'promoted F1 by W1'];
      expect(recordsOf(outcome)).toEqual([...seat, 'started F1']);
      expect(accepted(outcome).value.promoted).toBe(clinic.token('F1'));
    }
  });

  it.each<[fact: string, people: string]>([
    ['nobody is checked in', 'W1:IN_CONSULTATION F1:WAITING'],
    ['a checked-in patient waits who may not bump', 'F1:IN_CONSULTATION W1:WAITING:checked-in'],
  ])('and changes nothing when %s (R9)', (_, people) => {
    const clinic = given(1, people);
    const before = snapshotOf(clinic.engine);
    expect(clinic.callNext(skip)).toEqual({ ok: false, refusal: { code: 'nobody_waiting' } });
    expect(snapshotOf(clinic.engine)).toEqual(before);
  });

  it('and changes nothing when the one who would get the seat is of a slot that is not asked for (R9)', () => {
    const more = [place('ten', 'W9')];
    const clinic = new Clinic({ people: 'W1:IN_CONSULTATION F1:WAITING:checked-in', more });
    const before = snapshotOf(clinic.engine);
    const ten = clinic.slotOf('ten').facts.id;
    expect(clinic.callNext({ ...skip, slotId: ten })).toMatchObject({ ok: false });
    expect(snapshotOf(clinic.engine)).toEqual(before);
  });
});
