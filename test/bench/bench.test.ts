import { expect, it } from 'vitest';
import { BENCHES } from '../../bench/bench.ts';
import { print } from '../../bench/lib/report.ts';
import { partOf, rerun } from '../support/seed.ts';
import { runTool } from '../support/process/tool.ts';

// Each bench checks its own answers and throws when one is wrong. The sizes are tiny here.
it.each(partOf(Object.keys(BENCHES)))(
  `the %s bench runs, and all its answers are right ${rerun}`,
  async (name) => {
    const steps: (readonly [number, number])[] = [];
    const report = await BENCHES[name]?.((_step, nth, of) => steps.push([nth, of]));
    if (report === undefined) throw new Error('a bench has no report');
    expect(report.checked).not.toBe('');
    expect(report.rows.length).toBeGreaterThan(1);
    for (const row of report.rows) expect(row).toHaveLength(report.head.length);
    expect(print(report)).not.toMatch(/NaN|undefined|Infinity/);
    expect(steps).not.toEqual([]);
    for (const [nth, of] of steps) expect(nth).toBeLessThanOrEqual(of);
  },
);

it('the bench shows its progress on standard error and its result on standard output', async () => {
  const { code, output, errors } = await runTool('bench/bench.ts', ['--only', 'memory'], {
    VITEST: 'true',
  });
  const lines = errors.trimEnd().split('\n');
  expect(lines).toHaveLength(4);
  expect(lines[0]).toMatch(/^memory \(part 1 of 1\), \d+ s$/);
  expect(lines[3]).toMatch(/^memory \(part 1 of 1\): slot length 3 of 3, \d+ s$/);
  expect(output).toMatch(/^## Memory/);
  expect(output).not.toContain('part 1');
  expect(code).toBe(0);
});

it.each<[string, readonly string[], string]>([
  ['an unknown option', ['--part', 'http'], "Unknown option '--part'. --help lists"],
  ['an unknown part', ['--only', 'http,htpp'], '--only=htpp is not a part of the bench. --help'],
  ['an unknown argument', ['http'], "Unexpected argument 'http'. --help lists"],
])(
  'the bench names the fault in one sentence when it is given %s',
  async (_fault, args, sentence) => {
    const { code, output, errors } = await runTool('bench/bench.ts', args);
    expect(errors).toContain(sentence);
    expect(errors.trim()).not.toContain('\n');
    expect(output).toBe('');
    expect(code).toBe(1);
  },
);
