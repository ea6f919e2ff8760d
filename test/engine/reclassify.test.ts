import { describe, expect, it } from 'vitest';
import {
  DEFAULT_CLASSES,
  tokenId,
  type AllocationEngine,
  type Token,
} from '../../src/engine/index.ts';
import { accepted, Clinic, clock, found, given, NOW, RULES } from '../support/engine/clinic.ts';
import { restored, snapshotOf } from '../support/engine/snapshot.ts';
import { recordsOf, take } from '../support/engine/steps.ts';

/** A fact, the seats, the people in the slot, the command, its records of other tokens, and the board after it. */
type Row = [
  fact: string,
  capacity: number,
  people: string,
  step: string,
  others: string,
  board: string,
];

const hold = (rows: Row[]): void =>
  it.each(rows)('%s', (_, capacity, people, step, others, board) => {
    const clinic = given(capacity, people);
    const records = recordsOf(take(clinic, step));
    const name = step.split(' ')[1];
    expect(records).toEqual([
      `reclassified ${String(name)}`,
      ...others.split(', ').filter(Boolean),
    ]);
    expect(clinic.board()).toBe(board);
  });

describe('R14 a higher class', () => {
  const queue = 'E1 W1:WAITING W2:WAITING F1:WAITING';
  const bumped = 'bumped W1 by W2, promoted W2 by W1';
  hold([
    ['takes the weakest seat', 1, 'W1 W2:WAITING', 'reclassify W2 O', bumped, 'W2 | W1'],
    [
      'of an emergency, also of a checked-in token',
      1,
      'W1:CHECKED_IN W2:WAITING',
      'reclassify W2 E',
      bumped,
      'W2 | W1',
    ],
    [
      'takes no seat of a checked-in token for a lower class than emergency',
      1,
      'W1:CHECKED_IN W2:WAITING',
      'reclassify W2 P',
      '',
      'W1 | W2',
    ],
    ['takes no seat of an equal', 1, 'O1 W1:WAITING', 'reclassify W1 O', '', 'O1 | W1'],
    [
      'takes no seat of a patient in consultation',
      1,
      'W1:IN_CONSULTATION W2:WAITING',
      'reclassify W2 E',
      '',
      'W1 | W2',
    ],
    [
      'changes the place on the waitlist, by arrival among equals (R7)',
      1,
      queue,
      'reclassify W2 F',
      '',
      'E1 | W2 F1 W1',
    ],
    [
      'of a seated patient touches no other token',
      2,
      'O1 W1 W2:WAITING',
      'reclassify W1 E',
      '',
      'W1 O1 | W2',
    ],
  ]);
});

describe('R14 a lower class', () => {
  const down = 'reclassify P1 W';
  const lost = 'bumped P1 by F1, promoted F1 by P1';
  hold([
    [
      'loses the seat to the first waiting token of higher class',
      1,
      'P1 F1:WAITING F2:WAITING',
      down,
      lost,
      'F1 | F2 P1',
    ],
    [
      'keeps the seat while the class is higher than the waiting ones',
      1,
      'P1 W1:WAITING',
      'reclassify P1 O',
      '',
      'P1 | W1',
    ],
    ['keeps the seat among equals', 1, 'P1 W1:WAITING', down, '', 'P1 | W1'],
    ['keeps the seat after a check-in', 1, 'P1:CHECKED_IN F1:WAITING', down, '', 'P1 | F1'],
    [
      'loses the seat after a check-in to an emergency',
      1,
      'E1:CHECKED_IN E2:WAITING',
      'reclassify E1 W',
      'bumped E1 by E2, promoted E2 by E1',
      'E2 | E1',
    ],
    [
      'of a waiting token loses places on the waitlist',
      1,
      'E1 P1:WAITING F1:WAITING',
      down,
      '',
      'E1 | F1 P1',
    ],
  ]);
});

describe('R14 any class', () => {
  it('does not change arrival, number, check-in, patient and booking time', () => {
    const clinic = given(1, 'P1:CHECKED_IN E1:WAITING W1:WAITING:checked-in');
    const kept = ({ arrival, number, hasCheckedIn, patientId, bookedAt, slot }: Token) => ({
      arrival,
      number,
      hasCheckedIn,
      patientId,
      bookedAt,
      slot,
    });
    const before = kept(clinic.token('W1'));
    clinic.reclassify('W1', 'E', clock(9));
    expect(kept(clinic.token('W1'))).toEqual(before);
  });

  it.each([
    ['a slot that has ended', {}, clock(10), ['expired W2'], 'W1 |'],
    ['a closed slot', { closedReason: 'ill' }, NOW, [], 'W1 | W2'],
  ])('bumps and promotes no token in %s (R11)', (_, slot, at, more, board) => {
    const clinic = new Clinic({ people: 'W1 W2:WAITING', slot });
    expect(recordsOf(clinic.reclassify('W2', 'E', at))).toEqual(['reclassified W2', ...more]);
    expect(clinic.board()).toBe(board);
    expect(clinic.token('W2').patientClass.type).toBe('EMERGENCY');
  });

  it('is recorded with the new class (R17)', () => {
    const { changes } = accepted(given(1, 'W1').reclassify('W1', 'F', clock(9)));
    const facts = { kind: 'reclassified', doctorId: 'rao', version: 2, at: clock(9) };
    const token = { tokenId: 'W1', slotId: 'nine', from: 'BOOKED' };
    expect(changes).toEqual([{ ...facts, ...token, patientType: 'FOLLOW_UP', priority: 60 }]);
  });

  it('is answered with the other token that lost or got a seat', () => {
    const up = given(1, 'W1 W2:WAITING');
    const [first, second] = [up.token('W1'), up.token('W2')];
    const raised = accepted(up.reclassify('W2', 'E')).value;
    expect(raised).toEqual({ token: second, bumped: first, promoted: null });
    const lowered = accepted(up.reclassify('W2', 'W')).value;
    expect(lowered).toEqual({ token: second, bumped: null, promoted: null });
    const down = given(1, 'P1 F1:WAITING');
    expect(accepted(down.reclassify('P1', 'W')).value).toEqual({
      token: down.token('P1'),
      bumped: null,
      promoted: down.token('F1'),
    });
  });
});

describe('a reclassification that changes nothing', () => {
  it('is accepted without a record when the class is the same (R9)', () => {
    const clinic = given(1, 'W1');
    const before = snapshotOf(clinic.engine);
    const token = clinic.token('W1');
    expect(clinic.reclassify('W1', 'W')).toEqual({
      ok: true,
      changes: [],
      value: { token, bumped: null, promoted: null },
    });
    expect(snapshotOf(clinic.engine)).toEqual(before);
  });

  it.each([
    ['X1', { code: 'token_not_found' }],
    [
      'W1',
      {
        code: 'invalid_transition',
        from: 'IN_CONSULTATION',
        allowed: ['COMPLETED', 'SKIPPED', 'NO_SHOW'],
      },
    ],
    ['W2', { code: 'invalid_transition', from: 'COMPLETED', allowed: [] }],
  ])('of %s is refused: %j (R9)', (name, refusal) => {
    const clinic = given(2, 'W1:IN_CONSULTATION W2:COMPLETED');
    const before = snapshotOf(clinic.engine);
    expect(clinic.reclassify(name, 'E')).toEqual({ ok: false, refusal });
    expect(snapshotOf(clinic.engine)).toEqual(before);
  });

  it('a class that is not in the table breaks an invariant', () => {
    const { engine } = given(1, 'W1');
    const command = { tokenId: tokenId('W1'), patientType: 'EMERGANCY', at: NOW };
    expect(() => engine.reclassify(command)).toThrow('a command names a class of the table');
  });
});

describe('R16 a later class table', () => {
  const raised = DEFAULT_CLASSES.map((known) =>
    known.type === 'WALK_IN' ? { ...known, priority: 70 } : known,
  );

  const restarted = (people: string): AllocationEngine =>
    restored(snapshotOf(given(1, people).engine), { ...RULES, classes: raised });
  const tokenIn = (engine: AllocationEngine, name: string): Token =>
    found(engine.token(tokenId(name)));

  it('does not change a token that has its class already', () => {
    const engine = restarted('F1 W1:WAITING');
    expect(tokenIn(engine, 'W1').patientClass).toEqual({ type: 'WALK_IN', priority: 20 });
    expect(snapshotOf(engine)).toEqual(snapshotOf(given(1, 'F1 W1:WAITING').engine));
  });

  it('decides about later tokens, and about a token that gets the class again', () => {
    const engine = restarted('F1 W1:WAITING');
    const outcome = engine.reclassify({ tokenId: tokenId('W1'), patientType: 'WALK_IN', at: NOW });
    expect(recordsOf(outcome)).toEqual(['reclassified W1', 'bumped F1 by W1', 'promoted W1 by F1']);
    expect(tokenIn(engine, 'W1').patientClass.priority).toBe(70);
  });

  it('has one object for all tokens with the earlier priority', () => {
    const engine = restarted('W1 W2:WAITING');
    expect(tokenIn(engine, 'W1').patientClass).toBe(tokenIn(engine, 'W2').patientClass);
  });
});
