import { describe, expect, it } from 'vitest';
import { startLyingProxy, type Lie } from '../support/lying-proxy.ts';
import { rerun, seed } from '../support/seed.ts';
import { startServer } from '../support/server-process.ts';
import { runTool } from '../support/tool.ts';

const simulate = (...args: readonly string[]) =>
  runTool('bench/simulate.ts', ['--patients', '40', '--seed', String(seed), ...args]);

describe('simulate', () => {
  it(`plays a day against a server of its own ${rerun}`, async () => {
    const { code, output } = await simulate('--concurrency', '8');
    expect(output).toContain('Every answer was right.');
    expect(output).toContain(`--seed ${seed}`);
    expect(output).toMatch(/doc1 Dr\. A \(Cardiology\)\n +09:00 +2\/2 seated /);
    expect(code).toBe(0);
  });

  it(`judges a running server that has bookings already ${rerun}`, async () => {
    const { url } = await startServer({ DATABASE_URL: 'memory:' });
    for (const day of [1, 2]) {
      const { code, output } = await simulate('--url', url);
      expect([day, output]).toEqual([day, expect.stringContaining('Every answer was right.')]);
      expect(code).toBe(0);
    }
  });

  it.each<[string, string, Lie, RegExp]>([
    [
      'hides whom a cancel has promoted',
      '/cancel',
      (body) => body.replace(/"promoted":\{.*\}\}$/, '"promoted":null}'),
      /R5, R6: .* promoted answered is null/,
    ],
    [
      'gives everybody the same number',
      '/book',
      (body) => body.replace(/"number":\d+/, '"number":1'),
      /R10: .* number 1 is used twice/,
    ],
    [
      'names another victim',
      '/book',
      (body) => body.replace(/"bumped":\{"id":"[^"]+/, '"bumped":{"id":"somebody'),
      /R3: .* bumped answered is somebody/,
    ],
    [
      'loses the waitlists',
      '/schedule',
      (body) => body.replaceAll(/"waitlist":\[[^\]]+\]/g, '"waitlist":[]'),
      /has lost token/,
    ],
    [
      'blames nobody',
      '/tokens',
      (body) => body.replaceAll(/"cause":"[^"]+"/g, '"cause":null'),
      /R3: .* bumped recorded is null/,
    ],
  ])(`finds out a server that %s ${rerun}`, async (_lie, path, lie, breach) => {
    const { url } = await startServer({ DATABASE_URL: 'memory:' });
    const { code, output } = await simulate('--url', await startLyingProxy(url, path, lie));
    expect(output).toMatch(new RegExp(`^BREACH .*${breach.source}`, 'm'));
    expect(code).toBe(1);
  });

  it.each<[string, readonly string[], string]>([
    ['an unknown option', ['--patient', '9'], "Unknown option '--patient'. --help lists"],
    ['a number that is none', ['--patients', 'many'], '--patients=many is not valid'],
    ['an address that is none', ['--url', 'here'], '--url=here is not valid'],
    ['a server that is not there', ['--url', 'http://127.0.0.1:1'], 'was not answered'],
  ])('says in one sentence that it was given %s', async (_fault, args, sentence) => {
    const { code, output, errors } = await simulate(...args);
    expect(errors).toContain(sentence);
    expect(errors.trim()).not.toContain('\n');
    expect(output).toBe('');
    expect(code).toBe(1);
  });

  it('explains its options', async () => {
    const { code, output } = await simulate('--help');
    for (const name of ['--url', '--seed', '--patients', '--concurrency'])
      expect(output).toContain(name);
    expect(code).toBe(0);
  });
});
