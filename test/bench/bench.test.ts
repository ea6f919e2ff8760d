import { expect, it } from 'vitest';
import { BENCHES } from '../../bench/bench.ts';
import { print } from '../../bench/lib/report.ts';

// Each bench checks its own answers and throws when one is wrong; the sizes are tiny here.
it.each(Object.keys(BENCHES))('the %s bench runs and finds its answers right', async (name) => {
  const report = await BENCHES[name]?.();
  if (report === undefined) throw new Error('a bench has no report');
  expect(report.checked).not.toBe('');
  expect(report.rows.length).toBeGreaterThan(1);
  for (const row of report.rows) expect(row).toHaveLength(report.head.length);
  expect(print(report)).not.toMatch(/NaN|undefined|Infinity/);
});
