import { describe, expect, it } from 'vitest';
import {
  NEW_SESSION,
  sessionId,
  slotId,
  type ClosedSlot,
  type Outcome,
} from '../../src/engine/index.ts';
import {
  accepted,
  Clinic,
  clock,
  doctorFacts,
  given,
  NOW,
  slotFacts,
  type Setup,
} from '../support/engine/clinic.ts';
import { place } from '../support/engine/places.ts';
import { snapshotOf } from '../support/engine/snapshot.ts';
import { recordsOf, takeAll } from '../support/engine/steps.ts';

/** The outcome for each patient, in the order of the answer: `W1 moved BOOKED`. */
const outcomesOf = (outcome: Outcome<ClosedSlot>): string[] =>
  accepted(outcome).value.affected.map(
    (each) => `${each.token.id} ${each.outcome} ${each.token.status}`,
  );

const ALL = 'W1 O1:CHECKED_IN W2:IN_CONSULTATION W3:COMPLETED E1:WAITING W4:WAITING';

describe('closing a slot without another to move to', () => {
  it('cancels every patient who has not been seen, leaves the one in consultation, and promotes no token', () => {
    const clinic = given(4, ALL);
    const outcome = clinic.closeSlot();
    expect(outcomesOf(outcome)).toEqual([
      'E1 cancelled_by_hospital CANCELLED',
      'O1 cancelled_by_hospital CANCELLED',
      'W1 cancelled_by_hospital CANCELLED',
      'W2 stays IN_CONSULTATION',
      'W4 cancelled_by_hospital CANCELLED',
    ]);
    expect(recordsOf(outcome)).toEqual([
      'slot_set nine',
      ...['E1', 'O1', 'W1', 'W4'].map((name) => `cancelled ${name}`),
    ]);
    expect(clinic.board()).toBe('W2 W3 |');
    expect(accepted(outcome).value).toMatchObject({ slot: clinic.slot, bumped: [] });
    expect(clinic.slot.facts.closedReason).toBe('ill');
  });

  it('refuses bookings, moves and revisions there from then on; a consultation can be completed', () => {
    const clinic = new Clinic({ people: ALL, slot: { capacity: 4 }, more: [place('ten', 'F1')] });
    clinic.closeSlot();
    const codes = ['book W9', 'move F1 nine', 'capacity 5', 'close'].map((step) =>
      takeAll(clinic, step),
    );
    expect(codes).toEqual(codes.map(() => ({ ok: false, refusal: { code: 'slot_closed' } })));
    expect(recordsOf(clinic.complete('W2'))).toEqual(['completed W2']);
  });
});

describe('R13 closing a slot with another to move to', () => {
  it('moves every patient who has not been seen, in rank order, and answers their new places', () => {
    const clinic = new Clinic({
      people: ALL,
      slot: { capacity: 4 },
      more: [place('ten', '', { capacity: 2 })],
    });
    const outcome = clinic.closeSlot('ten');
    expect(outcomesOf(outcome)).toEqual([
      'E1 moved BOOKED',
      'O1 moved CHECKED_IN',
      'W1 moved WAITING',
      'W2 stays IN_CONSULTATION',
      'W4 moved WAITING',
    ]);
    expect(recordsOf(outcome)).toEqual([
      'slot_set nine',
      ...['E1', 'O1', 'W1', 'W4'].flatMap((name) => [`moved_out ${name}`, `moved_in ${name}`]),
    ]);
    expect([clinic.board(), clinic.board('ten')]).toEqual(['W2 W3 |', 'E1 O1 | W1 W4']);
    const { affected } = accepted(outcome).value;
    expect(affected[0]?.token).toBe(clinic.token('E1'));
  });

  it('a session as the target means its next slot that starts no earlier than the closed one', () => {
    const session = sessionId('rounds');
    const facts = { sessionId: session };
    const clinic = new Clinic({
      people: 'W9',
      slot: { ...facts, startTime: clock(8) },
      more: [place('ten', 'W1', facts)],
    });
    const weekdays = ['mon', 'tue'] as const;
    const times = { start: '10:00', end: '11:00', capacity: 1 };
    const rounds = { ...NEW_SESSION, id: session, weekdays, ...times };
    const tuesday = slotFacts(place('tue', '', facts).slot);
    clinic.engine.putDoctor(doctorFacts({ sessions: [rounds] }), [tuesday], NOW);
    const close = { slotId: slotId('ten'), reason: 'ill', moveTo: slotId('rounds'), at: NOW };
    expect(outcomesOf(clinic.engine.closeSlot(close))).toEqual(['W1 moved BOOKED']);
    expect(clinic.token('W1').slot.facts.id).toBe('tue');
    const last = { ...close, slotId: slotId('tue') };
    expect(clinic.engine.closeSlot(last)).toEqual({
      ok: false,
      refusal: { code: 'slot_not_found' },
    });
  });

  it.each<[fact: string, people: string, target: 'ten' | 'sen', there: string, board: string]>([
    [
      'arrivals are kept within the doctor (R7): ahead of later equals',
      'W1',
      'ten',
      'P1 W2:WAITING',
      'P1 | W1 W2',
    ],
    ['a seated token in the target stays seated among equals', 'W1', 'ten', 'W2', 'W2 | W1'],
    [
      'arrivals are new with another doctor: behind equals',
      'W1',
      'sen',
      'P1 W2:WAITING',
      'P1 | W2 W1',
    ],
    [
      'with another doctor the patients arrive in rank order',
      'W1 W2:WAITING E1 F1:WAITING',
      'sen',
      'E2',
      'E2 | E1 F1 W1 W2',
    ],
  ])('%s', (_, people, target, there, board) => {
    const clinic = new Clinic({ people, slot: { capacity: 2 }, more: [place(target, there)] });
    clinic.closeSlot(target);
    expect(clinic.board(target)).toBe(board);
  });

  it.each([
    ['ten', { number: 2, arrival: 2, hasCheckedIn: true, status: 'CHECKED_IN' }],
    ['tue', { number: 1, arrival: 2, hasCheckedIn: false, status: 'BOOKED' }],
    ['sen', { number: 1, arrival: 1, hasCheckedIn: true, status: 'CHECKED_IN' }],
  ] as const)('to %s a checked-in patient moves with %j (R10)', (where, taken) => {
    const people = 'W9:COMPLETED W1:CHECKED_IN';
    const clinic = new Clinic({ people, slot: { capacity: 2 }, more: [place(where)] });
    clinic.closeSlot(where, { at: clock(9) });
    expect(clinic.token('W1')).toMatchObject({ ...taken, bookedAt: NOW });
  });

  it('bumps weaker tokens there, and names them (R3)', () => {
    const clinic = new Clinic({ people: 'F1 E1:WAITING', more: [place('ten', 'W1')] });
    const outcome = clinic.closeSlot('ten');
    expect(recordsOf(outcome).slice(1)).toEqual([
      'moved_out E1',
      'bumped W1 by E1',
      'moved_in E1',
      'moved_out F1',
      'moved_in F1',
    ]);
    expect(accepted(outcome).value.bumped).toEqual([clinic.token('W1')]);
    expect(clinic.board('ten')).toBe('E1 | F1 W1');
  });

  it('moves patients also onto a full waitlist (R4)', () => {
    const clinic = new Clinic({
      people: 'W1 W2:WAITING',
      rules: { waitlistMax: 1 },
      more: [place('ten', 'W3 W4:WAITING')],
    });
    clinic.closeSlot('ten');
    expect(clinic.board('ten')).toBe('W3 | W1 W2 W4');
  });

  it('cancels a patient who has a token there already (R15)', () => {
    const clinic = new Clinic({ people: 'W1 W2:WAITING', more: [place('ten', 'F1/W1')] });
    const outcome = clinic.closeSlot('ten');
    const expected = ['W1 cancelled_by_hospital CANCELLED', 'W2 moved WAITING'];
    expect(outcomesOf(outcome)).toEqual(expected);
    expect(clinic.board('ten')).toBe('F1 | W2');
  });
});

describe('a closing is refused for the first reason that applies, and changes nothing (R9)', () => {
  const closed = { closedReason: 'ill' };
  const over = { startTime: clock(6), endTime: clock(7) };
  type Row = [
    string,
    slot: string,
    target: string | null,
    code: string,
    nine?: Setup['slot'],
    ten?: Setup['slot'],
  ];
  it.each<Row>([
    ['an unknown slot', 'x', 'ten', 'slot_not_found', over, closed],
    ['an unknown target', 'nine', 'x', 'slot_not_found', { ...over, ...closed }],
    ['an ended slot', 'nine', 'ten', 'slot_ended', over, closed],
    ['an ended target', 'nine', 'ten', 'slot_ended', closed, over],
    ['an ended slot without a target', 'nine', null, 'slot_ended', { ...over, ...closed }],
    ['a closed slot', 'nine', 'ten', 'slot_closed', closed],
    ['a closed target', 'nine', 'ten', 'slot_closed', {}, closed],
    ['the slot itself as the target', 'nine', 'nine', 'slot_closed'],
  ])('%s', (_, slot, target, code, nine = {}, ten = {}) => {
    const clinic = new Clinic({ people: 'W1', slot: nine, more: [place('ten', 'W2', ten)] });
    const before = snapshotOf(clinic.engine);
    const outcome = clinic.closeSlot(target, { slotId: slotId(slot) });
    expect(outcome).toEqual({ ok: false, refusal: { code } });
    expect(snapshotOf(clinic.engine)).toEqual(before);
  });
});
