import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { tempDir } from '../support/process/temp-dir.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const NODE_CHECK = join(ROOT, 'src/cli/require-node.cjs');
const { version, engines, scripts, dependencies } = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
) as Record<'engines' | 'scripts' | 'dependencies', Readonly<Record<string, string>>> & {
  readonly version: string;
};

/** Settings of which each is wrong. */
const WRONG = { PORT: 'none', DATABASE_URL: 'nothing', ROSTER: 'no such file', HORIZON_DAYS: '-1' };

/** Runs a program in an empty folder. */
function run(file: string, args: readonly string[]) {
  const cwd = tempDir();
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, file), ...args], {
    cwd,
    env: { PATH, NODE_COMPILE_CACHE, ...WRONG },
    encoding: 'utf8',
  });
  return { status, stdout, stderr, files: readdirSync(cwd) };
}

const PROGRAMS: readonly [file: string, args: readonly string[], help: RegExp][] = [
  ['src/main.ts', [], /^npm start\n[^]*DATABASE_URL, by default sqlite:data\/opd\.db\n/],
  ['src/cli/verify.ts', [], /^npm run verify\n/],
  ['src/cli/backup.ts', ['backup.db'], /^npm run backup -- FILE\n/],
  ['src/cli/roster.ts', ['export', 'roster.json'], /^npm run roster -- export FILE\n/],
  ['src/cli/migrations.ts', [], /^npm run migrations\n/],
  ['src/cli/migrate-store.ts', ['sqlite:a.db', 'sqlite:b.db'], /^npm run migrate-store -- FROM/],
];

describe.each(PROGRAMS)('%s', (file, args, help) => {
  it('--help prints the help and does nothing else', () => {
    const answer = { status: 0, stdout: expect.stringMatching(help) as string, stderr: '' };
    expect(run(file, ['--help'])).toEqual({ ...answer, files: [] });
    expect(run(file, [...args, '--help'])).toEqual({ ...answer, files: [] });
  });

  it('--version prints the version and does nothing else', () => {
    const stdout = `opd-token-allocation ${version}\n`;
    expect(run(file, ['--version'])).toEqual({ status: 0, stdout, stderr: '', files: [] });
  });

  it.each([
    ['an unknown option', ['--helpp']],
    ['a surplus argument', ['more']],
  ])('%s is refused with a sentence that names --help', (_, more) => {
    const refused = run(file, [...args, ...more]);
    expect(refused).toMatchObject({ status: 1, stdout: '', files: [] });
    expect(refused.stderr).toMatch(/^.*--help.*\n$/);
  });

  it('all wrong settings are reported without a stack', () => {
    const { status, stdout, stderr, files } = run(file, args);
    expect({ status, stdout, files }).toEqual({ status: 1, stdout: '', files: [] });
    expect(stderr).toMatch(/^(\S+ is not valid\. .*\n){3}$/);
  });
});

it('an unexpected error is printed with its stack', () => {
  const program = join(tempDir(), 'broken.ts');
  writeFileSync(
    program,
    `import { runProgram } from ${JSON.stringify(join(ROOT, 'src/cli/program.ts'))};
     const run = () => Promise.reject(new RangeError('nobody foresaw this'));
     await runProgram({ help: '', usage: '', argumentCount: [0, 0], run });`,
  );
  const { status, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^RangeError: nobody foresaw this\n\s+at .*broken\.ts:/);
});

describe('a Node.js that is too old', () => {
  const sentence =
    /^This program needs Node\.js \d+ or newer, but this is Node\.js 20\.20\.2: .*\n$/;

  it('is refused in one sentence, before it reads any TypeScript', () => {
    const directory = tempDir();
    const fakeVersion = join(directory, 'pretend.cjs');
    writeFileSync(
      fakeVersion,
      `Object.defineProperty(process, 'versions', { value: { node: '20.20.2' } });`,
    );
    // No Node.js can parse this program, so the test fails if Node.js tries to.
    const program = join(directory, 'program.ts');
    writeFileSync(program, 'type = = broken');
    const args = ['--require', fakeVersion, '--require', NODE_CHECK, program];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(sentence);
  });

  it('is one that is older than package.json requires', () => {
    const [, oldest] = /MAJOR_VERSION_MIN = (\d+);/.exec(readFileSync(NODE_CHECK, 'utf8')) ?? [];
    expect(engines['node']).toBe(`>=${oldest}`);
  });

  it('is checked for by every script that runs a program', () => {
    const programs = Object.values(scripts).filter((script) => / (src|bench)\//.test(script));
    expect(programs.length).toBeGreaterThan(5);
    for (const script of programs)
      expect(script).toMatch(/^node --require \.\/src\/cli\/require-node\.cjs /);
  });
});

describe('an installation without the development packages', () => {
  it('has the pinned Node.js', () => {
    expect(dependencies['node']).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('has every package that the service and its programs import', () => {
    const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
    const imported = files
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => [
        // `openapi` has types only: the description of the service itself.
        ...readFileSync(join(ROOT, 'src', name), 'utf8').matchAll(
          / from '(?!openapi')((?:@[\w-]+\/)?[\w-]+)/g,
        ),
      ])
      .map(([, name = '']) => name)
      .filter((name) => name !== 'node');
    expect(imported.length).toBeGreaterThan(10);
    expect(imported.filter((name) => !(name in dependencies))).toEqual([]);
  });
});
