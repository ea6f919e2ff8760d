import { expect, it } from 'vitest';
import { noMount } from '../support/process/mount.ts';
import { runTool } from '../support/process/tool.ts';
import { skipNote } from '../support/process/installed.ts';
import { isThorough, rerun, seed } from '../support/seed.ts';

const noTime = isThorough ? null : 'TEST_EFFORT is less than 1';

const soak = (database: string, minutes: string) =>
  runTool('bench/soak/soak.ts', [
    ...['--database', database, '--minutes', minutes, '--seed', String(seed)],
  ]);

it(`a soak on SQLite ends in a good verdict and a report ${rerun}`, async () => {
  const { code, output } = await soak('sqlite', '0.03');
  expect(output).toMatch(/\nVERDICT on sqlite: good\. [\d,]+ requests, 0 violations\.$/m);
  expect(code).toBe(0);
  expect(output).toContain(`# Soak on sqlite: 0.03 minutes, --seed ${seed}`);
  expect(output).toMatch(/^POST \/book +\d+ +[1-9]/m);
  expect(output).toMatch(/^kill -9 +[1-9]/m);
  expect(output).toMatch(/^after \d+\.\d s( +[\d,.]+){5}$/m);
  expect(output).toMatch(/^npm run verify:\n.*\n {2}clean$/m);
  if (noMount !== null) expect(output).toContain(`full disk (skipped: ${noMount})`);
});

it.skipIf(noTime !== null)(
  `a soak finds what a database in memory loses by a kill ${rerun}${skipNote(noTime)}`,
  async () => {
    const { code, output } = await soak('memory', '0.01');
    expect(output).toMatch(
      /^VIOLATION the acknowledged booking of "desk \d+ patient \d+" is lost$/m,
    );
    expect(output).toMatch(/\nVERDICT on memory: bad\. /);
    expect(code).toBe(1);
  },
);

it.each<[string, readonly string[], string]>([
  ['no time', ['--minutes', '0'], '--minutes=0 is not valid'],
  ['an unknown database', ['--database', 'sqlite,mysql'], '--database=mysql is not valid'],
])(
  'the soak names the fault in one sentence when it is given %s',
  async (_fault, args, sentence) => {
    const { code, output, errors } = await runTool('bench/soak/soak.ts', args);
    expect(errors).toContain(sentence);
    expect(errors.trim()).not.toContain('\n');
    expect(output).toBe('');
    expect(code).toBe(1);
  },
);
