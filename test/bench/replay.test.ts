import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startLyingProxy } from '../support/process/lying-proxy.ts';
import { startServer } from '../support/process/server-process.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { runTool, type ToolRun } from '../support/process/tool.ts';

const slot = (doctor: string, date: string, capacity: number) => ({
  slot_id: `${doctor}-${date}`,
  doctor_id: doctor,
  date,
  capacity,
});

const event = (op: string, ref: string, patient: string, type: string, doctor = 'north') => ({
  op,
  doctor_id: doctor,
  slot_id: `${doctor}-2016-05-30`,
  patient_ref: patient,
  patient_type: type,
  ref,
});

const SLOTS = [slot('north', '2016-05-30', 1), slot('south', '2016-05-30', 2)];
/** One seat: a walk-in is bumped, and promoted again when the emergency is a no-show. Another walk-in stays waiting. */
const EVENTS = [
  event('book', 'r1', 'p1', 'WALK_IN'),
  event('book', 'r2', 'p1', 'WALK_IN', 'south'),
  event('book', 'r3', 'p2', 'EMERGENCY'),
  event('book', 'r4', 'p2', 'EMERGENCY'),
  event('book', 'r5', 'p3', 'WALK_IN'),
  event('no_show', 'r3', 'p2', 'EMERGENCY'),
  event('no_show', 'r4', 'p2', 'EMERGENCY'),
];
const TOTALS = 'accepted=4,duplicates=1,seated=2,waiting=1,promotions=1,bumps=1';

/** Replays the two files above. An argument that repeats an option replaces the option. */
async function replay(...args: readonly string[]): Promise<ToolRun> {
  const directory = tempDir();
  const write = (name: string, lines: readonly object[]): string => {
    const path = join(directory, name);
    writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    return path;
  };
  const files = [
    '--slots',
    write('slots.ndjson', SLOTS),
    '--events',
    write('events.ndjson', EVENTS),
  ];
  return runTool('bench/replay/replay.ts', [...files, ...args]);
}

describe('replay', () => {
  it('reaches the totals and leaves a database that verify finds clean', async () => {
    const database = join(tempDir(), 'kept.db');
    const { code, output } = await replay('--expect', TOTALS, '--keep', database);
    expect(output).toContain('Every answer was right.');
    expect(output).toMatch(/after the bookings alone +2 seated, 2 waiting/);
    expect(output).toMatch(/outcomes +1 cancelled, 1 skipped/);
    expect(code).toBe(0);
    const verified = await runTool('src/cli/verify.ts', [], { DATABASE_URL: `sqlite:${database}` });
    expect(verified).toMatchObject({
      code: 0,
      output: expect.stringMatching(/clean\n$/) as string,
    });
    const again = await replay('--keep', database);
    expect(again).toMatchObject({
      code: 1,
      errors: `--keep ${database} exists already: name a new file.\n`,
    });
  });

  it('replays into a running server only once', async () => {
    const { url } = await startServer({ DATABASE_URL: 'memory:' });
    expect((await replay('--url', url, '--expect', TOTALS)).code).toBe(0);
    const again = await replay('--url', url);
    expect(again.code).toBe(1);
    expect(again.errors).toMatch(/has slot \S+ already: replay into a fresh one\.\n$/);
  });

  it('reports a total that differs from the expected one', async () => {
    const { code, output } = await replay('--expect', 'accepted=4,seated=3');
    expect(output).toContain('VIOLATION total seated is 2, must be 3\n1 violation (expected: 0).');
    expect(code).toBe(1);
  });

  it('detects a server that promotes no token', async () => {
    const { url } = await startServer({ DATABASE_URL: 'memory:' });
    const lie = (body: string): string => body.replace(/"promoted":\{.*\}\}$/, '"promoted":null}');
    const { code, output } = await replay('--url', await startLyingProxy(url, '/cancel', lie));
    expect(output).toMatch(/^VIOLATION R5: outcome r3 in north-2016-05-30: promoted is null/m);
    expect(code).toBe(1);
  });

  it.each<[string, readonly string[], string]>([
    ['absent files', ['--events', 'absent.ndjson'], 'The events file absent.ndjson cannot be read'],
    ['a file of another kind', ['--slots', 'package.json'], 'package.json:1 is not a line of a'],
    ['an unknown total', ['--expect', 'lost=0'], '--expect lost=0 is not valid'],
    ['an unknown option', ['--force'], "Unknown option '--force'"],
  ])('names the fault in one sentence when it is given %s', async (_fault, args, sentence) => {
    const { code, output, errors } = await replay(...args);
    expect(errors).toContain(sentence);
    expect(errors.trim()).not.toContain('\n');
    expect(output).toBe('');
    expect(code).toBe(1);
  });
});
