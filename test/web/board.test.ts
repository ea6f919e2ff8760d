import { describe, expect, it } from 'vitest';
import { callersBetween } from '../../src/web/board/calls.ts';
import { doctorStateOf, type DoctorState } from '../../src/web/board/doctor-state.ts';
import { boardOptionsOf } from '../../src/web/board/options.ts';

// What the board decides by itself. test/browser/board.test.ts shows it in a browser.

type Slot = Parameters<typeof doctorStateOf>[0]['slots'][number];
const slot = (status: Slot['status'], delay_minutes = 0): Slot => ({ status, delay_minutes });
const UNTIL = '2026-11-23T10:00:00.000Z';

describe("a doctor's state", () => {
  it.each<[string, readonly Slot[], string | null, number, DoctorState]>([
    // what                                   slots                             break  inside  state
    ['no slot', [], null, 0, { kind: 'absent' }],
    ['an open slot', [slot('OPEN')], null, 0, { kind: 'open' }],
    ['a late slot', [slot('OPEN', 20)], null, 1, { kind: 'late', minutes: 20 }],
    ['a late slot that is over', [slot('ENDED', 20), slot('OPEN')], null, 0, { kind: 'open' }],
    ['a break', [slot('OPEN', 20)], UNTIL, 0, { kind: 'break', until: UNTIL }],
    ['one slot of two closed', [slot('CLOSED'), slot('OPEN')], null, 0, { kind: 'open' }],
    ['the rest of the day closed', [slot('ENDED'), slot('CLOSED')], null, 1, { kind: 'closed' }],
    ['all over', [slot('ENDED')], null, 0, { kind: 'over' }],
    ['all over but one patient', [slot('ENDED')], null, 1, { kind: 'open' }],
  ])('with %s', (_, slots, break_until, inside, state) => {
    const in_consultation = Array.from({ length: inside }, () => ({}));
    expect(doctorStateOf({ break_until, in_consultation, slots })).toEqual(state);
  });
});

describe('a call', () => {
  const doctor = (doctor_id: string, ...calls: readonly (readonly [number, string | null])[]) => ({
    doctor_id,
    in_consultation: calls.map(([number, room]) => ({ number, room })),
  });

  it('is a number that was not with the doctor before, or was in another room', () => {
    const before = [doctor('a', [1, '1']), doctor('b', [2, null]), doctor('c')];
    expect(callersBetween(before, before)).toEqual([]);
    expect(callersBetween(before, [doctor('a'), doctor('b', [2, null]), doctor('c')])).toEqual([]);
    const after = [doctor('a', [1, '2']), doctor('b', [2, null], [5, null]), doctor('c')];
    expect(callersBetween(before, after)).toEqual(['a', 'b']);
  });

  it('is nothing that the board sees when it starts, or when a doctor appears', () => {
    const shown = [doctor('a', [1, '1'])];
    expect(callersBetween(null, shown)).toEqual([]);
    expect(callersBetween(shown, [...shown, doctor('b', [9, null])])).toEqual([]);
  });
});

it('the URL says what a board shows', () => {
  expect(boardOptionsOf('')).toEqual({
    ...{ doctorIds: [], department: null, hasSound: true, flashes: true },
  });
  expect(boardOptionsOf('?doctor_id=a&doctor_id=b&sound=off&flash=off&department=Eye')).toEqual({
    ...{ doctorIds: ['a', 'b'], department: 'Eye', hasSound: false, flashes: false },
  });
});
