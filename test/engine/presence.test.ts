import { describe, expect, it } from 'vitest';
import { epochMs, localDate, type EpochMs, type LocalDate } from '../../src/engine/index.ts';
import { Clinic, clock, NOW, TODAY, TOMORROW } from '../support/engine/clinic.ts';
import { place } from '../support/engine/places.ts';
import { snapshotOf } from '../support/engine/snapshot.ts';

const justBefore = (at: EpochMs): EpochMs => epochMs(at - 1);
const yesterday = localDate('2026-01-04');

describe('R20 a patient checks in on the date of the slot only', () => {
  const evening = { date: yesterday, startTime: clock(-3), endTime: clock(-1) };
  const night = { date: yesterday, startTime: clock(-2), endTime: clock(4) };
  const ended = { ok: false, refusal: { code: 'slot_ended' } };
  const tooEarly = { ok: false, refusal: { code: 'too_early', allowedFrom: clock(24) } };
  type Row = [fact: string, slot: object, at: EpochMs, today: LocalDate, refusal: object | null];

  it.each<Row>([
    ['at the first instant of the date', {}, clock(0), TODAY, null],
    ['hours after the slot has ended, on its date', {}, justBefore(clock(24)), TODAY, null],
    ['just before its date', place('tue').slot ?? {}, justBefore(clock(24)), TODAY, tooEarly],
    ['at the first instant of a later date', place('tue').slot ?? {}, clock(24), TOMORROW, null],
    [
      'four hours after an evening slot, less an instant',
      evening,
      justBefore(clock(3)),
      TODAY,
      null,
    ],
    ['four hours after an evening slot', evening, clock(3), TODAY, ended],
    ['after midnight, in a slot that is running', night, clock(3), TODAY, null],
    ['on the day after', {}, clock(24), TOMORROW, ended],
  ])('%s', (_, slot, at, today, refusal) => {
    for (const status of ['BOOKED', 'SKIPPED']) {
      const clinic = new Clinic({ people: `W1:${status}`, slot });
      const before = snapshotOf(clinic.engine);
      const outcome = clinic.checkIn('W1', at, today);
      if (refusal === null) expect(outcome).toMatchObject({ ok: true });
      else {
        expect(outcome).toEqual(refusal);
        expect(snapshotOf(clinic.engine)).toEqual(before);
      }
    }
  });

  it('a status that allows no check-in is told before the day, and an ended slot before the status', () => {
    const [waiting, tue] = ['E1 W1:WAITING', place('tue').slot ?? {}];
    const early = new Clinic({ people: waiting, slot: tue }).checkIn('W1', NOW);
    expect(early).toMatchObject({ refusal: { code: 'invalid_transition' } });
    const late = new Clinic({ people: waiting }).checkIn('W1', clock(24), TOMORROW);
    expect(late).toEqual(ended);
  });

  it('a start needs no check-in and no date', () => {
    const clinic = new Clinic({ people: 'W1', slot: place('tue').slot ?? {} });
    expect(clinic.start('W1').ok).toBe(true);
  });
});
