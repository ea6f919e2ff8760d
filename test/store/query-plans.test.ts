import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { migrate } from '../../src/store/sqlite/open.ts';
import { READS } from '../../src/store/sqlite/statements.ts';
import { tempDir } from '../support/process/temp-dir.ts';

/** The steps of SQLite's plan for a statement. */
function planOf(sql: string): string[] {
  const path = join(tempDir(), 'opd.db');
  migrate(path);
  const database = new DatabaseSync(path, { readOnly: true });
  const steps = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
  database.close();
  return steps.map(({ detail }) => String(detail));
}

/** A plan step that reads a whole table which grows with the years. */
const GROWING = /^SCAN (tokens|changes|slots)$/;

it.each(Object.entries(READS))(
  '%s does not read a whole table that grows with the years',
  (_, sql) => {
    expect(planOf(sql).filter((step) => GROWING.test(step))).toEqual([]);
  },
);

it('waiting tokens are found without a read of the other tokens', () => {
  expect(planOf(READS.slotsToLoad).join('\n')).toContain('USING COVERING INDEX tokens_waiting');
});

it('the changes of a slot are found by the indexes on its own records and on those of its tokens', () => {
  const plan = planOf(READS.slotChanges).join('\n');
  for (const index of ['changes_by_slot', 'changes_by_token', 'tokens_by_slot'])
    expect(plan).toContain(index);
});
