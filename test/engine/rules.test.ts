import { describe, expect, it } from 'vitest';
import { Clinic, found, given } from '../support/engine/clinic.ts';
import { takeAll } from '../support/engine/steps.ts';

/** A fact, the seats, who is in the slot, what happens, and the board after it: `seated | waiting`. */
type Row = [fact: string, capacity: number, people: string, steps: string, board: string];

const hold = (rows: Row[]): void =>
  it.each(rows)('%s', (_, capacity, people, steps, board) => {
    const clinic = given(capacity, people);
    takeAll(clinic, steps);
    expect(clinic.board()).toBe(board);
    expect(clinic.slot.seated).toBeLessThanOrEqual(capacity);
  });

describe('R1 capacity is hard', () => {
  const full = 'W1 W2:WAITING W3:WAITING';
  hold([
    ['walk-ins fill the seats and no more', 2, '', 'book W1, book W2, book W3', 'W1 W2 | W3'],
    ['emergencies do not overflow', 1, '', 'book E1, book E2, book E3', 'E1 | E2 E3'],
    ['a completed visit uses its seat up', 1, 'W1:COMPLETED', 'book E1', 'W1 | E1'],
    ['a repeated cancel frees no second seat', 1, full, 'cancel W1, cancel W1', 'W2 | W3'],
    ['a no-show after a cancel frees none', 1, full, 'cancel W1, noShow W1', 'W2 | W3'],
    ['a refused no-show frees none', 1, full, 'noShow W2', 'W1 | W2 W3'],
    ['a waiter who leaves lets nobody in', 1, full, 'cancel W2', 'W1 | W3'],
  ]);
});

describe('R2 a free seat is taken', () => {
  hold([
    ['also by the lowest class', 2, 'E1', 'book W1', 'E1 W1 |'],
    ['before anyone is bumped', 2, 'W1', 'book E1', 'E1 W1 |'],
  ]);
});

describe('R3 a full slot gives up the weakest seat', () => {
  const ladder = 'book O1, book F1, book P1, book E1';
  hold([
    ['a higher class bumps a lower one', 1, 'W1', 'book O1', 'O1 | W1'],
    ['every class is bumped by the next one', 1, 'W1', ladder, 'E1 | P1 F1 O1 W1'],
    ['the lowest class gives way first', 2, 'O1 W1', 'book E1', 'E1 O1 | W1'],
    ['among equals the latest gives way', 3, 'W1 W2 W3', 'book F1', 'F1 W1 W2 | W3'],
    ['the victim waits ahead of later equals', 1, 'W1', 'book W2, book F1', 'F1 | W1 W2'],
  ]);
});

describe('R3 a patient at the desk or with the doctor', () => {
  const earlier = 'W1 W2:CHECKED_IN';
  const both = 'W1:CHECKED_IN W2:CHECKED_IN';
  hold([
    ['at the desk, is bumped by no class', 1, 'W1:CHECKED_IN', 'book P1', 'W1 | P1'],
    ['at the desk, is bumped by an emergency', 1, 'W1:CHECKED_IN', 'book E1', 'E1 | W1'],
    ['stays while an equal, though earlier, is absent', 2, earlier, 'book E1', 'E1 W2 | W1'],
    ['goes before a higher class that is absent', 2, 'W1:CHECKED_IN O1', 'book E1', 'E1 O1 | W1'],
    ['stays while a lower class is absent', 2, 'O1:CHECKED_IN W1', 'book E1', 'E1 O1 | W1'],
    ['goes, if the latest of equals there', 2, both, 'book E1', 'E1 W1 | W2'],
    ['with the doctor, is never bumped', 1, 'W1:IN_CONSULTATION', 'book E1', 'W1 | E1'],
    ['lets the next seat give way instead', 2, 'W1:IN_CONSULTATION P1', 'book E1', 'E1 W1 | P1'],
    ['of the same class is not bumped', 1, 'E1:CHECKED_IN', 'book E2', 'E1 | E2'],
  ]);

  it('is bumped with arrival, number and presence kept', () => {
    const clinic = given(1, 'W1:CHECKED_IN');
    clinic.book('E1');
    const kept = { arrival: 1, number: 1, hasCheckedIn: true, status: 'WAITING' };
    expect(clinic.token('W1')).toMatchObject(kept);
  });
});

describe('R4 whoever cannot be seated waits', () => {
  hold([
    ['an equal behind the seated', 1, 'W1', 'book W2', 'W1 | W2'],
    ['a lower class', 1, 'E1', 'book P1', 'E1 | P1'],
    ['by class, then arrival', 1, 'E1', 'book W1, book F1, book W2, book F2', 'E1 | F1 F2 W1 W2'],
  ]);

  it('a waiter has a position, a seated token has none', () => {
    const clinic = given(1, 'E1 W1:WAITING');
    clinic.book('F1');
    const positionOf = (name: string) => clinic.slot.waitlistPositionOf(clinic.token(name));
    expect(['E1', 'W1', 'F1'].map(positionOf)).toEqual([null, 2, 1]);
  });

  it('a bumped token finds room on a full waitlist', () => {
    const clinic = new Clinic({ people: 'W1 W2:WAITING', rules: { waitlistMax: 1 } });
    expect(clinic.book('E1')).toMatchObject({ ok: true, value: { bumped: { id: 'W1' } } });
    expect(clinic.board()).toBe('E1 | W1 W2');
  });
});

describe('R5 a freed seat is filled in the same command', () => {
  const queue = 'W1 W2:WAITING W3:WAITING';
  const two = 'W1 W2 W3:WAITING W4:WAITING';
  hold([
    ['a cancel seats the earliest of equals', 1, queue, 'cancel W1', 'W2 | W3'],
    ['a no-show seats the earliest of equals', 1, queue, 'noShow W1', 'W2 | W3'],
    ['class goes before arrival', 1, `${queue} F1:WAITING`, 'cancel W1', 'F1 | W2 W3'],
    ['one at the desk gives the seat up', 1, 'W1:CHECKED_IN W2:WAITING', 'noShow W1', 'W2 |'],
    ['each of two cancels seats one', 2, two, 'cancel W1, cancel W2', 'W3 W4 |'],
    ['the seat stays free when nobody waits', 1, 'W1', 'cancel W1', '|'],
    ['a bumped token gets its seat back', 1, 'W1', 'book E1, cancel E1', 'W1 |'],
  ]);

  it.each([
    ['W1:WAITING', 'BOOKED'],
    ['W1:WAITING:present', 'CHECKED_IN'],
  ])('%s is promoted to %s', (waiter, status) => {
    const clinic = given(1, `E1 ${waiter}`);
    clinic.cancel('E1');
    expect(clinic.token('W1').status).toBe(status);
  });

  it('a patient checked in, bumped and promoted is checked in again', () => {
    const clinic = given(1, 'W1:CHECKED_IN');
    takeAll(clinic, 'book E1, cancel E1');
    expect(clinic.token('W1').status).toBe('CHECKED_IN');
  });
});

describe('R6 leaving the waitlist frees nothing', () => {
  const bumped = 'book E1, cancel W1';
  hold([
    ['a waiter promotes nobody', 1, 'W1 W2:WAITING W3:WAITING', 'cancel W2', 'W1 | W3'],
    ['a bumped token promotes nobody', 1, 'W1 W2:WAITING', bumped, 'E1 | W2'],
    ['a cancelled waiter is never promoted', 1, 'W1 W2:WAITING', 'cancel W2, cancel W1', '|'],
    ['nor is a bumped one that cancelled', 1, 'W1', `${bumped}, cancel E1`, '|'],
  ]);
});

describe('R7 arrival is kept', () => {
  const there = 'book E1, cancel E1, book E2, cancel E2';
  hold([
    ['bump and promote in a row leave the order', 2, 'W1 W2 W3:WAITING', there, 'W1 W2 | W3'],
    ['two bumped come back by arrival', 2, 'W1 W2', 'book E1, book E2, cancel E1', 'E2 W1 | W2'],
  ]);
});

describe('R8 no waiter outranks a seat that it may bump', () => {
  it.each(['W1 F1 O1', 'W1:CHECKED_IN F1 W2', 'F1 F2:CHECKED_IN O1'])(
    'three paid bookings beside %s bump in the order of weakness',
    (people) => {
      const clinic = given(3, people);
      for (const name of ['P1', 'P2', 'P3']) {
        clinic.book(name);
        const absent = clinic.slot.seatedTokens().filter(({ status }) => status === 'BOOKED');
        const [first] = clinic.slot.waitlist();
        const weakest = found(absent.at(-1)).patientClass.priority;
        expect(found(first).patientClass.priority).toBeLessThanOrEqual(weakest);
      }
    },
  );
});
