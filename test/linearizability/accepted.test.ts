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
  reopen,
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

describe('a history is linearizable', () => {
  it.each<Case>([
    ['when it is empty', []],
    [
      'when the operations do not overlap',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, book('F2'), seated('2 F2', '#1 WALK_IN 1')],
        [4, 5, schedule, shows(board(['2 F2'], ['1 W1 1']))],
        [6, 7, cancel(2), cancelled(2, '1 W1')],
        [8, 9, read(2), shown('2 F2 CANCELLED')],
        [10, 11, cancel(2), '404 token_already_cancelled'],
        [12, 13, read(1), shown('1 W1')],
        [14, 15, cancel(3), '404 token_not_found'],
        [16, 17, cancel(1), cancelled(1)],
      ],
    ],
    [
      'when overlapping commands take effect in another order than they were sent',
      [
        [0, 9, book('W2'), waits('2 W2 1', 'nine')],
        [1, 8, book('W1'), seated('1 W1')],
      ],
    ],
    [
      'when two operations that touch at one instant take effect in either order',
      [
        [1, 2, book('W1'), seated('1 W1')],
        [0, 1, schedule, shows(board(['1 W1']))],
      ],
    ],
    [
      'when a read during a write shows the old state and the next read the new state',
      [
        [0, 9, book('W1'), seated('1 W1')],
        [1, 2, schedule, shows(board([]))],
        [3, 4, schedule, shows(board(['1 W1']))],
      ],
    ],
    [
      'when a duplicate booking and a booking on a full waitlist are refused (R4, R15)',
      [
        [0, 1, book('W1/p7'), seated('1 W1/p7')],
        [2, 3, book('E2/p7'), '409 duplicate_booking #1'],
        [4, 5, book('W3'), waits('2 W3 1', 'nine')],
        [6, 7, book('W4'), waits('3 W4 2', 'nine')],
        [8, 9, book('W5'), '409 waitlist_full'],
        [10, 11, book('E6'), seated('4 E6', '#1 WALK_IN 1')],
      ],
    ],
    [
      'when the answer to a waiting patient names slots with free seats (R4)',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, book('W2', TEN), seated('2 W2', null, 'ten')],
        [4, 5, book('W3'), waits('3 W3 1', 'nine', '1 in ten')],
      ],
      TWO,
    ],
    [
      'when an unanswered booking takes effect late',
      [
        [0, null, book('W1')],
        [1, 2, schedule, shows(board([]))],
        [3, 4, book('W2'), seated('1 W2')],
        [5, 6, schedule, shows(board(['1 W2'], ['2 W1 1']))],
      ],
    ],
    [
      'when an unanswered booking never takes effect',
      [
        [0, null, book('W1')],
        [1, 2, book('W2'), seated('1 W2')],
        [3, 4, schedule, shows(board(['1 W2']))],
      ],
    ],
    [
      'when an unanswered booking is shown only by its number, as bumped',
      [
        [0, null, book('W1')],
        [1, 2, book('E2'), seated('2 E2', '#1 WALK_IN 1')],
      ],
    ],
    [
      'when an unanswered cancel promotes a token late',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, book('W2'), waits('2 W2 1', 'nine')],
        [4, null, cancel(1)],
        [5, 6, read(1), shown('1 W1')],
        [7, 8, book('W3'), waits('3 W3 2', 'nine')],
        [9, 10, schedule, shows(board(['2 W2'], ['3 W3 1']))],
      ],
    ],
    [
      'when two unanswered bookings took effect in an order that a later answer shows',
      [
        [0, null, book('W1')],
        [1, null, book('W2')],
        [2, 3, schedule, shows(board(['1 W2'], ['2 W1 1']))],
      ],
    ],
    [
      'when one of several unanswered bookings has taken the number in between',
      [
        [0, null, book('W1')],
        [1, null, book('F2')],
        [2, 3, book('W3'), waits('2 W3 1', 'nine')],
        [4, 5, book('P4'), seated('3 P4', '#1 FOLLOW_UP 1')],
      ],
    ],
    [
      'when a patient is checked in, called, skipped and checked in again (R18, R21)',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, checkIn(1), shown('1 W1 CHECKED_IN')],
        [4, 5, queue, queued([], ['1 W1 CHECKED_IN'])],
        [6, 7, call(), called('1 W1')],
        [8, 9, call(), '409 consultation_in_progress #1'],
        [10, 11, skip(1), skipped('1 W1 SKIPPED')],
        [12, 13, queue, queued([], [], ['1 W1 SKIPPED'])],
        [14, 15, call(), '404 nobody_waiting'],
        [16, 17, checkIn(1), shown('1 W1 CHECKED_IN')],
        [18, 19, skip(2), '404 token_not_found'],
      ],
    ],
    [
      'when a patient whose cancel is undone waits, because another one has the seat now (R22)',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, book('W2'), waits('2 W2 1', 'nine')],
        [4, 5, cancel(1), cancelled(1, '2 W2')],
        [6, 7, undo(1), undone('cancelled', '1 W1 1', [])],
        [8, 9, undo(1), '409 nothing_to_undo undone'],
        [10, 11, schedule, shows(board(['2 W2'], ['1 W1 1']))],
      ],
    ],
    [
      'when two desks call at once and get two patients (R19)',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, book('W2', TEN), seated('2 W2', null, 'ten')],
        [4, 5, checkIn(1), shown('1 W1 CHECKED_IN')],
        [6, 7, checkIn(2), words.done(200, textOf('2 W2 CHECKED_IN', 'ten'))],
        [8, 11, call('B'), called('2 W2', 'B', 'ten')],
        [9, 10, call('A'), called('1 W1', 'A')],
      ],
      TWO,
    ],
    [
      'when an unanswered undo takes effect late',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, checkIn(1), shown('1 W1 CHECKED_IN')],
        [4, null, undo(1)],
        [5, 6, queue, queued([], ['1 W1 CHECKED_IN'])],
        [7, 8, queue, queued([], ['1 W1'])],
      ],
    ],
    [
      'when an unanswered call never takes effect',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, checkIn(1), shown('1 W1 CHECKED_IN')],
        [4, null, call()],
        [5, 6, skip(1), skipped('1 W1 SKIPPED')],
        [7, 8, queue, queued([], [], ['1 W1 SKIPPED'])],
      ],
    ],
    [
      'when a reopening that is sent before the closing takes effect after it',
      [
        [0, 9, reopen, words.done(200, board([]))],
        [1, 2, close, closed()],
        [3, 4, book('W1'), '409 slot_closed'],
        [5, 6, book('W2'), seated('1 W2')],
      ],
    ],
    [
      'when a cancel by the closing of the slot is undone after the reopening (R24)',
      [
        [0, 1, book('W1'), seated('1 W1')],
        [2, 3, close, closed('cancelled_by_hospital', '1 W1 CANCELLED')],
        [4, 5, undo(1), '409 slot_closed'],
        [6, 7, reopen, words.done(200, board([]))],
        [8, 9, undo(1), undone('cancelled', '1 W1')],
      ],
    ],
  ])('%s', (_, lines, day = DAY) => {
    expect(faultOf(operations(lines), new DoctorModel(day))).toBe(null);
  });
});
