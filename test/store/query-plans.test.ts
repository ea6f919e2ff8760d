import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { migrate } from '../../src/store/sqlite/open.ts';
import { READS } from '../../src/store/sqlite/statements.ts';
import { tempDir } from '../support/process/temp-dir.ts';

/** How SQLite would go about a statement, step by step. */
function planOf(sql: string): string[] {
  const path = join(tempDir(), 'opd.db');
  migrate(path);
  const database = new DatabaseSync(path, { readOnly: true });
  const steps = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
  database.close();
  return steps.map(({ detail }) => String(detail));
}

/** Tables that grow with the years. */
const GROWING = /^SCAN (tokens|changes|slots)$/;

it.each(Object.entries(READS))(
  '%s reads no table from end to end that grows with the years',
  (_, sql) => {
    expect(planOf(sql).filter((step) => GROWING.test(step))).toEqual([]);
  },
);

it('who still waits is found without looking at those who do not', () => {
  expect(planOf(READS.slotsToLoad).join('\n')).toContain('USING COVERING INDEX tokens_waiting');
});

it('what happened in a slot is found by its own records and by those of its tokens', () => {
  const plan = planOf(READS.slotChanges).join('\n');
  for (const index of ['changes_by_slot', 'changes_by_token', 'tokens_by_slot'])
    expect(plan).toContain(index);
});
