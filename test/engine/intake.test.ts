import { describe, expect, it } from 'vitest';
import { alternativesTo, slotId, type Intake, type SlotFacts } from '../../src/engine/index.ts';
import {
  accepted,
  Clinic,
  clock,
  doctorFacts,
  NOW,
  slotFacts,
  TODAY,
} from '../support/engine/clinic.ts';
import { place } from '../support/engine/places.ts';
import { recordsOf, take } from '../support/engine/steps.ts';
import { slotsOf, MORNING } from '../support/engine/week.ts';

const KEPT = { kept: { replacement: null } };

describe('which newcomers a slot takes (R23, R25)', () => {
  it.each<[slot: Partial<SlotFacts>, taken: string, refused: string]>([
    [{ intake: 'ALL' }, 'E1 P1 W1', ''],
    [{ intake: 'EMERGENCY' }, 'E1', 'P1 F1 O1 W1'],
    [{ intake: 'NONE' }, '', 'E1 P1 W1'],
    [{ intake: 'ALL', ...KEPT }, '', 'E1 P1 W1'],
  ])('a slot with %j takes %s and refuses %s', (slot, taken, refused) => {
    const codesOf = (names: string): string[] =>
      names.split(' ').flatMap((name) => {
        if (name === '') return [];
        const outcome = new Clinic({ slot }).book(name);
        const more = [place('ten', name)];
        const moved = new Clinic({ slot, more }).move(name, 'nine');
        return [outcome, moved].map((each) => (each.ok ? 'ok' : each.refusal.code));
      });
    expect(new Set(codesOf(taken))).toEqual(new Set(taken === '' ? [] : ['ok']));
    expect(new Set(codesOf(refused))).toEqual(new Set(refused === '' ? [] : ['intake_closed']));
  });

  it('promotions and the patients of the slot go on', () => {
    const clinic = new Clinic({ people: 'W1 W2:WAITING', slot: { intake: 'NONE' } });
    expect(recordsOf(clinic.cancel('W1'))).toEqual(['cancelled W1', 'promoted W2 by W1']);
    for (const step of ['checkIn W2', 'callNext', 'complete W2'])
      expect(take(clinic, step).ok).toBe(true);
  });

  it('the hospital still moves patients into a slot that takes nobody new, but not into a kept one', () => {
    const into = (slot: Partial<SlotFacts>) =>
      new Clinic({ people: 'W1', more: [place('ten', '', slot)] }).closeSlot('ten');
    expect(accepted(into({ intake: 'NONE' })).value.affected).toMatchObject([{ outcome: 'moved' }]);
    expect(into(KEPT)).toEqual({ ok: false, refusal: { code: 'intake_closed' } });
  });
});

describe('setting the intake (R23)', () => {
  it('is one record, and a repeat is none (R9)', () => {
    const clinic = new Clinic({ people: 'W1' });
    const [change] = accepted(clinic.reviseSlot({ intake: 'NONE' })).changes;
    expect(change).toMatchObject({ kind: 'slot_set', slot: slotFacts({ intake: 'NONE' }) });
    expect(accepted(clinic.reviseSlot({ intake: 'NONE' })).changes).toEqual([]);
  });

  it('leaves seats and delay as they are, and they leave the intake', () => {
    const clinic = new Clinic({ slot: { capacity: 3, delayMinutes: 10 } });
    clinic.reviseSlot({ intake: 'EMERGENCY' });
    clinic.reviseSlot({ capacity: 2 });
    clinic.delayDay({ minutes: 20 });
    expect(clinic.slot.facts).toMatchObject({
      ...{ intake: 'EMERGENCY', capacity: 2, delayMinutes: 20 },
    });
  });
});

describe('slots that take nobody are not offered (R23, R25)', () => {
  const withTuesday = (monday: Partial<SlotFacts>): Clinic => {
    const clinic = new Clinic({});
    const [first, second] = slotsOf(MORNING);
    if (first === undefined || second === undefined) throw new Error('two days have two slots');
    clinic.engine.putDoctor(
      doctorFacts({ sessions: [MORNING] }),
      [{ ...first, ...monday }, second],
      NOW,
    );
    return clinic;
  };

  it.each<[Partial<SlotFacts>, string]>([
    [{}, 'morning@2026-01-05'],
    [{ intake: 'EMERGENCY' }, 'intake_closed'],
    [{ intake: 'NONE' }, 'morning@2026-01-06'],
    [KEPT, 'morning@2026-01-06'],
  ])("a session's id with a first slot of %j means %s", (monday, expected) => {
    const outcome = withTuesday(monday).book('W1', { slotId: slotId('morning') });
    expect(outcome.ok ? outcome.value.token.slot.facts.id : outcome.refusal.code).toBe(expected);
  });

  it.each<[intake: Intake, kept: SlotFacts['kept'], newcomer: string, offered: string[]]>([
    ['ALL', null, 'W9', ['ten']],
    ['EMERGENCY', null, 'W9', []],
    ['EMERGENCY', null, 'E9', ['ten']],
    ['NONE', null, 'E9', []],
    ['ALL', { replacement: null }, 'E9', []],
  ])('intake %s, kept %j: %s is offered %j', (intake, kept, name, offered) => {
    const more = [place('ten', '', { intake, kept })];
    const clinic = new Clinic({ people: 'E1:CHECKED_IN', more });
    const { token } = accepted(clinic.book(name)).value;
    const moment = { engine: clinic.engine, at: clock(8), todayIn: () => TODAY };
    const found = alternativesTo(token, moment);
    expect(found.map(({ facts }) => facts.id)).toEqual(offered);
  });
});
