import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HOSPITAL_COUNTS } from '../../bench/simulation/hospital-record.ts';
import { COLUMN_NAMES } from '../../bench/simulation/ledger.ts';
import { firstKey } from '../support/process/first-key.ts';
import { startLyingProxy, type Lie } from '../support/process/lying-proxy.ts';
import { startServer, type ServerProcess } from '../support/process/server-process.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { runTool } from '../support/process/tool.ts';
import { partOf, rerun, seed } from '../support/seed.ts';

const simulate = (...args: readonly string[]) =>
  runTool('bench/simulation/simulate.ts', ['--patients', '40', '--seed', String(seed), ...args]);

/** In the answer of every booking that is not an emergency, names the first checked-in patient as bumped. */
function bumpsTheCheckedIn(): Lie {
  let checkedIn: string | undefined;
  return (body) => {
    const isVisit = body.includes('"status":"CHECKED_IN"') && !body.includes('"bumped"');
    if (isVisit) checkedIn ??= /"id":"([^"]+)"/.exec(body)?.[1];
    const isBooking = body.includes('"bumped"') && !body.includes('"promoted"');
    if (checkedIn === undefined || !isBooking || body.includes('"type":"EMERGENCY"')) return body;
    const victim = `{"id":"${checkedIn}","number":1,"type":"WALK_IN","waitlist_position":1}`;
    return body.replace(/"bumped":(null|\{[^}]*\})/, `"bumped":${victim}`);
  };
}

/** Answers every call-next with the answer of the first one. */
function callsTheSame(): Lie {
  let first: string | undefined;
  return (body) => (first ??= body);
}

/** The server behind all proxies that lie. */
let honestServer: Promise<ServerProcess> | undefined;

describe('simulate', () => {
  it(`starts a server and plays a day against it ${rerun}`, async () => {
    const { code, output } = await simulate('--concurrency', '8');
    expect(output).toContain('Every answer was right.');
    expect(output).toContain(`--seed ${seed}`);
    expect(output).toContain('0 violations (expected: 0)');
    for (const column of COLUMN_NAMES) expect(output).toContain(`  ${column.padEnd(12)}`);
    // Every command of the hospital is played, whatever the seed.
    for (const name of Object.keys(HOSPITAL_COUNTS))
      expect(output).toMatch(new RegExp(`^  ${name} +[1-9]`, 'm'));
    expect(output).not.toMatch(/arriv/i);
    expect(output).toMatch(
      /-doc1 Dr\. A \(Cardiology\)\n(.*\n){2} +\d\d:\d\d .* seated .*\(closed\)/,
    );
    expect(code).toBe(0);
  });

  it(`leaves a database that verify finds clean ${rerun}`, async () => {
    const url = `sqlite:${join(tempDir(), 'opd.db')}`;
    const server = await startServer({ DATABASE_URL: url });
    expect(await simulate('--url', server.url)).toMatchObject({ code: 0 });
    const verified = await runTool('src/cli/verify.ts', [], { DATABASE_URL: url });
    expect(verified.output).toMatch(/clean\n$/);
    expect(verified.code).toBe(0);
  });

  it(`plays a day against a server that needs an access key ${rerun}`, async () => {
    const { url } = await startServer({ DATABASE_URL: 'memory:' });
    const key = await firstKey(url);
    const { code, output } = await simulate('--url', url, '--key', key, '--patients', '20');
    expect(output).toContain('Every answer was right.');
    expect(code).toBe(0);
  });

  it(`checks a running server that has bookings already ${rerun}`, async () => {
    const { url } = await startServer({ DATABASE_URL: 'memory:' });
    for (const day of [1, 2]) {
      const { code, output } = await simulate('--url', url);
      expect([day, output]).toEqual([day, expect.stringContaining('Every answer was right.')]);
      expect(code).toBe(0);
    }
  });

  const lies: [string, string, Lie, RegExp, patients?: number][] = [
    [
      'hides the token that a cancel promotes',
      '/cancel',
      (body) => body.replace(/"promoted":\{.*\}\}$/, '"promoted":null}'),
      /R5, R6: promoted answered .* is null/,
    ],
    [
      'gives all tokens the same number',
      '/book',
      (body) => body.replace(/"number":\d+/, '"number":1'),
      /R10: number .* is 1, must be 2/,
    ],
    [
      'names another victim',
      '/book',
      (body) => body.replace(/"bumped":\{"id":"[^"]+/, '"bumped":{"id":"somebody'),
      /R3: bumped answered .* is somebody/,
    ],
    [
      'loses the waitlists',
      '/schedule',
      (body) => body.replaceAll(/"waitlist":\[[^\]]+\]/g, '"waitlist":[]'),
      /has lost token/,
    ],
    [
      'names no cause of a bump',
      '/tokens',
      (body) => body.replaceAll(/"cause":"[^"]+"/g, '"cause":null'),
      /R17: .* bumped by nobody, and no seats became fewer/,
    ],
    [
      'bumps a checked-in patient for a patient who is not an emergency',
      '/',
      bumpsTheCheckedIn(),
      /presence: .* who has checked in/,
    ],
    [
      'records a completion instead of a check-in',
      '/tokens',
      (body) => body.replaceAll('"kind":"checked_in"', '"kind":"completed"'),
      /completed from BOOKED/,
    ],
    ['gives two desks the same patient', '/call-next', callsTheSame(), /two desks were given/],
    [
      'loses a patient in a closing',
      '/slots/',
      (body) => body.replace(/"affected":\[\{[^{]*\{[^}]*\}\},?/, '"affected":['),
      /R13: patients of \S+ in its closing/,
    ],
    [
      'moves a patient to a new number within the day',
      '/move',
      (body) => body.replace(/"number":(\d+)/, '"number":9$1'),
      /R10: number of the moved/,
    ],
    [
      'shows a closed slot as open',
      '/schedule',
      (body) => body.replaceAll('"CLOSED"', '"OPEN"'),
      /slot \S+: status is OPEN, must be CLOSED/,
    ],
    [
      'hides cancellations from the day report',
      '/reports/day',
      (body) => body.replace(/"cancelled":\d+/, '"cancelled":0'),
      /\/reports\/day\S+: cancelled is 0/,
    ],
    [
      'shows a slot that takes emergencies only or nobody as one that takes everybody',
      '/schedule',
      (body) => body.replaceAll(/"intake":"(EMERGENCY|NONE)"/g, '"intake":"ALL"'),
      /R23: slot \S+: intake is ALL, must be/,
      40,
    ],
    [
      'forgets the breaks of the doctors',
      '/queue',
      (body) => body.replaceAll(/"break_until":"[^"]+"/g, '"break_until":null'),
      /break of \S+ is null/,
    ],
    [
      'hides the slots that a leave closes',
      '/doctors/',
      (body) => body.replace(/("from":.*"slots":)\[.*\]/, '$1[]'),
      /R24: POST \S+\/leave: slots is , must be/,
      40,
    ],
  ];
  it.each(partOf(lies))(
    `detects a server that %s ${rerun}`,
    async (_lie, path, lie, violation, patients = 120) => {
      // One server for all lies, because each simulation sets up doctors of its own.
      const { url } = await (honestServer ??= startServer({ DATABASE_URL: 'memory:' }));
      const liar = await startLyingProxy(url, path, lie);
      const { code, output } = await simulate('--url', liar, '--patients', String(patients));
      expect(output).toMatch(new RegExp(`^VIOLATION .*${violation.source}`, 'm'));
      expect(code).toBe(1);
    },
  );

  it.each<[string, readonly string[], string]>([
    ['an unknown option', ['--patient', '9'], "Unknown option '--patient'. --help lists"],
    ['an invalid number', ['--patients', 'many'], '--patients=many is not valid'],
    ['an invalid address', ['--url', 'here'], '--url=here is not valid'],
    ['a server that does not answer', ['--url', 'http://127.0.0.1:1'], 'was not answered'],
  ])('names the fault in one sentence when it is given %s', async (_fault, args, sentence) => {
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
    expect(output).not.toMatch(/arriv/i);
    expect(code).toBe(0);
  });
});
