import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AllocationEngine } from '../../src/engine/index.ts';
import { histories, HISTORY_RULES, opened, play } from '../support/model/history.ts';
import { rerun, seed } from '../support/seed.ts';
import { restored, snapshotOf } from '../support/engine/snapshot.ts';

const RUNS = { seed, numRuns: 500 };

describe('R16 the same history gives the same state', () => {
  it(`and the same changes, whenever it is played ${rerun}`, () => {
    const property = fc.property(histories, (history) => {
      const [first, second] = [opened(), opened()];
      expect(play(first.engine, history)).toEqual(play(second.engine, history));
      expect(snapshotOf(first.engine)).toEqual(snapshotOf(second.engine));
    });
    fc.assert(property, RUNS);
  });

  it(`by its changes alone ${rerun}`, () => {
    const property = fc.property(histories, (history) => {
      const { engine, changes } = opened();
      changes.push(...play(engine, history));
      const replayed = new AllocationEngine(HISTORY_RULES);
      for (const change of changes) replayed.apply(change);
      expect(snapshotOf(replayed)).toEqual(snapshotOf(engine));
    });
    fc.assert(property, RUNS);
  });

  it(`across a restart at any point ${rerun}`, () => {
    const property = fc.property(histories, fc.nat(80), (history, point) => {
      const { engine } = opened();
      play(engine, history.slice(0, point));
      const restarted = restored(snapshotOf(engine), HISTORY_RULES);
      expect(play(restarted, history, point)).toEqual(play(engine, history, point));
      expect(snapshotOf(restarted)).toEqual(snapshotOf(engine));
    });
    fc.assert(property, RUNS);
  });
});
