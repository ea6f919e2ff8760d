import { describe, expect, it } from 'vitest';
import { doctorId, slotId, tokenId, type Change, type Outcome } from '../../src/engine/index.ts';
import {
  accepted,
  Clinic,
  clock,
  found,
  NOW,
  RULES,
  slotFacts,
  type Setup,
} from '../support/clinic.ts';
import { restored, snapshotOf } from '../support/snapshot.ts';

/** As after a cancel in a slot that had ended, when its end is put off: seats are free beside those who wait. */
const unended = (capacity: number, people: string, setup: Setup = {}): Clinic =>
  new Clinic({ ...setup, people, slot: { capacity, ...setup.slot } });

/** What a command did, in order: `promoted W2 for null`. */
const steps = (outcome: Outcome<unknown>): string[] =>
  accepted(outcome).changes.map((change: Change) => {
    if (change.kind === 'doctor_set' || change.kind === 'slot_set') return change.kind;
    return `${change.kind} ${change.tokenId} for ${'cause' in change ? String(change.cause) : 'itself'}`;
  });

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
    expect(steps(outcome)).toEqual(['promoted W2 for null', 'booked W3 for itself']);
    expect(before.board(slot)).toBe('W2 | W3');
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
      ['promoted W2 for null', 'booked W3 for itself'],
      'W1 W2 W3 |',
    ],
    [
      'may bump who has just been promoted',
      1,
      'W1:WAITING W2:WAITING',
      'F1',
      ['promoted W1 for null', 'bumped W1 for F1', 'booked F1 for itself'],
      'F1 | W1 W2',
    ],
    [
      'sees the best of those who wait promoted, as many as seats are free',
      2,
      'W1:WAITING W2:WAITING P1:WAITING',
      'W3',
      ['promoted P1 for null', 'promoted W1 for null', 'booked W3 for itself'],
      'P1 W1 | W2 W3',
    ],
  ])('%s', (_, capacity, people, newcomer, expected, board) => {
    const clinic = unended(capacity, people);
    const outcome = clinic.book(newcomer);
    expect(steps(outcome)).toEqual(expected);
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
      ['promoted W2 for null', 'cancelled W1 for null', 'promoted W3 for W1'],
      'W2 W3 | W4',
    ],
    [
      'the waitlist: who is due the seat gets it',
      'W1 W2:WAITING W3:WAITING',
      'W3',
      ['promoted W2 for null', 'cancelled W3 for null'],
      'W1 W2 |',
    ],
  ])('leaves %s', (_, people, leaves, expected, board) => {
    const clinic = unended(2, people);
    const outcome = clinic.cancel(leaves);
    expect(steps(outcome)).toEqual(expected);
    expect(versions(outcome)).toEqual(expected.map((_step, index) => index + 2));
    expect(clinic.board()).toBe(board);
  });

  it('promotes nobody when the command is refused (R9)', () => {
    const clinic = unended(1, 'W1:WAITING');
    expect(clinic.noShow('W1')).toMatchObject({ refusal: { code: 'invalid_transition' } });
    expect(clinic.board()).toBe('| W1');
  });
});

describe('filling the seats of a doctor', () => {
  const RAO = doctorId('rao');

  it('seats those who are due a seat, in every slot, once', () => {
    const clinic = unended(2, 'W1:WAITING W2:WAITING:present W3:WAITING');
    const later = slotFacts({ id: slotId('later'), startTime: clock(11), endTime: clock(12) });
    clinic.engine.restoreSlot(later, [
      {
        tokenId: tokenId('W4'),
        slotId: later.id,
        patientName: 'W4',
        patientId: null,
        patientType: 'WALK_IN',
        arrival: 4,
        number: 4,
        to: 'WAITING',
        present: false,
        at: NOW,
      },
    ]);
    const outcome = clinic.engine.fillSeats(RAO, NOW);
    expect(steps(outcome)).toEqual([
      'promoted W1 for null',
      'promoted W2 for null',
      'promoted W4 for null',
    ]);
    expect(versions(outcome)).toEqual([2, 3, 4]);
    expect(clinic.board()).toBe('W1 W2 | W3');
    expect(clinic.board(found(clinic.engine.slot(later.id)))).toBe('W4 |');
    expect(clinic.token('W2').status).toBe('CHECKED_IN');
    expect(steps(clinic.engine.fillSeats(RAO, NOW))).toEqual([]);
  });

  it.each<[string, Partial<Setup>, at: typeof NOW]>([
    ['a full slot', { people: 'W1 W2:WAITING' }, NOW],
    ['a slot that has ended', { people: 'W1:WAITING' }, clock(10)],
    ['a closed slot', { people: 'W1:WAITING', slot: { closedReason: 'ill' } }, NOW],
  ])('changes nothing in %s', (_, setup, at) => {
    expect(steps(new Clinic(setup).engine.fillSeats(RAO, at))).toEqual([]);
  });

  it('of nobody known is refused', () => {
    const outcome = new Clinic({}).engine.fillSeats(doctorId('sen'), NOW);
    expect(outcome).toEqual({ ok: false, refusal: { code: 'doctor_not_found' } });
  });
});
