import { describe, expect, it } from 'vitest';
import { Clinic, given, type Setup } from '../support/clinic.ts';

type Step = (clinic: Clinic) => unknown;

const book =
  (...people: string[]): Step =>
  (clinic) =>
    people.map((person) => clinic.book(person));
const cancel =
  (...names: string[]): Step =>
  (clinic) =>
    names.map((name) => clinic.cancel(name));
const noShow =
  (name: string): Step =>
  (clinic) =>
    clinic.noShow(name);

/** What is true, seats, who is in the slot, what happens, and the board after it: seated | waiting. */
type Row = [fact: string, capacity: number, people: string[], step: Step, board: string];

const holds = (rows: Row[]): void =>
  it.each(rows)('%s', (_, capacity, people, step, board) => {
    const clinic = given(capacity, ...people);
    step(clinic);
    expect(clinic.board()).toBe(board);
    expect(clinic.slot.seated).toBeLessThanOrEqual(capacity);
  });

const A_WALK_IN = 'asha WALK_IN';
const B_WALK_IN = 'bela WALK_IN';

describe('R1 capacity is hard', () => {
  holds([
    ['walk-ins fill the seats and no more', 2, [], book('a WALK_IN', 'b WALK_IN', 'c WALK_IN'), 'a b | c'],
    ['emergencies do not overflow', 1, [], book('a EMERGENCY', 'b EMERGENCY', 'c EMERGENCY'), 'a | b c'],
    ['a completed visit keeps its seat used up', 1, ['asha WALK_IN COMPLETED'], book('b EMERGENCY'), 'asha | b'],
    ['a repeated cancel frees no second seat', 1, ['a WALK_IN', 'b WALK_IN WAITING', 'c WALK_IN WAITING'], cancel('a', 'a'), 'b | c'],
    ['a no-show after a cancel frees no second seat', 1, ['a WALK_IN', 'b WALK_IN WAITING', 'c WALK_IN WAITING'], (clinic) => [clinic.cancel('a'), clinic.noShow('a')], 'b | c'],
    ['waiters who leave a full slot promote nobody over capacity', 1, ['a WALK_IN', 'b WALK_IN WAITING', 'c WALK_IN WAITING'], cancel('b'), 'a | c'],
  ]);
});

describe('R2 a free seat is taken', () => {
  holds([
    ['the weakest class is seated while a seat is free', 2, ['a EMERGENCY'], book('b WALK_IN'), 'a b |'],
    ['a free seat is used before anyone is bumped', 2, [A_WALK_IN], book('b EMERGENCY'), 'b asha |'],
  ]);
});

describe('R3 a full slot gives up the weakest seat', () => {
  holds([
    ['a higher class bumps a lower one', 1, [A_WALK_IN], book('b ONLINE_BOOKING'), 'b | asha'],
    ['every class is bumped by the next one', 1, [A_WALK_IN], book('b ONLINE_BOOKING', 'c FOLLOW_UP', 'd PAID_PRIORITY', 'e EMERGENCY'), 'e | d c b asha'],
    ['the lowest class gives way first', 2, ['a ONLINE_BOOKING', 'b WALK_IN'], book('c EMERGENCY'), 'c a | b'],
    ['among equals the latest arrival gives way', 3, ['a WALK_IN', 'b WALK_IN', 'c WALK_IN'], book('d FOLLOW_UP'), 'd a b | c'],
    ['the victim keeps its arrival, so it waits ahead of later equals', 1, [A_WALK_IN], book('b WALK_IN', 'c FOLLOW_UP'), 'c | asha b'],
    ['nobody but an emergency bumps a patient at the desk', 1, ['asha WALK_IN CHECKED_IN'], book('b PAID_PRIORITY'), 'asha | b'],
    ['an emergency bumps a patient at the desk', 1, ['asha WALK_IN CHECKED_IN'], book('b EMERGENCY'), 'b | asha'],
    ['among equals the one not at the desk gives way, though earlier', 2, [A_WALK_IN, 'bela WALK_IN CHECKED_IN'], book('c EMERGENCY'), 'c bela | asha'],
    ['a lower class at the desk gives way before a higher one that is not', 2, ['asha WALK_IN CHECKED_IN', 'bela ONLINE_BOOKING'], book('c EMERGENCY'), 'c bela | asha'],
    ['a lower class that is not at the desk gives way before a higher one that is', 2, ['asha ONLINE_BOOKING CHECKED_IN', B_WALK_IN], book('c EMERGENCY'), 'c asha | bela'],
    ['among equals at the desk the latest arrival gives way', 2, ['asha WALK_IN CHECKED_IN', 'bela WALK_IN CHECKED_IN'], book('c EMERGENCY'), 'c asha | bela'],
    ['a patient with the doctor is not bumped', 1, ['asha WALK_IN IN_CONSULTATION'], book('b EMERGENCY'), 'asha | b'],
    ['the seat beside the doctor gives way instead', 2, ['asha WALK_IN IN_CONSULTATION', 'bela PAID_PRIORITY'], book('c EMERGENCY'), 'c asha | bela'],
    ['an emergency at the desk is not bumped by another', 1, ['asha EMERGENCY CHECKED_IN'], book('b EMERGENCY'), 'asha | b'],
  ]);

  it('the victim keeps its arrival, its number and its presence', () => {
    const clinic = given(1, 'asha WALK_IN CHECKED_IN');
    clinic.book('bela EMERGENCY');
    expect(clinic.token('asha')).toMatchObject({ arrival: 1, number: 1, present: true, status: 'WAITING' });
  });

  it('a bumped token finds room on a full waitlist', () => {
    const clinic = new Clinic({ people: [A_WALK_IN, 'bela WALK_IN WAITING'], rules: { waitlistMax: 1 } });
    expect(clinic.book('c EMERGENCY')).toMatchObject({ ok: true, value: { bumped: { id: 'asha' } } });
    expect(clinic.board()).toBe('c | asha bela');
  });
});

describe('R4 whoever cannot be seated waits', () => {
  holds([
    ['an equal waits behind the seated', 1, [A_WALK_IN], book('b WALK_IN'), 'asha | b'],
    ['a lower class waits', 1, ['asha EMERGENCY'], book('b PAID_PRIORITY'), 'asha | b'],
    ['waiters stand by class, then by arrival', 1, ['z EMERGENCY'], book('a WALK_IN', 'b FOLLOW_UP', 'c WALK_IN', 'd FOLLOW_UP'), 'z | b d a c'],
  ]);

  it('a waiter is told its position, a seated token has none', () => {
    const clinic = given(1, 'asha EMERGENCY', 'bela WALK_IN WAITING');
    clinic.book('chand FOLLOW_UP');
    const positions = ['asha', 'bela', 'chand'].map((name) => clinic.slot.waitlistPositionOf(clinic.token(name)));
    expect(positions).toEqual([null, 2, 1]);
  });
});

describe('R5 a freed seat is filled in the same command', () => {
  const people = ['asha WALK_IN', 'bela WALK_IN WAITING', 'chand WALK_IN WAITING'];
  holds([
    ['a cancel seats the earliest of equals', 1, people, cancel('asha'), 'bela | chand'],
    ['a no-show seats the earliest of equals', 1, people, noShow('asha'), 'bela | chand'],
    ['a higher class is seated before an earlier arrival', 1, [...people, 'd FOLLOW_UP WAITING'], cancel('asha'), 'd | bela chand'],
    ['a patient at the desk who leaves gives the seat up', 1, ['asha WALK_IN CHECKED_IN', 'bela WALK_IN WAITING'], noShow('asha'), 'bela |'],
    ['each of several cancels seats one', 2, ['a WALK_IN', 'b WALK_IN', 'c WALK_IN WAITING', 'd WALK_IN WAITING'], cancel('a', 'b'), 'c d |'],
    ['nobody waits: the seat stays free', 1, [A_WALK_IN], cancel('asha'), '|'],
    ['a bumped token gets its seat back', 1, [A_WALK_IN], (clinic) => [clinic.book('b EMERGENCY'), clinic.cancel('b')], 'asha |'],
  ]);

  it.each<[string, string]>([
    ['asha WALK_IN WAITING present', 'CHECKED_IN'],
    ['asha WALK_IN WAITING', 'BOOKED'],
  ])('%s is promoted to %s', (waiter, status) => {
    const clinic = given(1, 'bela EMERGENCY', waiter);
    clinic.cancel('bela');
    expect(clinic.token('asha').status).toBe(status);
  });

  it('a patient checked in, bumped and promoted is checked in again', () => {
    const clinic = given(1, 'asha WALK_IN CHECKED_IN');
    clinic.book('bela EMERGENCY');
    clinic.cancel('bela');
    expect(clinic.token('asha').status).toBe('CHECKED_IN');
  });
});

describe('R6 leaving the waitlist frees nothing', () => {
  holds([
    ['a waiter who cancels promotes nobody', 1, [A_WALK_IN, 'b WALK_IN WAITING', 'c WALK_IN WAITING'], cancel('b'), 'asha | c'],
    ['a bumped token that cancels promotes nobody', 1, [A_WALK_IN, 'b WALK_IN WAITING'], (clinic) => [clinic.book('c EMERGENCY'), clinic.cancel('asha')], 'c | b'],
    ['a cancelled waiter is never promoted', 1, [A_WALK_IN, 'b WALK_IN WAITING'], cancel('b', 'asha'), '|'],
    ['a bumped token that cancelled is never promoted', 1, [A_WALK_IN], (clinic) => [clinic.book('c EMERGENCY'), clinic.cancel('asha'), clinic.cancel('c')], '|'],
  ]);
});

describe('R7 arrival is kept', () => {
  holds([
    ['bump and promote in a row change nothing in the order', 2, ['a WALK_IN', 'b WALK_IN', 'c WALK_IN WAITING'], (clinic) => [clinic.book('d EMERGENCY'), clinic.cancel('d'), clinic.book('e EMERGENCY'), clinic.cancel('e')], 'a b | c'],
    ['two bumped in turn come back in the order of arrival', 2, ['a WALK_IN', 'b WALK_IN'], (clinic) => [book('c EMERGENCY', 'd EMERGENCY')(clinic), clinic.cancel('c')], 'd a | b'],
  ]);
});

describe('R8 no waiter outranks a seat that it may bump', () => {
  const cases: [string, Setup['people']][] = [
    ['a bumped token ranks below all who stay', ['a WALK_IN', 'b FOLLOW_UP', 'c ONLINE_BOOKING']],
    ['a patient at the desk outside the line changes nothing', ['a WALK_IN CHECKED_IN', 'b FOLLOW_UP', 'c WALK_IN']],
  ];
  it.each(cases)('%s', (_, people = []) => {
    const clinic = given(3, ...people);
    for (const person of ['p PAID_PRIORITY', 'q PAID_PRIORITY', 'r PAID_PRIORITY']) clinic.book(person);
    const weakest = Math.min(...clinic.slot.seatedTokens().filter(({ status }) => status === 'BOOKED').map(({ patientClass }) => patientClass.priority));
    const strongest = clinic.slot.waitlist()[0]?.patientClass.priority;
    expect(strongest).toBeLessThanOrEqual(weakest);
  });
});
