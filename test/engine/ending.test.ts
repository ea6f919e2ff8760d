import { describe, expect, it } from 'vitest';
import { accepted, Clinic, clock, SEN } from '../support/engine/clinic.ts';
import { place } from '../support/engine/places.ts';
import { snapshotOf } from '../support/engine/snapshot.ts';
import { recordsOf } from '../support/engine/steps.ts';

const people = 'W1 E1:CHECKED_IN W2:WAITING F1:WAITING:present';
const two = { capacity: 2 };
const EXPIRED = ['expired F1', 'expired W2'];

describe('R11 when a slot ends, its waiters are expired', () => {
  it.each<[delay: number, grace: number, hour: number, minute: number]>([
    [0, 0, 10, 0],
    [20, 0, 10, 20],
    [0, 15, 10, 15],
    [20, 15, 10, 35],
  ])('delay %i, grace %i: from %i:%i on', (delayMinutes, graceMinutes, hour, minute) => {
    const slot = { ...two, delayMinutes };
    const clinic = new Clinic({ people, slot, rules: { graceMinutes } });
    const end = clock(hour, minute);
    expect(recordsOf(clinic.passTime((end - 1) as typeof end))).toEqual([]);
    const outcome = clinic.passTime(end);
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

  it('also days after, and once', () => {
    const clinic = new Clinic({ people, slot: two });
    expect(recordsOf(clinic.passTime(clock(100)))).toEqual(EXPIRED);
    expect(recordsOf(clinic.passTime(clock(101)))).toEqual([]);
  });

  it('also beside a free seat that nobody was given after the end', () => {
    const clinic = new Clinic({ people, slot: two });
    clinic.cancel('W1', clock(10));
    expect(recordsOf(clinic.passTime(clock(10)))).toEqual(EXPIRED);
  });

  it('in every slot that has ended, and in no other', () => {
    const more = [place('ten', 'W3 W4:WAITING'), place('tue', 'W5 W6:WAITING')];
    const clinic = new Clinic({ people, slot: two, more });
    expect(recordsOf(clinic.passTime(clock(10)))).toEqual(EXPIRED);
    expect(recordsOf(clinic.passTime(clock(11)))).toEqual(['expired W4']);
    const later = new Clinic({ people, slot: two, more });
    expect(recordsOf(later.passTime(clock(24)))).toEqual([...EXPIRED, 'expired W4']);
    expect(later.board('tue')).toBe('W5 | W6');
  });

  it('who is expired is not found again, and takes no seat', () => {
    const clinic = new Clinic({ people, slot: two });
    clinic.passTime(clock(10));
    const before = snapshotOf(clinic.engine);
    expect(clinic.cancel('W2')).toEqual({ ok: false, refusal: { code: 'token_not_found' } });
    expect(snapshotOf(clinic.engine)).toEqual(before);
    expect(recordsOf(clinic.cancel('W1', clock(10)))).toEqual(['cancelled W1']);
  });

  it('of one doctor only', () => {
    const clinic = new Clinic({ people, slot: two, more: [place('sen', 'W7 W8:WAITING')] });
    expect(recordsOf(clinic.passTime(clock(24), SEN))).toEqual(['expired W8']);
    expect(clinic.board()).toBe('E1 W1 | F1 W2');
  });
});
