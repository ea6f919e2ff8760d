import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runTool } from '../support/process/tool.ts';

const PACKAGE = new URL('../../package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { readonly version: string };

describe.each([
  'bench/bench.ts',
  'bench/simulation/simulate.ts',
  'bench/replay/replay.ts',
  'bench/load/load.ts',
  'bench/fuzz/fuzz.ts',
  'bench/soak/soak.ts',
  'bench/demo/screenshots.ts',
])('%s', (program) => {
  it('prints its help and does nothing else', async () => {
    const { code, output, errors } = await runTool(program, ['--help', '--unknown']);
    expect(output).toMatch(/^npm run (bench|simulate|replay|load|fuzz|soak|screenshots) -- /);
    for (const option of ['--help', '--version']) expect(output).toContain(`  ${option} `);
    expect(errors).toBe('');
    expect(code).toBe(0);
  });

  it('prints its version and does nothing else', async () => {
    const { code, output, errors } = await runTool(program, ['--version']);
    expect(output).toBe(`opd-token-allocation ${version}\n`);
    expect(errors).toBe('');
    expect(code).toBe(0);
  });
});
