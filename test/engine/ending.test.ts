import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/engine/index.ts';
import { accepted, Clinic, clock, SEN } from '../support/engine/clinic.ts';
import { place } from '../support/engine/places.ts';
import { snapshotOf } from '../support/engine/snapshot.ts';
import { recordsOf } from '../support/engine/steps.ts';

const people = 'W1 E1:CHECKED_IN W2:WAITING F1:WAITING:checked-in';
const two = { capacity: 2 };
const EXPIRED = ['expired F1', 'expired W2'];

describe('R11 when a slot ends, its waiting tokens expire', () => {
  it.each<[delay: number, grace: number, hour: number, minute: number]>([
    [0, 0, 10, 0],
    [20, 0, 10, 20],
    [0, 15, 10, 15],
    [20, 15, 10, 35],
  ])('delay %i, grace %i: from %i:%i on', (delayMinutes, graceMinutes, hour, minute) => {
    const slot = { ...two, delayMinutes };
    const clinic = new Clinic({ people, slot, rules: { graceMinutes } });
    const end = clock(hour, minute);
    expect(recordsOf(clinic.advanceTime((end - 1) as typeof end))).toEqual([]);
    const outcome = clinic.advanceTime(end);
    expect(recordsOf(outcome)).toEqual(EXPIRED);
    expect(accepted(outcome).changes[0]).toMatchObject({
      from: 'WAITING',
      to: 'EXPIRED',
      at: end,
      version: 2,
      cause: null,
    });
    expect(clinic.board()).toBe('E1 W1 |');
  });

  it('also days later, and once', () => {
    const clinic = new Clinic({ people, slot: two });
    expect(recordsOf(clinic.advanceTime(clock(100)))).toEqual(EXPIRED);
    expect(recordsOf(clinic.advanceTime(clock(101)))).toEqual([]);
  });

  it('also when a seat became free after the end', () => {
    const clinic = new Clinic({ people, slot: two });
    clinic.cancel('W1', clock(10));
    expect(recordsOf(clinic.advanceTime(clock(10)))).toEqual(EXPIRED);
  });

  it.each<
    [what: string, people: string, command: (clinic: Clinic) => Outcome<unknown>, first: string]
  >([
    ['a skip', 'W1:CHECKED_IN F1:WAITING', (clinic) => clinic.skip('W1', clock(10)), 'skipped W1'],
    [
      'an undo',
      'W1 F1:WAITING',
      (clinic) => {
        clinic.checkIn('W1');
        return clinic.undo('W1', clock(10));
      },
      'undone W1',
    ],
    [
      'a higher class of a waiting token',
      'O1 F1:CHECKED_IN W1:WAITING W2:WAITING',
      (clinic) => clinic.reclassify('W1', 'E', clock(10)),
      'reclassified W1',
    ],
    [
      'a lower class of a seated token',
      'E1 F1:WAITING',
      (clinic) => clinic.reclassify('E1', 'W', clock(10)),
      'reclassified E1',
    ],
  ])(
    'at the latest in a command after which one of them may bump a seated token: %s (R8)',
    (_, people, command, first) => {
      const seats = people.split(' ').filter((name) => !name.includes('WAITING')).length;
      const clinic = new Clinic({ people, slot: { capacity: seats } });
      const waiting = [...clinic.slot.waitlist()].map(({ id }) => id);
      const expired = recordsOf(command(clinic));
      expect(expired.toSorted()).toEqual(
        [...waiting.map((id) => `expired ${id}`), first].toSorted(),
      );
      // The clock is set back: no token waits that may bump a seated one.
      expect(clinic.slot.waiting).toBe(0);
    },
  );

  it('in every slot that has ended, and in no other', () => {
    const more = [place('ten', 'W3 W4:WAITING'), place('tue', 'W5 W6:WAITING')];
    const clinic = new Clinic({ people, slot: two, more });
    expect(recordsOf(clinic.advanceTime(clock(10)))).toEqual(EXPIRED);
    expect(recordsOf(clinic.advanceTime(clock(11)))).toEqual(['expired W4']);
    const later = new Clinic({ people, slot: two, more });
    expect(recordsOf(later.advanceTime(clock(24)))).toEqual([...EXPIRED, 'expired W4']);
    expect(later.board('tue')).toBe('W5 | W6');
  });

  it('an expired token is not found again and gets no seat', () => {
    const clinic = new Clinic({ people, slot: two });
    clinic.advanceTime(clock(10));
    const before = snapshotOf(clinic.engine);
    expect(clinic.cancel('W2')).toEqual({ ok: false, refusal: { code: 'token_not_found' } });
    expect(snapshotOf(clinic.engine)).toEqual(before);
    expect(recordsOf(clinic.cancel('W1', clock(10)))).toEqual(['cancelled W1']);
  });

  it('of one doctor only', () => {
    const clinic = new Clinic({ people, slot: two, more: [place('sen', 'W7 W8:WAITING')] });
    expect(recordsOf(clinic.advanceTime(clock(24), SEN))).toEqual(['expired W8']);
    expect(clinic.board()).toBe('E1 W1 | F1 W2');
  });
});
