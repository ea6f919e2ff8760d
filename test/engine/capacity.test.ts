import { describe, expect, it } from 'vitest';
import { doctorId, slotId } from '../../src/engine/index.ts';
import { accepted, Clinic, clock, given, NOW, RAO, TOMORROW } from '../support/engine/clinic.ts';
import { place } from '../support/engine/places.ts';
import { snapshotOf } from '../support/engine/snapshot.ts';
import { recordsOf } from '../support/engine/steps.ts';

describe('R12 more seats promote, fewer bump the weakest', () => {
  type Row = [
    fact: string,
    from: number,
    people: string,
    to: number,
    records: string,
    board: string,
  ];
  const rows: Row[] = [
    [
      'the first who wait are seated',
      1,
      'W1 W2:WAITING F1:WAITING W3:WAITING',
      3,
      'set, promoted F1, promoted W2',
      'F1 W1 W2 | W3',
    ],
    ['as many as there are', 1, 'W1 W2:WAITING', 9, 'set, promoted W2', 'W1 W2 |'],
    ['free seats are taken away first', 3, 'W1', 1, 'set', 'W1 |'],
    ['the lowest class gives way', 2, 'W1 F1', 1, 'bumped W1, set', 'F1 | W1'],
    ['among equals the latest', 3, 'W1 W2 W3', 1, 'bumped W3, bumped W2, set', 'W1 | W2 W3'],
    [
      'the absent before the weaker at the desk',
      2,
      'W1:CHECKED_IN P1',
      1,
      'bumped P1, set',
      'W1 | P1',
    ],
    [
      'those at the desk then, weakest first',
      3,
      'F1:CHECKED_IN W1:CHECKED_IN P1',
      1,
      'bumped P1, bumped W1, set',
      'F1 | P1 W1',
    ],
    [
      'an absent emergency after the weaker at the desk (R8)',
      2,
      'W1:CHECKED_IN E1',
      1,
      'bumped W1, set',
      'E1 | W1',
    ],
    [
      'and after other absent ones',
      3,
      'W1:CHECKED_IN E1 P1',
      1,
      'bumped P1, bumped W1, set',
      'E1 | P1 W1',
    ],
    ['but before an emergency at the desk', 2, 'E2:CHECKED_IN E1', 1, 'bumped E1, set', 'E2 | E1'],
    [
      'never who is with the doctor or was seen',
      3,
      'W1:COMPLETED W2:IN_CONSULTATION E1',
      2,
      'bumped E1, set',
      'W1 W2 | E1',
    ],
    ['the same number changes nothing', 1, 'W1 W2:WAITING', 1, '', 'W1 | W2'],
  ];
  it.each(rows)('%s', (_, from, people, capacity, records, board) => {
    const clinic = given(from, people);
    const outcome = clinic.reviseSlot({ capacity });
    const expected = records.replace('set', 'slot_set nine').split(', ').filter(Boolean);
    expect(recordsOf(outcome)).toEqual(expected);
    expect(clinic.board()).toBe(board);
    const named = (kind: string) =>
      expected.filter((record) => record.startsWith(kind)).map((record) => record.slice(-2));
    const { bumped, promoted, slot } = accepted(outcome).value;
    const told = [bumped, promoted].map((tokens) => tokens.map(({ id }) => id));
    expect(told).toEqual([named('bumped'), named('promoted')]);
    expect(slot).toBe(clinic.slot);
    expect(slot.facts.capacity).toBe(capacity);
  });

  it('whoever is bumped finds room on a full waitlist, and keeps arrival, number and presence', () => {
    const people = 'W1:CHECKED_IN W2:CHECKED_IN W3:WAITING';
    const clinic = new Clinic({ people, slot: { capacity: 2 }, rules: { waitlistMax: 1 } });
    clinic.reviseSlot({ capacity: 1 });
    expect(clinic.board()).toBe('W1 | W2 W3');
    const kept = { status: 'WAITING', arrival: 2, number: 2, hasCheckedIn: true };
    expect(clinic.token('W2')).toMatchObject(kept);
  });

  it('those who cannot be bumped must fit', () => {
    const clinic = given(3, 'W1:COMPLETED W2:IN_CONSULTATION W3:CHECKED_IN');
    const before = snapshotOf(clinic.engine);
    const refusal = { code: 'capacity_below_seated', count: 2 };
    expect(clinic.reviseSlot({ capacity: 1 })).toEqual({ ok: false, refusal });
    expect(snapshotOf(clinic.engine)).toEqual(before);
  });
});

describe('a slot is revised unless', () => {
  const closed = { closedReason: 'ill' };
  it.each([
    ['it is not known', { slotId: slotId('x') }, closed, 'slot_not_found'],
    ['it has ended', { at: clock(10) }, closed, 'slot_ended'],
    ['it is closed', {}, closed, 'slot_closed'],
    ['those who stay do not fit', {}, {}, 'capacity_below_seated'],
  ])('%s', (_, command, facts, code) => {
    const slot = { capacity: 2, ...facts };
    const clinic = new Clinic({ people: 'W1:COMPLETED W2:COMPLETED', slot });
    const before = snapshotOf(clinic.engine);
    const outcome = clinic.reviseSlot({ capacity: 1, delayMinutes: 5, ...command });
    expect(outcome).toMatchObject({ ok: false, refusal: { code } });
    expect(snapshotOf(clinic.engine)).toEqual(before);
  });
});

describe('the delay of a slot', () => {
  it('puts its end off (R11), and leaves the seats', () => {
    const clinic = given(1, 'W1');
    expect(recordsOf(clinic.reviseSlot({ delayMinutes: 20 }))).toEqual(['slot_set nine']);
    expect(clinic.slot.facts).toMatchObject({ delayMinutes: 20, capacity: 1 });
    expect(clinic.book('W2', { at: clock(10, 19) }).ok).toBe(true);
    expect(clinic.book('W3', { at: clock(10, 20) })).toMatchObject({
      refusal: { code: 'slot_ended' },
    });
  });

  it('can be taken back, which may end the slot: then nobody is promoted', () => {
    const clinic = new Clinic({ people: 'W1 W2:WAITING', slot: { delayMinutes: 20 } });
    const command = { capacity: 2, delayMinutes: 0, at: clock(10, 10) };
    expect(recordsOf(clinic.reviseSlot(command))).toEqual(['slot_set nine']);
    expect(clinic.board()).toBe('W1 | W2');
  });

  it('stays when only the seats are revised, and the same delay is no change', () => {
    const clinic = new Clinic({ slot: { delayMinutes: 20 } });
    clinic.reviseSlot({ capacity: 2 });
    expect(clinic.slot.facts).toMatchObject({ delayMinutes: 20, capacity: 2 });
    expect(recordsOf(clinic.reviseSlot({ delayMinutes: 20 }))).toEqual([]);
  });
});

describe('the delay of a day', () => {
  const early = { startTime: clock(6), endTime: clock(7) };
  const clinic = (): Clinic => new Clinic({ more: [place('ten'), place('tue'), place('sen')] });

  it("is that of the doctor's slots of the date, in time order", () => {
    const day = clinic();
    const outcome = day.delayDay({ minutes: 30 });
    expect(recordsOf(outcome)).toEqual(['slot_set nine', 'slot_set ten']);
    expect(accepted(outcome).value).toEqual([day.slotOf('nine'), day.slotOf('ten')]);
    const delays = ['nine', 'ten', 'tue', 'sen'].map((id) => day.slotOf(id).facts.delayMinutes);
    expect(delays).toEqual([30, 30, 0, 0]);
    expect(recordsOf(day.delayDay({ date: TOMORROW, minutes: 5 }))).toEqual(['slot_set tue']);
  });

  it('replaces the delay there was, and names slots that have it already without a record', () => {
    const day = clinic();
    day.reviseSlot({ delayMinutes: 30 });
    const outcome = day.delayDay({ minutes: 30 });
    expect(recordsOf(outcome)).toEqual(['slot_set ten']);
    expect(accepted(outcome).value).toHaveLength(2);
    expect(recordsOf(day.delayDay({ minutes: 0 }))).toEqual(['slot_set nine', 'slot_set ten']);
  });

  it('leaves slots that are closed or have ended', () => {
    const more = [
      place('ten', '', { closedReason: 'ill' }),
      place('sen', '', { ...early, doctorId: RAO }),
    ];
    const day = new Clinic({ more });
    expect(recordsOf(day.delayDay({ minutes: 30 }))).toEqual(['slot_set nine']);
    expect(recordsOf(day.delayDay({ minutes: 10, at: clock(10, 29) }))).toEqual(['slot_set nine']);
    expect(accepted(day.delayDay({ minutes: 30, at: clock(10, 10) }))).toMatchObject({
      changes: [],
      value: [],
    });
  });

  it('of a doctor nobody knows is refused', () => {
    const outcome = clinic().delayDay({ doctorId: doctorId('x'), at: NOW });
    expect(outcome).toEqual({ ok: false, refusal: { code: 'doctor_not_found' } });
  });
});
