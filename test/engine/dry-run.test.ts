import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  NEW_SESSION,
  doctorId,
  sessionId,
  slotId,
  type AllocationEngine,
  type Outcome,
  type Session,
} from '../../src/engine/index.ts';
import { given, NOW } from '../support/engine/clinic.ts';
import { histories, opened, perform } from '../support/model/history.ts';
import { rerun, seed } from '../support/seed.ts';
import { plain, snapshotOf } from '../support/engine/snapshot.ts';

/** Everything that an engine knows, its indexes included. */
const stateOf = (engine: AllocationEngine) => ({
  snapshot: snapshotOf(engine),
  doctors: Array.from(engine.doctors, (doctor) => ({
    ...doctor.snapshot(),
    days: doctor.slots.map(({ day }) => day.slots.map(({ facts }) => facts.id)),
    checkedInEmergencies: doctor.slots.map((slot) => slot.checkedInEmergencies),
  })),
  tokens: Array.from(engine.tokens, ({ id, slot }) => `${id} in ${slot.facts.id}`).sort(),
  patients: Array.from(engine.tokens)
    .flatMap(({ patientId }) => patientId ?? [])
    .map(
      (id) =>
        `${id}: ${engine.patients
          .tokensOf(id)
          .map((token) => token.id)
          .sort()
          .join()}`,
    )
    .sort(),
});

const answerOf = (outcome: Outcome<unknown>): object =>
  outcome.ok ? { changes: outcome.changes, value: plain(outcome.value) } : outcome.refusal;

describe('a dry run', () => {
  it(`of any command answers as the command does, and does not change the engine ${rerun}`, () => {
    const property = fc.property(histories, (history) => {
      const { engine } = opened();
      for (const action of history) {
        const before = stateOf(engine);
        const answer = engine.dryRun(() => answerOf(perform(engine, action)));
        expect(stateOf(engine)).toEqual(before);
        expect(answer).toEqual(answerOf(perform(engine, action)));
      }
    });
    fc.assert(property, { seed, numRuns: 200 });
  });

  it('of a new doctor, a new session and new slots leaves neither them nor their ids behind', () => {
    const { engine, slot } = given(1, 'W1 W2:WAITING');
    const before = stateOf(engine);
    const hours = { ...NEW_SESSION, start: '18:00', end: '19:00', capacity: 2 };
    const session: Session = { id: sessionId('evenings'), weekdays: ['mon'], ...hours };
    const facts = { ...slot.doctor.facts, sessions: [session] };
    const doctor = { ...facts, id: doctorId('new') };
    const planned = { ...slot.facts, id: slotId('evenings@2026-01-05'), doctorId: doctor.id };
    const single = { ...slot.facts, id: slotId('single') };
    const run = () => {
      expect(engine.putDoctor(doctor, [planned], NOW)).toMatchObject({ ok: true });
      expect(engine.addSlot(single, NOW)).toMatchObject({ ok: true });
      expect(engine.putDoctor({ ...slot.doctor.facts, name: 'renamed' }, [], NOW)).toMatchObject({
        ok: true,
      });
      return engine.doctor(doctor.id)?.slots.length;
    };
    expect(engine.dryRun(run)).toBe(1);
    expect(stateOf(engine)).toEqual(before);
    expect(engine.putDoctor(facts, [{ ...planned, doctorId: facts.id }], NOW)).toMatchObject({
      ok: true,
    });
  });

  it('that meets an error rolls back what it has changed until then', () => {
    const { engine, slot } = given(1, 'W1 W2:WAITING');
    const before = stateOf(engine);
    const run = () => {
      engine.closeSlot({ slotId: slot.facts.id, reason: 'ill', moveTo: null, at: NOW });
      throw new Error('the answer cannot be made');
    };
    expect(() => engine.dryRun(run)).toThrow('the answer cannot be made');
    expect(stateOf(engine)).toEqual(before);
  });
});
