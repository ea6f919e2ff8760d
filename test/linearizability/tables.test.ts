import { describe, expect, it } from 'vitest';
import { found } from '../support/engine/clinic.ts';
import {
  CLASSES,
  DoctorModel,
  words,
  type DoctorRequest,
  type LinearDay,
} from '../support/linearizability/linear-doctor.ts';
import { dayFaultOf } from '../support/linearizability/linear-evidence.ts';
import { faultOf, type Operation } from '../support/linearizability/linearizability.ts';

// Histories by hand. A name says the class: W1 is the first walk-in. One slot with one seat, `nine`, unless told otherwise.

const DAY: LinearDay = { slots: [{ id: 'nine', capacity: 1 }], waitlistMax: 2 };
const TWO: LinearDay = {
  slots: [
    { id: 'nine', capacity: 1 },
    { id: 'ten', capacity: 2 },
  ],
  waitlistMax: 2,
};

const typeOf = (name: string) => found(CLASSES.find((type) => type.startsWith(name.charAt(0))));

/** `W1` or, with a patient, `W1/Ana`. */
const book = (who: string, slot = 'nine'): DoctorRequest => {
  const [name = '', patient = null] = who.split('/');
  return { ask: 'book', slot, name, type: typeOf(name), patient };
};
const cancel = (token: number): DoctorRequest => ({ ask: 'cancel', token });
const look = (token: number): DoctorRequest => ({ ask: 'token', token });
const schedule: DoctorRequest = { ask: 'schedule' };

/** `1 W1` is seated, `2 W2 1` is the first who waits. */
const told = (token: string, slot = 'nine'): string => {
  const [number, who = '', position] = token.split(' ');
  const [name = '', patient = null] = who.split('/');
  const status = position === undefined ? 'BOOKED' : 'WAITING';
  const place = position === undefined ? null : Number(position);
  const type = typeOf(name);
  return words.token({
    number: Number(number),
    name,
    patient,
    type,
    slot,
    status,
    position: place,
  });
};
const seated = (token: string, bumped: string | null = null, slot = 'nine') =>
  words.booked(told(token, slot), bumped, null);
const waits = (token: string, ...free: string[]) => words.booked(told(token), null, free);
const promoted = (token: string | null) => words.left(token === null ? null : told(token));
const shown = (token: string) => words.live(told(token));
const board = (sitting: string[], waiting: string[] = [], slot = 'nine', capacity = 1) =>
  words.slot({
    id: slot,
    capacity,
    left: capacity - sitting.length,
    seated: sitting.map((token) => told(token, slot)),
    waiting: waiting.map((token) => told(token, slot)),
  });
const shows = (...boards: string[]) => words.schedule(boards);

/** Asked and answered at these instants, and what was asked and told; no answer, no second instant. */
type Line = readonly [number, number | null, DoctorRequest, string?];

const operations = (lines: readonly Line[]): Operation<DoctorRequest>[] =>
  lines.map(([invoked, at, request, text = ''], client) => ({
    client,
    invoked,
    request,
    answered: at === null ? null : { at, text },
  }));

type Case = [name: string, lines: readonly Line[], day?: LinearDay];

describe('a history is linearizable', () => {
  it.each<Case>([
    ['when nothing happened', []],
    [
      'when one thing happens after the other',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, book('F2'), seated('2 F2', '#1 WALK_IN 1')],
        [4, 5, schedule, shows(board(['2 F2'], ['1 W1 1']))],
        [6, 7, cancel(2), promoted('1 W1')],
        [8, 9, look(2), words.over(2)],
        [10, 11, cancel(2), '404 token_already_cancelled'],
        [12, 13, look(1), shown('1 W1')],
        [14, 15, cancel(3), '404 token_not_found'],
        [16, 17, cancel(1), promoted(null)],
      ],
    ],
    [
      'when commands at the same time take effect in another order than they were sent',
      [
        [0, 9, book('W2'), waits('2 W2 1')],
        [1, 8, book('W1'), seated('1 W1')],
      ],
    ],
    [
      'when answers that touch at one instant take effect in either order',
      [
        [1, 2, book('W1'), seated('1 W1')],
        [0, 1, schedule, shows(board(['1 W1']))],
      ],
    ],
    [
      'when a reader beside a writer is told the old, and the next the new',
      [
        [0, 9, book('W1'), seated('1 W1')],
        [1, 2, schedule, shows(board([]))],
        [3, 4, schedule, shows(board(['1 W1']))],
      ],
    ],
    [
      'when a patient is refused who has a token, and a walk-in whose waitlist is full',
      [
        [0, 1, book('W1/Ana'), seated('1 W1/Ana')],
        [2, 3, book('E2/Ana'), words.duplicate(1)],
        [4, 5, book('W3'), waits('2 W3 1')],
        [6, 7, book('W4'), waits('3 W4 2')],
        [8, 9, book('W5'), '409 waitlist_full'],
        [10, 11, book('E6'), seated('4 E6', '#1 WALK_IN 1')],
      ],
    ],
    [
      'when one who waits is told where seats are free',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, book('W2', 'ten'), seated('2 W2', null, 'ten')],
        [4, 5, book('W3'), waits('3 W3 1', '1 in ten')],
      ],
      TWO,
    ],
    [
      'when a booking that nobody answered takes effect late',
      [
        [0, null, book('W1')],
        [1, 2, schedule, shows(board([]))],
        [3, 4, book('W2'), seated('1 W2')],
        [5, 6, schedule, shows(board(['1 W2'], ['2 W1 1']))],
      ],
    ],
    [
      'when a booking that nobody answered never takes effect',
      [
        [0, null, book('W1')],
        [1, 2, book('W2'), seated('1 W2')],
        [3, 4, schedule, shows(board(['1 W2']))],
      ],
    ],
    [
      'when a booking that nobody answered is known by its number alone, as bumped',
      [
        [0, null, book('W1')],
        [1, 2, book('E2'), seated('2 E2', '#1 WALK_IN 1')],
      ],
    ],
    [
      'when a cancellation that nobody answered promotes late',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, book('W2'), waits('2 W2 1')],
        [4, null, cancel(1)],
        [5, 6, look(1), shown('1 W1')],
        [7, 8, book('W3'), waits('3 W3 2')],
        [9, 10, schedule, shows(board(['2 W2'], ['3 W3 1']))],
      ],
    ],
    [
      'when two unanswered bookings took effect in an order that is shown later',
      [
        [0, null, book('W1')],
        [1, null, book('W2')],
        [2, 3, schedule, shows(board(['1 W2'], ['2 W1 1']))],
      ],
    ],
    [
      'when of several unanswered bookings one has taken the number between',
      [
        [0, null, book('W1')],
        [1, null, book('F2')],
        [2, 3, book('W3'), waits('2 W3 1')],
        [4, 5, book('P4'), seated('3 P4', '#1 FOLLOW_UP 1')],
      ],
    ],
  ])('%s', (_, lines, day = DAY) => {
    expect(faultOf(operations(lines), new DoctorModel(day))).toBe(null);
    expect(dayFaultOf(operations(lines), day)).toBe(null);
  });
});

describe('a history is refused', () => {
  it.each<Case>([
    [
      'where a reader is told what was so before an answer',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, schedule, shows(board([]))],
      ],
    ],
    [
      'where a reader is told the new and the next the old, beside a writer',
      [
        [0, 9, book('W1'), seated('1 W1')],
        [1, 2, schedule, shows(board(['1 W1']))],
        [3, 4, schedule, shows(board([]))],
      ],
    ],
    [
      'where a token is not there for a reader who comes after its booking',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, look(1), '404 token_not_found'],
      ],
    ],
    [
      'where a booking is lost',
      [
        [0, 5, book('W1'), seated('1 W1')],
        [1, 4, book('W2'), waits('2 W2 1')],
        [6, 7, schedule, shows(board(['1 W1']))],
      ],
    ],
    [
      'where one number is given twice',
      [
        [0, 5, book('W1'), seated('1 W1')],
        [1, 4, book('W2'), seated('1 W2')],
      ],
    ],
    [
      'where one seat is sold twice',
      [
        [0, 5, book('W1'), seated('1 W1')],
        [1, 4, book('W2'), seated('2 W2')],
      ],
    ],
    [
      'where one who waits is promoted twice',
      [
        [0, 1, book('E1', 'ten'), seated('1 E1', null, 'ten')],
        [2, 3, book('E2', 'ten'), seated('2 E2', null, 'ten')],
        [4, 5, book('W3', 'ten'), words.booked(told('3 W3 1', 'ten'), null, ['1 in nine'])],
        [6, 9, cancel(1), words.left(told('3 W3', 'ten'))],
        [7, 8, cancel(2), words.left(told('3 W3', 'ten'))],
      ],
      TWO,
    ],
    [
      'where the wrong one is promoted',
      [
        [0, 1, book('E1'), seated('1 E1')],
        [2, 3, book('W2'), waits('2 W2 1')],
        [4, 5, book('W3'), waits('3 W3 2')],
        [6, 7, cancel(1), promoted('3 W3')],
      ],
    ],
    [
      'where nobody is promoted',
      [
        [0, 1, book('E1'), seated('1 E1')],
        [2, 3, book('W2'), waits('2 W2 1')],
        [4, 5, cancel(1), promoted(null)],
      ],
    ],
    [
      'where the wrong one is bumped',
      [
        [0, 1, book('W1', 'ten'), seated('1 W1', null, 'ten')],
        [2, 3, book('W2', 'ten'), seated('2 W2', null, 'ten')],
        [4, 5, book('E3', 'ten'), seated('3 E3', '#1 WALK_IN 1', 'ten')],
      ],
      TWO,
    ],
    [
      'where a later booking has the earlier number',
      [
        [0, 1, book('W1'), waits('2 W1 1')],
        [2, 3, book('W2'), seated('1 W2')],
      ],
    ],
    [
      'where who waits is told of seats that are free no more',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, book('W2', 'ten'), seated('2 W2', null, 'ten')],
        [4, 5, book('W3'), waits('3 W3 1', '2 in ten')],
      ],
      TWO,
    ],
    [
      'where two slots of one schedule are of different times',
      [
        [0, 9, book('W1'), seated('1 W1')],
        [10, 19, book('W2', 'ten'), seated('2 W2', null, 'ten')],
        [11, 18, schedule, shows(board([]), board(['2 W2'], [], 'ten', 2))],
      ],
      TWO,
    ],
    [
      'where a patient gets a second token',
      [
        [0, 5, book('W1/Ana'), seated('1 W1/Ana')],
        [1, 4, book('W2/Ana'), waits('2 W2/Ana 1')],
      ],
    ],
    [
      'where more wait than may',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, book('W2'), waits('2 W2 1')],
        [4, 5, book('W3'), waits('3 W3 2')],
        [6, 7, book('W4'), waits('4 W4 3')],
      ],
    ],
    [
      'where a booking that nobody answered takes effect before it was sent',
      [
        [0, 1, schedule, shows(board(['1 W1']))],
        [2, null, book('W1')],
      ],
    ],
    [
      'where a booking that nobody answered takes effect twice',
      [
        [0, null, book('W1')],
        [1, 2, schedule, shows(board(['1 W1'], ['2 W1 1']))],
      ],
    ],
    [
      'where a booking that nobody answered is seen and then gone',
      [
        [0, null, book('W1')],
        [1, 2, schedule, shows(board(['1 W1']))],
        [3, 4, schedule, shows(board([]))],
      ],
    ],
    [
      'where a cancellation that nobody answered took effect and was undone',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, null, cancel(1)],
        [3, 4, look(1), words.over(1)],
        [5, 6, look(1), shown('1 W1')],
      ],
    ],
    [
      'where an unanswered booking would have to take a number that another has',
      [
        [0, null, book('W1')],
        [1, 2, book('E2'), seated('2 E2', '#1 WALK_IN 1')],
        [3, null, book('W3')],
        [4, 5, look(1), shown('1 W3')],
      ],
    ],
  ])('%s', (_, lines, day = DAY) => {
    expect(faultOf(operations(lines), new DoctorModel(day))).toMatch(/^not linearizable: /);
    expect(dayFaultOf(operations(lines), day)).toMatch(/^not linearizable: /);
  });

  it('with the end of the longest order and what cannot be next', () => {
    const history = operations([
      [0, 1, book('W1'), seated('1 W1')],
      [2, 3, schedule, shows(board([]))],
      [2.5, null, cancel(1)],
      [4, 5, look(1), shown('1 W1')],
    ]);
    expect(faultOf(history, new DoctorModel(DAY))?.split('\n')).toEqual([
      'not linearizable: 3 operations can be put in order, such as, at the end,',
      '  client 0 [0.000, 1.000] book nine W1 WALK_IN: 201 #1 W1 WALK_IN in nine BOOKED, bumped nobody',
      '  client 2 [2.500, ] cancel 1: no answer',
      '  client 1 [2.000, 3.000] schedule: 200 nine 1/1 left: |',
      'and none of these can be the next:',
      '  client 3 [4.000, 5.000] token 1: 200 #1 W1 WALK_IN in nine BOOKED',
      '    next in order it is: 200 #1 CANCELLED',
    ]);
  });
});
