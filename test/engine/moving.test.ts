import { describe, expect, it } from 'vitest';
import { patientId, type EpochMs } from '../../src/engine/index.ts';
import { accepted, Clinic, clock, NOW, type Setup } from '../support/engine/clinic.ts';
import { place } from '../support/engine/places.ts';
import { snapshotOf } from '../support/engine/snapshot.ts';
import { recordsOf, takeAll } from '../support/engine/steps.ts';

describe('R13 a move leaves the old slot (R5) and arrives in the new one (R2-R4)', () => {
  type Row = [fact: string, nine: string, ten: string, steps: string, boards: [string, string]];
  const rows: Row[] = [
    ['takes a free seat', 'W1', '', 'move W1 ten', ['|', 'W1 |']],
    ['seats who waits in the old slot', 'W1 W2:WAITING', '', 'move W1 ten', ['W2 |', 'W1 |']],
    [
      'of a waiter seats nobody',
      'W1 W2:WAITING W3:WAITING',
      '',
      'move W2 ten',
      ['W1 | W3', 'W2 |'],
    ],
    ['waits behind its equals', 'W1', 'W2 W3:WAITING', 'move W1 ten', ['|', 'W2 | W3 W1']],
    ['bumps the weakest', 'P1', 'W1', 'move P1 ten', ['|', 'P1 | W1']],
    ['bumps nobody at the desk', 'P1', 'W1:CHECKED_IN', 'move P1 ten', ['|', 'W1 | P1']],
    ['of an emergency bumps them too', 'E1', 'W1:CHECKED_IN', 'move E1 ten', ['|', 'E1 | W1']],
    [
      'and back has lost the place',
      'W1 W2:WAITING W3:WAITING',
      '',
      'move W1 ten, move W1 nine',
      ['W2 | W3 W1', '|'],
    ],
  ];
  it.each(rows)('%s', (_, nine, ten, steps, boards) => {
    const clinic = new Clinic({ people: nine, more: [place('ten', ten)] });
    takeAll(clinic, steps);
    expect([clinic.board(), clinic.board('ten')]).toEqual(boards);
  });

  it('in an ended or a closed slot seats nobody who waits there', () => {
    for (const slot of [{ closedReason: 'ill' }, { startTime: clock(6), endTime: clock(7) }]) {
      const clinic = new Clinic({ people: 'W1 W2:WAITING', slot, more: [place('ten')] });
      expect(accepted(clinic.move('W1', 'ten')).value).toMatchObject({ promoted: null });
      expect([clinic.board(), clinic.board('ten')]).toEqual(['| W2', 'W1 |']);
    }
  });
});

describe('R13 what a patient takes along', () => {
  type Taken = { number: number; arrival: number; hasCheckedIn: boolean; status: string };
  it.each<[where: 'ten' | 'tue' | 'sen' | 'sentue', Taken]>([
    // On one doctor's day the number stays, on one date who is at the desk is still there.
    ['ten', { number: 1, arrival: 4, hasCheckedIn: true, status: 'CHECKED_IN' }],
    ['tue', { number: 2, arrival: 4, hasCheckedIn: false, status: 'BOOKED' }],
    ['sen', { number: 2, arrival: 3, hasCheckedIn: true, status: 'CHECKED_IN' }],
    ['sentue', { number: 2, arrival: 3, hasCheckedIn: false, status: 'BOOKED' }],
  ])('to %s: %j', (where, taken) => {
    const two = { capacity: 2 };
    const ofRao = [place('ten', 'W2', two), place('tue', 'W3', two)];
    const ofSen = [place('sen', 'F1', two), place('sentue', 'F2', two)];
    const clinic = new Clinic({ people: 'W1:CHECKED_IN', more: [...ofRao, ...ofSen] });
    const { token } = accepted(clinic.move('W1', where, clock(9))).value;
    const kept = { id: 'W1', patientName: 'W1', patientId: 'W1', bookedAt: NOW };
    expect(token).toMatchObject({ ...taken, ...kept });
    expect(token).toBe(clinic.token('W1'));
    expect(token.slot).toBe(clinic.slotOf(where));
    expect(clinic.board()).toBe('|');
  });

  it.each<[string, where: 'ten' | 'tue', status: string, hasCheckedIn: boolean]>([
    ['W1:WAITING:present', 'ten', 'CHECKED_IN', true],
    ['W1:WAITING:present', 'tue', 'BOOKED', false],
    ['W1:WAITING', 'ten', 'BOOKED', false],
  ])('%s comes to %s as %s', (person, where, status, hasCheckedIn) => {
    const clinic = new Clinic({ people: `E1 ${person}`, more: [place(where)] });
    expect(accepted(clinic.move('W1', where)).value.token).toMatchObject({ status, hasCheckedIn });
  });

  it('a number that was left behind is not used again (R10)', () => {
    const clinic = new Clinic({ more: [place('tue')] });
    for (const name of ['W1', 'W2']) clinic.book(name);
    clinic.move('W2', 'tue');
    clinic.move('W2', 'nine');
    expect(clinic.token('W2')).toMatchObject({ number: 3, arrival: 4 });
    expect(accepted(clinic.book('W3')).value.token).toMatchObject({ number: 4, arrival: 5 });
  });

  it('the patient may book again in the old slot, and not in the new one (R15)', () => {
    const clinic = new Clinic({ people: 'W1', more: [place('ten')] });
    clinic.move('W1', 'ten');
    const asW1 = { patientId: patientId('W1') };
    expect(clinic.book('W2', { ...asW1, slotId: clinic.slotOf('ten').facts.id })).toEqual({
      ok: false,
      refusal: { code: 'duplicate_booking', tokenId: 'W1' },
    });
    expect(clinic.book('W2', asW1).ok).toBe(true);
  });
});

describe('R17 a move is on record', () => {
  const between = (target: 'ten' | 'sen') =>
    new Clinic({ people: 'F1 W1:WAITING', more: [place(target, 'W2')] });

  it('with whom it promoted and whom it bumped, and names itself as the cause', () => {
    const clinic = between('ten');
    const outcome = clinic.move('F1', 'ten');
    expect(recordsOf(outcome)).toEqual([
      'moved_out F1',
      'promoted W1 by F1',
      'bumped W2 by F1',
      'moved_in F1',
    ]);
    const others = { bumped: clinic.token('W2'), promoted: clinic.token('W1') };
    expect(accepted(outcome).value).toEqual({ token: clinic.token('F1'), ...others });
  });

  it('each half in the order of its own doctor', () => {
    const clinic = between('sen');
    const half = accepted(clinic.move('F1', 'sen')).changes.map(({ doctorId, version }) => [
      doctorId,
      version,
    ]);
    expect(half).toEqual([
      ['rao', 2],
      ['rao', 3],
      ['sen', 2],
      ['sen', 3],
    ]);
  });

  it('with nobody beside the mover, where nobody else is touched', () => {
    const clinic = new Clinic({ people: 'W1', more: [place('ten')] });
    const { changes, value } = accepted(clinic.move('W1', 'ten'));
    expect(value).toMatchObject({ bumped: null, promoted: null });
    const facts = { tokenId: 'W1', doctorId: 'rao', at: NOW };
    const patient = { patientName: 'W1', patientId: 'W1', patientType: 'WALK_IN', priority: 20 };
    const entry = { number: 1, arrival: 2, bookedAt: NOW, to: 'BOOKED', hasCheckedIn: false };
    expect(changes).toEqual([
      { ...facts, kind: 'moved_out', version: 2, slotId: 'nine', from: 'BOOKED' },
      { ...facts, kind: 'moved_in', version: 3, slotId: 'ten', ...patient, ...entry },
    ]);
  });
});

describe('a move is refused for the first reason that applies, and the old place is kept', () => {
  const closed = { closedReason: 'ill' };
  type Row = [string, name: string, slot: string, code: string, at?: EpochMs, ten?: Setup['slot']];
  // Each row drops the first reason of the row before it.
  it.each<Row>([
    ['an unknown slot', 'X9', 'x', 'slot_not_found'],
    ['an unknown token', 'X9', 'ten', 'token_not_found', clock(11), closed],
    ['the own slot', 'W3', 'nine', 'duplicate_booking', clock(10)],
    ['a patient who is there', 'W1', 'ten', 'duplicate_booking', clock(11), closed],
    ['an ended slot', 'W3', 'ten', 'slot_ended', clock(11), closed],
    ['a closed slot', 'W3', 'ten', 'slot_closed', NOW, closed],
    ['a full waitlist', 'W3', 'ten', 'waitlist_full'],
    ['a patient with the doctor', 'E3', 'ten', 'invalid_transition'],
    ['a patient who was seen', 'E4', 'ten', 'invalid_transition'],
  ])('%s', (_, name, slot, code, at = NOW, ten = {}) => {
    const people = 'W1 W2:WAITING W3:IN_CONSULTATION E3:IN_CONSULTATION E4:COMPLETED';
    const clinic = new Clinic({
      people,
      slot: { capacity: 4 },
      rules: { waitlistMax: 2 },
      more: [place('ten', 'O1 O2:WAITING W9/W1:WAITING', ten)],
    });
    const before = snapshotOf(clinic.engine);
    expect(clinic.move(name, slot, at)).toMatchObject({ ok: false, refusal: { code } });
    expect(snapshotOf(clinic.engine)).toEqual(before);
  });
});
