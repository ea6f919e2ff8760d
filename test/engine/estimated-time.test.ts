import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  callingOrderOf,
  EMERGENCY,
  endsAt,
  estimatedTimeOf,
  localDate,
  type AllocationEngine,
  type Doctor,
  type EpochMs,
  type Token,
} from '../../src/engine/index.ts';
import { Clinic, clock, momentOf, type Setup } from '../support/engine/clinic.ts';
import { place } from '../support/engine/places.ts';
import { takeAll } from '../support/engine/steps.ts';
import { dateOf, histories, HISTORY_RULES, opened, perform } from '../support/model/history.ts';
import { rerun, seed } from '../support/seed.ts';

/** The times of a clinic's live tokens at an instant, such as `W1 09:20`; a dash means no time. */
function times(clinic: Clinic, at: EpochMs, slots = ['nine']): string {
  const moment = momentOf(clinic.engine, at);
  const tokens = slots.flatMap((name) => clinic.slotOf(name).tokens());
  return tokens
    .map((token) => {
      const time = estimatedTimeOf(token, moment);
      return `${token.id} ${time === null ? '-' : new Date(time).toISOString().slice(11, 16)}`;
    })
    .join(', ');
}

const three = { capacity: 3 };

describe('R18 the estimated time of a patient', () => {
  type Row = [fact: string, setup: Setup, at: EpochMs, times: string];
  it.each<Row>([
    [
      'counts from the start of the slot',
      { people: 'W1 F1 W2' },
      clock(8),
      'F1 09:00, W1 09:20, W2 09:40',
    ],
    ['counts from now in a running slot', { people: 'W1 W2' }, clock(9, 5), 'W1 09:05, W2 09:25'],
    [
      'counts from the delayed start',
      { people: 'W1', slot: { delayMinutes: 30 } },
      clock(8),
      'W1 09:30',
    ],
    [
      'moves with the delay of a running slot, also when that leaves its start',
      { people: 'W1', slot: { delayMinutes: 30, startDelayMinutes: 0 } },
      clock(9, 5),
      'W1 09:30',
    ],
    [
      'counts one in consultation, and no one who is skipped, completed or waits',
      { people: 'W1:COMPLETED W2:IN_CONSULTATION W3 F1:WAITING' },
      clock(9, 30),
      'F1 -, W1 -, W2 09:30, W3 09:50',
    ],
    [
      'is none for one who is skipped, and the next one comes earlier',
      { people: 'W1:SKIPPED W2' },
      clock(9),
      'W1 -, W2 09:00',
    ],
    [
      'counts no one who has not come before the slot has ended',
      { people: 'W1 W2 W3:CHECKED_IN' },
      clock(10, 30),
      'W1 10:30, W2 10:30, W3 10:30',
    ],
  ])('%s', (_, setup, at, expected) => {
    const clinic = new Clinic({ ...setup, slot: { ...three, ...setup.slot } });
    expect(times(clinic, at)).toBe(expected);
  });

  it('counts a checked-in emergency of a later slot before everyone else', () => {
    const more = [place('ten', 'E1:CHECKED_IN P1', { capacity: 6 })];
    const clinic = new Clinic({ people: 'W1:CHECKED_IN W2', slot: three, more });
    expect(times(clinic, clock(9), ['nine', 'ten'])).toBe('W1 09:10, W2 09:30, E1 09:00, P1 10:00');
  });

  it('counts the leftovers of an earlier slot', () => {
    const more = [place('ten', 'W9', three)];
    const clinic = new Clinic({ people: 'W1 W2 W3', slot: three, more });
    expect(times(clinic, clock(9, 40), ['nine', 'ten'])).toBe(
      'W1 09:40, W2 10:00, W3 10:20, W9 10:40',
    );
  });

  it('counts the checked-in patients of a slot that began yesterday, and no booked one of it', () => {
    const yesterday = { date: localDate('2026-01-04'), startTime: clock(-2), endTime: clock(-1) };
    const more = [place('ten', 'W8:CHECKED_IN W9', { ...yesterday, ...three })];
    const early = { startTime: clock(1), endTime: clock(2) };
    const clinic = new Clinic({ people: 'W1', slot: early, more });
    expect(times(clinic, clock(1), ['ten', 'nine'])).toBe('W8 01:00, W9 01:20, W1 01:20');
    // Four hours after its end nobody is called from that slot.
    expect(times(clinic, clock(3), ['ten', 'nine'])).toBe('W8 -, W9 -, W1 03:00');
  });

  it('of another day counts the slots of that day alone', () => {
    const clinic = new Clinic({
      people: 'W1:CHECKED_IN W2',
      more: [place('tue', 'W3')],
      slot: three,
    });
    expect(times(clinic, clock(9), ['tue'])).toBe('W3 10:00');
  });

  it('is none from four hours after the slot on, once its day is over', () => {
    const clinic = new Clinic({ people: 'W1:IN_CONSULTATION W2', slot: three });
    expect(times(clinic, clock(23, 59))).toBe('W1 23:59, W2 00:19');
    expect(times(clinic, clock(24))).toBe('W1 -, W2 -');
  });
});

describe('R19 rooms share the patients', () => {
  it.each<[fact: string, people: string, times: string]>([
    ['each patient takes a share of the pace', 'W1 W2 W3', 'W1 09:00, W2 09:10, W3 09:20'],
    [
      'a patient in one of two rooms counts no more',
      'W1:IN_CONSULTATION W2 W3',
      'W1 09:00, W2 09:00, W3 09:10',
    ],
    [
      'with both rooms in use one patient counts',
      'W1:IN_CONSULTATION W2:IN_CONSULTATION W3',
      'W1 09:00, W2 09:00, W3 09:20',
    ],
  ])('%s', (_, people, expected) => {
    const clinic = new Clinic({ people, slot: three, doctor: { rooms: 2 } });
    expect(times(clinic, clock(9))).toBe(expected);
  });
});

describe('a break', () => {
  it('lets the times of the day begin at its end, until it is ended', () => {
    const more = [place('tue', 'W9')];
    const clinic = new Clinic({ people: 'W1 W2', slot: three, more });
    expect(clinic.setBreak(45, clock(9))).toMatchObject({ changes: [{ until: clock(9, 45) }] });
    expect(times(clinic, clock(9, 10), ['nine', 'tue'])).toBe('W1 09:45, W2 10:05, W9 10:00');
    expect(times(clinic, clock(9, 50))).toBe('W1 09:50, W2 10:10');
    expect(clinic.setBreak(0, clock(9, 20))).toMatchObject({ changes: [{ until: null }] });
    expect(times(clinic, clock(9, 20))).toBe('W1 09:20, W2 09:40');
  });

  it('that is ended twice is one change (R9)', () => {
    const clinic = new Clinic({});
    expect(clinic.setBreak(0)).toMatchObject({ ok: true, changes: [] });
  });
});

describe('R18 no patient is told a time that the calling order contradicts', () => {
  /** The times by the rule as it reads: one patient after another in the calling order. */
  function expectedTimes(engine: AllocationEngine, doctor: Doctor, at: EpochMs): number[] {
    const { inConsultation, toCall } = callingOrderOf(engine, doctor, dateOf(at), at);
    const { rooms } = doctor.facts;
    const visit = ({ slot: { facts } }: Token) =>
      (facts.endTime - facts.startTime) / facts.capacity;
    const beyond = Math.max(0, inConsultation.length - rooms + 1);
    let free = Math.max(at, doctor.breakUntil ?? 0);
    for (const token of inConsultation.slice(0, beyond)) free += visit(token);
    return toCall.map((token) => {
      const { status, patientClass, slot } = token;
      const { startTime, delayMinutes } = slot.facts;
      const isFirst = status === 'CHECKED_IN' && patientClass.type === EMERGENCY;
      if (!isFirst) free = Math.max(free, startTime + delayMinutes * 60_000);
      const time = free;
      const isCounted =
        status === 'CHECKED_IN' || at < endsAt(slot.facts, HISTORY_RULES.graceMinutes);
      if (isCounted) free += visit(token) / rooms;
      return Math.floor(time);
    });
  }

  it(`after every command of any history ${rerun}`, () => {
    const property = fc.property(histories, (history) => {
      const { engine } = opened();
      for (const action of history) {
        perform(engine, action);
        const { at } = action;
        for (const doctor of engine.doctors) {
          const { toCall } = callingOrderOf(engine, doctor, dateOf(at), at);
          const told = toCall.map((token) => Number(estimatedTimeOf(token, momentOf(engine, at))));
          expect(told).toEqual(told.toSorted((a, b) => a - b));
          // Sums of fractions of a millisecond may differ in the last place.
          const differences = expectedTimes(engine, doctor, at).map(
            (time, nth) => time - Number(told[nth]),
          );
          expect(differences.filter((difference) => Math.abs(difference) > 1)).toEqual([]);
        }
      }
    });
    fc.assert(property, { seed, numRuns: 200 });
  });

  it('and the first of the order is the one who is called', () => {
    const more = [place('ten', 'E1:CHECKED_IN', three)];
    const clinic = new Clinic({ people: 'W1 F1:CHECKED_IN', slot: three, more });
    const order = callingOrderOf(
      clinic.engine,
      clinic.slot.doctor,
      localDate('2026-01-05'),
      clock(9),
    );
    expect(order.toCall.map(({ id }) => id)).toEqual(['E1', 'F1', 'W1']);
    takeAll(clinic, 'callNext, complete E1, callNext');
    expect(clinic.token('F1').status).toBe('IN_CONSULTATION');
  });
});
