import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { migrate } from '../../src/store/sqlite/open.ts';
import { READS, WRITES } from '../../src/store/sqlite/statements.ts';
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

it.each(Object.entries({ ...READS, ...WRITES }))(
  '%s does not read a whole table that grows with the years',
  (_, sql) => {
    expect(planOf(sql).filter((step) => GROWING.test(step))).toEqual([]);
  },
);

it('a start finds the slots that are not indexed, and the tokens that are not, without a read of the others', () => {
  expect(planOf(READS.slotsToLoad).join('\n')).toContain('USING COVERING INDEX slots_unindexed');
  const steps = planOf(READS.unindexedTokens);
  expect(steps).toContain('SEARCH changes USING INTEGER PRIMARY KEY (rowid>?)');
  expect(steps).toContain('SEARCH tokens USING PRIMARY KEY (id=?)');
});

it('the changes of a token are found by their positions', () => {
  for (const sql of [READS.history, READS.recordOfToken])
    expect(planOf(sql)).toContain('SEARCH changes USING INTEGER PRIMARY KEY (rowid=?)');
});

it('the tokens of a slot are found by their index, and by no other read when the slot is indexed', () => {
  const plan = planOf(READS.tokensOf).join('\n');
  expect(plan).toContain('SEARCH tokens USING INDEX tokens_by_slot (slot_id=?)');
  expect(plan).toMatch(/SEARCH slots USING PRIMARY KEY \(id=\?\)\nSEARCH changes/);
});

it('the changes of a slot are found by the index on its own records and by the changes of its tokens', () => {
  const plan = planOf(READS.slotChanges).join('\n');
  for (const index of ['changes_by_slot', 'tokens_by_slot', 'INTEGER PRIMARY KEY'])
    expect(plan).toContain(index);
});
