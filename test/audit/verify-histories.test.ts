import fc from 'fast-check';
import { expect, it } from 'vitest';
import { verify } from '../../src/audit/verify.ts';
import {
  fixedHistories,
  histories,
  HISTORY_RULES,
  opened,
  play,
} from '../support/model/history.ts';
import { casesOf, rerun, seed } from '../support/seed.ts';
import { recordedSource } from '../support/store/recorded-source.ts';

it(`finds nothing in the records of any history ${rerun}`, async () => {
  const property = fc.asyncProperty(histories, async (history) => {
    const { engine, changes } = opened();
    changes.push(...play(engine, history));
    const { faults } = await verify(recordedSource(changes, engine), HISTORY_RULES);
    expect(faults).toEqual([]);
  });
  await fc.assert(property, { seed, numRuns: casesOf(1_000), examples: fixedHistories() });
});
