import { describe, expect, it } from 'vitest';
import { DoctorModel } from '../support/linearizability/linear-doctor.ts';
import {
  DAY,
  TWO,
  TEN,
  book,
  call,
  schedule,
  queue,
  close,
  textOf,
  seated,
  waits,
  cancelled,
  shown,
  skipped,
  undone,
  called,
  board,
  closed,
  shows,
  queued,
  operations,
  cancel,
  checkIn,
  skip,
  undo,
  read,
  type Case,
} from '../support/linearizability/linear-table.ts';
import { words } from '../support/linearizability/linear-words.ts';
import { faultOf } from '../support/linearizability/linearizability.ts';

describe('a history is refused', () => {
  it.each<Case>([
    [
      'when a read shows the state before an earlier answer',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, schedule, shows(board([]))],
      ],
    ],
    [
      'when a read during a write shows the new state and the next read the old state',
      [
        [0, 9, book('W1'), seated('1 W1')],
        [1, 2, schedule, shows(board(['1 W1']))],
        [3, 4, schedule, shows(board([]))],
      ],
    ],
    [
      'when a read after a booking does not find its token',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, read(1), '404 token_not_found'],
      ],
    ],
    [
      'when a booking is lost',
      [
        [0, 5, book('W1'), seated('1 W1')],
        [1, 4, book('W2'), waits('2 W2 1', 'nine')],
        [6, 7, schedule, shows(board(['1 W1']))],
      ],
    ],
    [
      'when one number is used twice (R10)',
      [
        [0, 5, book('W1'), seated('1 W1')],
        [1, 4, book('W2'), seated('1 W2')],
      ],
    ],
    [
      'when one seat is sold twice (R1)',
      [
        [0, 5, book('W1'), seated('1 W1')],
        [1, 4, book('W2'), seated('2 W2')],
      ],
    ],
    [
      'when one waiting token is promoted twice (R5)',
      [
        [0, 1, book('E1', TEN), seated('1 E1', null, 'ten')],
        [2, 3, book('E2', TEN), seated('2 E2', null, 'ten')],
        [4, 5, book('W3', TEN), waits('3 W3 1', 'ten', '1 in nine')],
        [6, 9, cancel(1), cancelled(1, '3 W3', 'ten')],
        [7, 8, cancel(2), cancelled(2, '3 W3', 'ten')],
      ],
      TWO,
    ],
    [
      'when the wrong token is promoted (R5)',
      [
        [0, 1, book('E1'), seated('1 E1')],
        [2, 3, book('W2'), waits('2 W2 1', 'nine')],
        [4, 5, book('W3'), waits('3 W3 2', 'nine')],
        [6, 7, cancel(1), cancelled(1, '3 W3')],
      ],
    ],
    [
      'when no token is promoted (R5)',
      [
        [0, 1, book('E1'), seated('1 E1')],
        [2, 3, book('W2'), waits('2 W2 1', 'nine')],
        [4, 5, cancel(1), cancelled(1)],
      ],
    ],
    [
      'when the wrong token is bumped (R3)',
      [
        [0, 1, book('W1', TEN), seated('1 W1', null, 'ten')],
        [2, 3, book('W2', TEN), seated('2 W2', null, 'ten')],
        [4, 5, book('E3', TEN), seated('3 E3', '#1 WALK_IN 1', 'ten')],
      ],
      TWO,
    ],
    [
      'when a later booking has an earlier number (R10)',
      [
        [0, 1, book('W1'), waits('2 W1 1', 'nine')],
        [2, 3, book('W2'), seated('1 W2')],
      ],
    ],
    [
      'when the answer to a waiting patient names a seat that is not free any more',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, book('W2', TEN), seated('2 W2', null, 'ten')],
        [4, 5, book('W3'), waits('3 W3 1', 'nine', '2 in ten')],
      ],
      TWO,
    ],
    [
      'when one schedule shows two slots at different times',
      [
        [0, 9, book('W1'), seated('1 W1')],
        [10, 19, book('W2', TEN), seated('2 W2', null, 'ten')],
        [11, 18, schedule, shows(board([]), board(['2 W2'], [], { slot: 'ten', capacity: 2 }))],
      ],
      TWO,
    ],
    [
      'when a patient gets a second token in a slot (R15)',
      [
        [0, 5, book('W1/p7'), seated('1 W1/p7')],
        [1, 4, book('W2/p7'), waits('2 W2/p7 1', 'nine')],
      ],
    ],
    [
      'when more tokens wait than the limit allows (R4)',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, book('W2'), waits('2 W2 1', 'nine')],
        [4, 5, book('W3'), waits('3 W3 2', 'nine')],
        [6, 7, book('W4'), waits('4 W4 3', 'nine')],
      ],
    ],
    [
      'when an unanswered booking takes effect before it was sent',
      [
        [0, 1, schedule, shows(board(['1 W1']))],
        [2, null, book('W1')],
      ],
    ],
    [
      'when an unanswered booking takes effect twice',
      [
        [0, null, book('W1')],
        [1, 2, schedule, shows(board(['1 W1'], ['2 W1 1']))],
      ],
    ],
    [
      'when an unanswered booking is shown and then is not',
      [
        [0, null, book('W1')],
        [1, 2, schedule, shows(board(['1 W1']))],
        [3, 4, schedule, shows(board([]))],
      ],
    ],
    [
      'when an unanswered cancel took effect and then did not',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, null, cancel(1)],
        [3, 4, read(1), shown('1 W1 CANCELLED')],
        [5, 6, read(1), shown('1 W1')],
      ],
    ],
    [
      'when an unanswered booking would need the number of another booking (R10)',
      [
        [0, null, book('W1')],
        [1, 2, book('E2'), seated('2 E2', '#1 WALK_IN 1')],
        [3, null, book('W3')],
        [4, 5, read(1), shown('1 W3')],
      ],
    ],
    [
      'when the undo of a cancel is lost',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, cancel(1), cancelled(1)],
        [4, 5, undo(1), undone('cancelled', '1 W1')],
        [6, 7, read(1), shown('1 W1 CANCELLED')],
      ],
    ],
    [
      'when the undo of a check-in is lost',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, checkIn(1), shown('1 W1 CHECKED_IN')],
        [4, 5, undo(1), undone('checked_in', '1 W1')],
        [6, 7, call(), called('1 W1')],
      ],
    ],
    [
      'when an unanswered undo took effect and then did not',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, cancel(1), cancelled(1)],
        [4, null, undo(1)],
        [5, 6, read(1), shown('1 W1')],
        [7, 8, read(1), shown('1 W1 CANCELLED')],
      ],
    ],
    [
      'when the undo of a cancel takes the seat of an equal (R22)',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, book('W2'), waits('2 W2 1', 'nine')],
        [4, 5, cancel(1), cancelled(1, '2 W2')],
        [6, 7, undo(1), undone('cancelled', '1 W1')],
      ],
    ],
    [
      'when one change is undone twice',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, checkIn(1), shown('1 W1 CHECKED_IN')],
        [4, 9, undo(1), undone('checked_in', '1 W1')],
        [5, 8, undo(1), undone('checked_in', '1 W1')],
      ],
    ],
    [
      'when a queue shows the state before an earlier answer',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, checkIn(1), shown('1 W1 CHECKED_IN')],
        [4, 5, queue, queued([], ['1 W1'])],
      ],
    ],
    [
      'when a queue during a skip shows the new state and the next queue the old state',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, checkIn(1), shown('1 W1 CHECKED_IN')],
        [4, 11, skip(1), skipped('1 W1 SKIPPED')],
        [5, 6, queue, queued([], [], ['1 W1 SKIPPED'])],
        [7, 8, queue, queued([], ['1 W1 CHECKED_IN'])],
      ],
    ],
    [
      'when two desks call one patient (R19)',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, checkIn(1), shown('1 W1 CHECKED_IN')],
        [4, 7, call('A'), called('1 W1', 'A')],
        [5, 6, call('B'), called('1 W1', 'B')],
      ],
      TWO,
    ],
    [
      'when a skipped patient is called (R21)',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, checkIn(1), shown('1 W1 CHECKED_IN')],
        [4, 5, skip(1), skipped('1 W1 SKIPPED')],
        [6, 7, call(), called('1 W1')],
      ],
    ],
    [
      'when an emergency of a later slot is not called first (R18)',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, book('E2', TEN), seated('2 E2', null, 'ten')],
        [4, 5, checkIn(1), shown('1 W1 CHECKED_IN')],
        [6, 7, checkIn(2), words.done(200, textOf('2 E2 CHECKED_IN', 'ten'))],
        [8, 9, call('A'), called('1 W1', 'A')],
      ],
      TWO,
    ],
    [
      'when a seat of a closed slot is sold (R24)',
      [
        [0, 1, close, closed()],
        [2, 3, book('W1'), seated('1 W1')],
      ],
    ],
  ])('%s', (_, lines, day = DAY) => {
    expect(faultOf(operations(lines), new DoctorModel(day))).toMatch(/^not linearizable: /);
  });

  it('with the end of the longest order and the operations that cannot be next', () => {
    const history = operations([
      [0, 1, book('W1'), seated('1 W1')],
      [2, 3, schedule, shows(board([]))],
      [2.5, null, cancel(1)],
      [4, 5, read(1), shown('1 W1')],
    ]);
    expect(faultOf(history, new DoctorModel(DAY))?.split('\n')).toEqual([
      'not linearizable: 3 operations can be put in order, such as, at the end,',
      '  client 0 [0.000, 1.000] book 0 W1 WALK_IN: 201 #1 W1 WALK_IN in nine BOOKED; bumped none',
      '  client 2 [2.500, ] cancel 1: no answer',
      '  client 1 [2.000, 3.000] schedule: 200 nine OPEN 1/1 left: |',
      'and none of these can be the next:',
      '  client 3 [4.000, 5.000] token 1: 200 #1 W1 WALK_IN in nine BOOKED',
      '    next in order it is: 200 #1 W1 WALK_IN in nine CANCELLED',
    ]);
  });
});
