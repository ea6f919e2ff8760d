import { describe, expect, it } from 'vitest';
import { alternativesTo, NEW_SLOT, type SlotFacts } from '../../src/engine/index.ts';
import { Clinic, clock, momentOf } from '../support/engine/clinic.ts';
import { place } from '../support/engine/places.ts';

/** The slots that a waiting patient is shown at an hour, beside the full slot from nine to ten; `ten` has these facts. */
function shownTo(waiter: string, hour: number, facts: Partial<SlotFacts>, people = ''): string[] {
  const rules = { graceMinutes: 30 };
  const more = [place('ten', people, facts), place('sen')];
  const clinic = new Clinic({ people: `E1 ${waiter}:WAITING`, rules, more });
  const slots = alternativesTo(clinic.token(waiter), momentOf(clinic.engine, clock(hour)));
  return slots.map((slot) => slot.facts.id);
}

describe('R4 the alternatives of a waiting patient are slots that the patient can still make', () => {
  it.each<[fact: string, waiter: string, hour: number, facts: Partial<SlotFacts>]>([
    ['with a free seat', 'W2', 8, {}],
    ['that have begun', 'W2', 10, {}],
    ['that run late', 'W2', 11, { delayMinutes: 10 }],
    ['that take emergencies only, for an emergency (R23)', 'E2', 8, { intake: 'EMERGENCY' }],
  ])('slots %s', (_, waiter, hour, facts) => {
    expect(shownTo(waiter, hour, facts)).toEqual(['ten']);
  });

  it.each<[fact: string, waiter: string, hour: number, facts: Partial<SlotFacts>, people?: string]>(
    [
      ['that is full', 'W2', 8, {}, 'W9'],
      ['that is over, although grace still lets it be booked', 'W2', 11, {}],
      ['that is closed', 'W2', 8, { closedReason: 'ill' }],
      ['that takes emergencies only (R23)', 'P2', 8, { intake: 'EMERGENCY' }],
      ['that takes nobody new (R23)', 'E2', 8, { intake: 'NONE' }],
      ['that is kept for its patients (R25)', 'W2', 8, { kept: { replacement: null } }],
    ],
  )('no slot %s', (_, waiter, hour, facts, people) => {
    expect(shownTo(waiter, hour, { ...NEW_SLOT, ...facts }, people)).toEqual([]);
  });

  it('at most three, in the order of their starts', () => {
    const starts = [14, 11, 13, 12, 10];
    const more = starts.map((hour) => ({
      slot: {
        ...place('ten').slot,
        id: `at${hour}`,
        startTime: clock(hour),
        endTime: clock(hour, 30),
      },
    })) as never;
    const clinic = new Clinic({ people: 'E1 W2:WAITING', more });
    const slots = alternativesTo(clinic.token('W2'), momentOf(clinic.engine, clock(8)));
    expect(slots.map(({ facts }) => facts.id)).toEqual(['at10', 'at11', 'at12']);
  });
});
