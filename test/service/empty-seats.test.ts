import { describe, expect, it } from 'vitest';
import { DEFAULT_CLASSES, epochMs, type Change } from '../../src/engine/index.ts';
import { emptySeatMsOf } from '../../src/service/empty-seats.ts';
import { dayReportOf } from '../../src/service/report.ts';
import { clock, TODAY } from '../support/engine/clinic.ts';
import {
  bumped,
  cancelled,
  entered,
  movedOut,
  promoted,
  record,
  set,
} from '../support/store/records.ts';

describe('empty seats while a token waits', () => {
  const one = { capacity: 1 };
  const waiting = (...names: string[]) => names.map((name) => entered(name, 'WAITING', 10));

  it.each<[what: string, changes: readonly Change[], nowMinute: number, minutes: number]>([
    ['until the seat is filled', [set(one), ...waiting('W1'), promoted('W1', 30)], 90, 20],
    ['until now', [set(one), ...waiting('W1')], 15, 5],
    ['until the end of the slot', [set(one), ...waiting('W1')], 90, 50],
    [
      'until the delayed end of the slot',
      [set({ ...one, delayMinutes: 15 }), ...waiting('W1')],
      90,
      65,
    ],
    ['not after the end of the slot', [set(one), entered('W1', 'WAITING', 60)], 90, 0],
    ['for each free seat', [set({ capacity: 2 }), ...waiting('W1', 'W2', 'W3')], 20, 20],
    ['for each waiting token', [set({ capacity: 3 }), ...waiting('W1', 'W2')], 20, 20],
    [
      'not when all seats are taken',
      [set(one), entered('W1', 'BOOKED', 5), ...waiting('W2')],
      90,
      0,
    ],
    [
      'from the cancel on',
      [set(one), entered('W1', 'BOOKED', 5), ...waiting('W2'), cancelled('W1', 'BOOKED', 40)],
      90,
      20,
    ],
    [
      'from the move on',
      [set(one), entered('W1', 'BOOKED', 5), ...waiting('W2'), movedOut('W1', 'BOOKED', 40)],
      90,
      20,
    ],
    [
      'from a larger capacity on',
      [set(one), entered('W1', 'BOOKED', 5), ...waiting('W2'), set({ capacity: 2 }, 50)],
      90,
      10,
    ],
    [
      'not while the slot is closed',
      [set(one), ...waiting('W1'), set({ ...one, closedReason: 'ill' }, 20)],
      90,
      10,
    ],
    [
      'not twice when the clock is set back',
      [
        set(one),
        ...waiting('W1'),
        promoted('W1', 30),
        entered('W2', 'WAITING', 20),
        bumped('W1', 25),
      ],
      40,
      30,
    ],
  ])('count %s', (_what, changes, nowMinute, minutes) => {
    const now = clock(9) + nowMinute * 60_000;
    expect(emptySeatMsOf(record(...changes), now) / 60_000).toBe(minutes);
  });

  it('are reported, even for one second', async () => {
    const day = {
      ...{ doctorId: 'rao', date: TODAY, classes: DEFAULT_CLASSES },
      slots: [[record(set(one), ...waiting('W1'))], [record(set(one), ...waiting('W2'))]],
      at: epochMs(clock(9, 10) + 1_000),
    };
    const report = await dayReportOf(day, new AbortController().signal);
    expect(report.emptySeatMinutes).toBe(0.1);
  });
});
