import { describe, expect, it } from 'vitest';
import { doctorId, tokenId, type Outcome } from '../../src/engine/index.ts';
import {
  accepted,
  boardOf,
  Clinic,
  clock,
  found,
  NOW,
  RULES,
  type Setup,
} from '../support/engine/clinic.ts';
import { place } from '../support/engine/places.ts';
import { recordsOf, take } from '../support/engine/steps.ts';
import { restored, snapshotOf } from '../support/engine/snapshot.ts';

/** As after a cancel in a slot that had ended, when its end is put off: seats are free beside those who wait. */
const unended = (capacity: number, people: string, setup: Setup = {}): Clinic =>
  new Clinic({ ...setup, people, slot: { capacity, ...setup.slot } });

const versions = (outcome: Outcome<unknown>): number[] =>
  accepted(outcome).changes.map(({ version }) => version);

describe('a newcomer beside a waiter and a free seat', () => {
  it('comes after the waiter when a longer grace opens the slot again (R5, R8)', () => {
    const before = new Clinic({ people: 'W1 W2:WAITING' });
    before.cancel('W1', clock(10));
    expect(before.board()).toBe('| W2');
    const after = restored(snapshotOf(before.engine), { ...RULES, graceMinutes: 60 });
    const slot = found(after.slot(before.slot.facts.id));
    const outcome = after.book({
      doctorId: doctorId('rao'),
      slotId: slot.facts.id,
      tokenId: tokenId('W3'),
      patientName: 'W3',
      patientId: null,
      patientType: 'WALK_IN',
      at: clock(10, 30),
    });
    expect(recordsOf(outcome)).toEqual(['promoted W2', 'booked W3']);
    expect(boardOf(slot)).toBe('W2 | W3');
  });

  it('comes after the waiter when the clock is put right', () => {
    const clinic = new Clinic({ people: 'W1 W2:WAITING' });
    clinic.cancel('W1', clock(10));
    clinic.book('W3', { at: NOW });
    expect(clinic.board()).toBe('W2 | W3');
  });

  it.each<
    [string, capacity: number, people: string, newcomer: string, steps: string[], board: string]
  >([
    [
      'takes a seat that is left',
      3,
      'W1 W2:WAITING',
      'W3',
      ['promoted W2', 'booked W3'],
      'W1 W2 W3 |',
    ],
    [
      'may bump who has just been promoted',
      1,
      'W1:WAITING W2:WAITING',
      'F1',
      ['promoted W1', 'bumped W1 by F1', 'booked F1'],
      'F1 | W1 W2',
    ],
    [
      'sees the best of those who wait promoted, as many as seats are free',
      2,
      'W1:WAITING W2:WAITING P1:WAITING',
      'W3',
      ['promoted P1', 'promoted W1', 'booked W3'],
      'P1 W1 | W2 W3',
    ],
  ])('%s', (_, capacity, people, newcomer, expected, board) => {
    const clinic = unended(capacity, people);
    const outcome = clinic.book(newcomer);
    expect(recordsOf(outcome)).toEqual(expected);
    expect(versions(outcome)).toEqual(expected.map((_step, index) => index + 2));
    expect(clinic.board()).toBe(board);
  });

  it('finds room on a waitlist that has just been left, however long it is', () => {
    const clinic = unended(1, 'W1:WAITING W2:WAITING W3:WAITING', { rules: { waitlistMax: 1 } });
    expect(clinic.book('W4').ok).toBe(true);
    expect(clinic.book('W5')).toMatchObject({ refusal: { code: 'waitlist_full' } });
    expect(clinic.board()).toBe('W1 | W2 W3 W4');
  });

  it.each<[string, Partial<Setup>, object, code: string]>([
    ['of one who waits already', {}, { patientId: 'W1' }, 'duplicate_booking'],
    ['after the end', {}, { at: clock(10) }, 'slot_ended'],
    ['in a closed slot', { slot: { closedReason: 'ill' } }, {}, 'slot_closed'],
  ])('a refused booking %s promotes nobody (R9)', (_, setup, command, code) => {
    const clinic = unended(1, 'W1:WAITING', setup);
    const before = snapshotOf(clinic.engine);
    expect(clinic.book('W2', command)).toMatchObject({ refusal: { code } });
    expect(snapshotOf(clinic.engine)).toEqual(before);
  });
});

describe('a patient who leaves beside a waiter and a free seat', () => {
  it.each<[string, people: string, leaves: string, steps: string[], board: string]>([
    [
      'a seat: the free one is filled too, and the cause of each promotion is its own',
      'W1 W2:WAITING W3:WAITING W4:WAITING',
      'W1',
      ['promoted W2', 'cancelled W1', 'promoted W3 by W1'],
      'W2 W3 | W4',
    ],
    [
      'the waitlist: who is due the seat gets it',
      'W1 W2:WAITING W3:WAITING',
      'W3',
      ['promoted W2', 'cancelled W3'],
      'W1 W2 |',
    ],
  ])('leaves %s', (_, people, leaves, expected, board) => {
    const clinic = unended(2, people);
    const outcome = clinic.cancel(leaves);
    expect(recordsOf(outcome)).toEqual(expected);
    expect(versions(outcome)).toEqual(expected.map((_step, index) => index + 2));
    expect(clinic.board()).toBe(board);
  });

  it('promotes nobody when the command is refused (R9)', () => {
    const clinic = unended(1, 'W1:WAITING');
    expect(clinic.noShow('W1')).toMatchObject({ refusal: { code: 'invalid_transition' } });
    expect(clinic.board()).toBe('| W1');
  });
});

describe('any other command beside a waiter and a free seat', () => {
  const both = 'promoted W1, promoted W8';
  it.each<[step: string, records: string, boards: [string, string]]>([
    [
      'move W2 ten',
      'promoted W1, promoted W8, moved_out W2, moved_in W2',
      ['W1 | W3', 'W8 | W9 W2'],
    ],
    [
      'move W1 ten',
      `${both}, moved_out W1, promoted W2 by W1, moved_in W1`,
      ['W2 | W3', 'W8 | W9 W1'],
    ],
    ['reclassify W1 F', 'promoted W1, reclassified W1', ['W1 | W2 W3', '| W8 W9']],
    ['capacity 2', 'promoted W1, slot_set nine, promoted W2', ['W1 W2 | W3', '| W8 W9']],
    ['close', 'slot_set nine, cancelled W1, cancelled W2, cancelled W3', ['|', '| W8 W9']],
    [
      'close ten',
      'promoted W8, slot_set nine, moved_out W1, moved_in W1, moved_out W2, moved_in W2, moved_out W3, moved_in W3',
      ['|', 'W8 | W1 W2 W3 W9'],
    ],
  ])('%s seats the waiter first: %s', (step, records, boards) => {
    const more = [place('ten', 'W8:WAITING W9:WAITING')];
    const clinic = unended(1, 'W1:WAITING W2:WAITING W3:WAITING', { more });
    expect(recordsOf(take(clinic, step)).join(', ')).toBe(records);
    expect([clinic.board(), clinic.board('ten')]).toEqual(boards);
  });

  it('a delay of the day seats the waiter first', () => {
    const clinic = unended(1, 'W1:WAITING W2:WAITING');
    expect(recordsOf(clinic.delayDay({ minutes: 5 }))).toEqual(['promoted W1', 'slot_set nine']);
  });
});

describe('filling the seats of a doctor', () => {
  it('seats those who are due a seat, in every slot, once', () => {
    const people = 'W1:WAITING W2:WAITING:present W3:WAITING';
    const clinic = unended(2, people, { more: [place('ten', 'W4:WAITING')] });
    const outcome = clinic.passTime(NOW);
    expect(recordsOf(outcome)).toEqual(['promoted W1', 'promoted W2', 'promoted W4']);
    expect(versions(outcome)).toEqual([2, 3, 4]);
    expect(clinic.board()).toBe('W1 W2 | W3');
    expect(clinic.board('ten')).toBe('W4 |');
    expect(clinic.token('W2').status).toBe('CHECKED_IN');
    expect(recordsOf(clinic.passTime(NOW))).toEqual([]);
  });

  it.each<[string, Partial<Setup>, at: typeof NOW]>([
    ['a full slot', { people: 'W1 W2:WAITING' }, NOW],
    ['a closed slot', { people: 'W1:WAITING', slot: { closedReason: 'ill' } }, NOW],
  ])('changes nothing in %s', (_, setup, at) => {
    expect(recordsOf(new Clinic(setup).passTime(at))).toEqual([]);
  });

  it('of nobody known is refused', () => {
    const outcome = new Clinic({}).passTime(NOW, doctorId('das'));
    expect(outcome).toEqual({ ok: false, refusal: { code: 'doctor_not_found' } });
  });
});
