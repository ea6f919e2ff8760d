import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AllocationEngine, type DoctorId, type Outcome } from '../../src/engine/index.ts';
import { given, NOW, RAO, SEN } from '../support/engine/clinic.ts';
import {
  doctorAt,
  histories,
  opened,
  perform,
  slotAt,
  type Action,
} from '../support/model/history.ts';
import { rerun, seed } from '../support/seed.ts';
import { plain, snapshotOf } from '../support/engine/snapshot.ts';

/** The doctors that an action names, and the doctor of its token. */
function doctorsOf(engine: AllocationEngine, action: Action): DoctorId[] {
  const places = [
    'slot' in action && action.slot !== null ? action.slot : [],
    'moveTo' in action && action.moveTo !== null ? action.moveTo : [],
  ].flat();
  const doctors = [
    ...places.map((place) => slotAt(place).doctorId),
    ...('doctor' in action ? [doctorAt(action.doctor)] : []),
    engine.anyToken(action.token)?.slot.facts.doctorId ?? [],
  ].flat();
  return [...new Set(doctors)];
}

const answerOf = (outcome: Outcome<unknown>): object =>
  outcome.ok ? { changes: outcome.changes, value: plain(outcome.value) } : outcome.refusal;

describe('a dry run', () => {
  it(`of any command answers as the command does, and does not change the engine ${rerun}`, () => {
    const property = fc.property(histories, (history) => {
      const { engine } = opened();
      for (const action of history) {
        const before = snapshotOf(engine);
        const dryRun = perform(engine.copyForDryRun(doctorsOf(engine, action)), action);
        // The engine is compared before it runs the command itself, because a shared object would show here.
        const answer = answerOf(dryRun);
        expect(snapshotOf(engine)).toEqual(before);
        expect(answer).toEqual(answerOf(perform(engine, action)));
      }
    });
    fc.assert(property, { seed, numRuns: 200 });
  });

  it('copies the doctors that are asked for, and no others', () => {
    const { engine } = given(1, 'W1 W2:WAITING');
    expect(snapshotOf(engine.copyForDryRun([RAO]))).toEqual(snapshotOf(engine).slice(0, 1));
    expect(engine.copyForDryRun([SEN]).doctor(RAO)).toBeUndefined();
    expect(snapshotOf(engine.copyForDryRun(['x' as DoctorId]))).toEqual([]);
  });

  it('copies the numbers of days whose slots are evicted (R10)', () => {
    const clinic = given(1, 'W1 W2:WAITING');
    clinic.engine.evictSlot(clinic.slot);
    const facts = clinic.slot.facts;
    for (const engine of [clinic.engine, clinic.engine.copyForDryRun([RAO])]) {
      engine.addSlot(facts, NOW);
      expect(engine.slot(facts.id)?.day.lastNumber).toBe(2);
    }
  });
});
