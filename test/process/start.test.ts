import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DoctorView } from '../../src/http/resources/index.ts';
import { freePort } from '../../bench/lib/free-port.ts';
import { spawnServer, startServer } from '../support/process/server-process.ts';
import { tempDir } from '../support/process/temp-dir.ts';

const MEMORY = { DATABASE_URL: 'memory:' };

/** Starts a process that must exit with 1, and returns its sentences on stderr. */
async function refusalOf(settings: Readonly<Record<string, string>>): Promise<string> {
  const server = spawnServer(settings);
  expect(await server.exited).toEqual({ code: 1, signal: null });
  expect(server.errors).not.toMatch(/^\s+at /m);
  return server.errors;
}

/** Writes a roster file and returns its path. */
function rosterFile(content: unknown): string {
  const file = join(tempDir(), 'roster.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

const session = (id: string, change = {}) => ({
  id,
  weekdays: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
  start: '09:00',
  end: '17:00',
  capacity: 4,
  ...change,
});

const doctor = (id: string, change = {}) => ({
  id,
  name: `Dr ${id}`,
  time_zone: 'Asia/Kolkata',
  sessions: [session(`${id}-day`)],
  ...change,
});

async function doctorsOf(settings: Readonly<Record<string, string>>): Promise<[string[], string]> {
  const server = await startServer(settings);
  const { doctors } = (await (await server.get('/doctors')).json()) as { doctors: DoctorView[] };
  await server.stop();
  return [doctors.map(({ id }) => id), server.log];
}

describe('a start that cannot succeed ends with 1 and a sentence', () => {
  it('for every setting that is wrong', async () => {
    const wrong = { PORT: 'high', LOG_LEVEL: 'loud', HORIZON_DAYS: '0', DATABASE_URL: 'redis:' };
    const lines = (await refusalOf(wrong)).trimEnd().split('\n');
    const named = lines.map((line) => /^(\w+(=\S+)?) is not valid\. .+\.$/.exec(line)?.[1]);
    expect(named.sort()).toEqual(['DATABASE_URL', 'HORIZON_DAYS=0', 'LOG_LEVEL=loud', 'PORT=high']);
  });

  it('for a port in use', async () => {
    const first = await startServer(MEMORY);
    const { port } = new URL(first.url);
    expect(await refusalOf({ ...MEMORY, PORT: port })).toBe(
      `127.0.0.1:${port} is in use: stop the program that listens there, or set PORT.\n`,
    );
  });

  it('for an address that is not one of this machine', async () => {
    const message = await refusalOf({ ...MEMORY, HOST: '192.0.2.1' });
    expect(message).toMatch(
      /^Cannot listen on HOST=192\.0\.2\.1 and PORT=\d+: .+\. HOST must be an address of this machine, .+\.\n$/,
    );
  });

  it('for a database in use by another process, which is not disturbed', async () => {
    const settings = { DATABASE_URL: `sqlite:${join(tempDir(), 'opd.db')}` };
    const first = await startServer(settings);
    expect(await refusalOf(settings)).toMatch(
      /^The database \S+ is in use by another process: .+\.\n$/,
    );
    expect((await first.get('/ready')).status).toBe(200);
    expect(await first.stop()).toEqual({ code: 0, signal: null });
    const second = await startServer(settings);
    expect(await second.stop()).toEqual({ code: 0, signal: null });
  });

  it('for a database that cannot be written', async () => {
    const file = rosterFile('{}');
    expect(await refusalOf({ DATABASE_URL: `sqlite:${file}/opd.db` })).toMatch(
      /^The database \S+ cannot be written: .+\.\n$/,
    );
  });

  it('for a file that is no database', async () => {
    const file = rosterFile('Dear diary, today I was mistaken for a database. '.repeat(100));
    expect(await refusalOf({ DATABASE_URL: `sqlite:${file}` })).toMatch(
      /^The file \S+ is not an SQLite database: .+\.\n$/,
    );
  });

  it('for a roster file that does not exist', async () => {
    const ROSTER = join(tempDir(), 'no such file.json');
    expect(await refusalOf({ ...MEMORY, ROSTER })).toMatch(
      /^The roster cannot be read: ENOENT: .+\.\n$/,
    );
  });

  it('for a roster that is a directory', async () => {
    const ROSTER = join(tempDir(), 'directory');
    mkdirSync(ROSTER);
    expect(await refusalOf({ ...MEMORY, ROSTER })).toMatch(/^The roster cannot be read: .+\.\n$/);
  });

  it('for a roster that is not JSON', async () => {
    const ROSTER = rosterFile('{"doctors": [');
    expect(await refusalOf({ ...MEMORY, ROSTER })).toMatch(
      /^The roster \S+ is not valid:\n {2}\/: must be JSON: .+\n$/,
    );
  });

  it.each<[string, unknown, string[]]>([
    [
      'fields',
      {
        doctors: [
          doctor('a', { nam: 'x' }),
          doctor('b', { sessions: [session('s', { capacity: 0 })] }),
        ],
      },
      ['/doctors/0/nam', '/doctors/1/sessions/0/capacity'],
    ],
    [
      'times and zones',
      {
        doctors: [
          doctor('a', {
            time_zone: 'Mars/Olympus',
            sessions: [session('s', { valid_until: '2026-02-30' })],
          }),
          doctor('b', { sessions: [session('t'), session('t')] }),
        ],
      },
      ['/doctors/0/time_zone', '/doctors/0/sessions/0/valid_until', '/doctors/1/sessions/1/id'],
    ],
    ['doctors', { doctors: [doctor('a'), doctor('a', { sessions: [] })] }, ['/doctors/1/id']],
  ])(
    'for a roster with wrong %s, each named with its path in the file',
    async (_what, content, places) => {
      const message = await refusalOf({ ...MEMORY, ROSTER: rosterFile(content) });
      const [head, ...lines] = message.trimEnd().split('\n');
      expect(head).toMatch(/^The roster \S+ is not valid:$/);
      expect(lines.map((line) => line.trim().split(': ')[0])).toEqual(places);
      expect(lines.every((line) => /^ {2}\S+ \S+/.test(line))).toBe(true);
    },
  );

  it('for a roster in which two doctors share a session', async () => {
    const shared = [session('shared')];
    const ROSTER = rosterFile({
      doctors: [doctor('a', { sessions: shared }), doctor('b', { sessions: shared })],
    });
    expect(await refusalOf({ ...MEMORY, ROSTER })).toMatch(/^The roster .+\n( {2}.+\n)?$/);
  });
});

describe('the doctors at the start', () => {
  const sqlite = () => ({ DATABASE_URL: `sqlite:${join(tempDir(), 'opd.db')}` });

  it('are those of the demo roster when the database is empty, and the log says so once', async () => {
    const settings = sqlite();
    const message = 'starting with the demo roster';
    const [first, firstLog] = await doctorsOf(settings);
    expect(first).toEqual(['doc1', 'doc2', 'doc3']);
    expect(firstLog).toContain(message);
    const [again, againLog] = await doctorsOf(settings);
    expect(again).toEqual(first);
    expect(againLog).not.toContain(message);
  });

  it('are those of ROSTER together with the stored ones', async () => {
    const settings = sqlite();
    const ROSTER = rosterFile({ doctors: [doctor('a'), doctor('b')] });
    const [first, log] = await doctorsOf({ ...settings, ROSTER });
    expect(first).toEqual(['a', 'b']);
    expect(log).not.toContain('demo');
    const more = rosterFile({ doctors: [doctor('c')] });
    const [then] = await doctorsOf({ ...settings, ROSTER: more });
    expect(then.sort()).toEqual(['a', 'b', 'c']);
    const [without] = await doctorsOf(settings);
    expect(without.sort()).toEqual(['a', 'b', 'c']);
  });

  it('are not the demo doctors any more after the first real roster, and the log says so once', async () => {
    const settings = sqlite();
    await doctorsOf(settings);
    const ROSTER = rosterFile({ doctors: [doctor('a')] });
    const message = 'The demo doctors have retired';
    const [real, log] = await doctorsOf({ ...settings, ROSTER });
    expect(real).toEqual(['a']);
    expect(log).toContain(message);
    const [again, againLog] = await doctorsOf({ ...settings, ROSTER });
    expect(again).toEqual(['a']);
    expect(againLog).not.toContain(message);
  });

  it('have bookable slots from their sessions', async () => {
    const ROSTER = rosterFile({ doctors: [doctor('a')] });
    const server = await startServer({ ...MEMORY, ROSTER });
    const booking = {
      doctor_id: 'a',
      slot_id: 'a-day',
      patient_name: 'John Doe',
      patient_type: 'ONLINE_BOOKING',
    };
    expect((await server.post('/book', booking)).status).toBe(201);
    await server.stop();
  });

  it('are lost when a process with a database in memory ends, and the log warns of it', async () => {
    const [, log] = await doctorsOf({ ...MEMORY, LOG_LEVEL: 'warn', PORT: await freePort() });
    const [line = '', ...more] = log.trimEnd().split('\n');
    expect(line).toMatch(/"level":40,.*a restart loses every booking/);
    expect(more.filter((each) => !each.includes('/ready'))).toEqual([]);
  });
});

it('ALLOWED_HOSTS and CORS_ORIGINS say which hosts and which pages the service answers', async () => {
  const origin = 'https://desk.example';
  const lists = { ALLOWED_HOSTS: 'opd.example', CORS_ORIGINS: origin };
  const server = await startServer({ ...MEMORY, ...lists, HOST: '127.0.0.1' });
  const answerTo = async (host: string): Promise<IncomingMessage> => {
    const [answer] = (await once(
      get(server.url + '/health', { headers: { host, origin } }),
      'response',
    )) as [IncomingMessage];
    answer.resume();
    return answer;
  };
  const allowed = await answerTo('opd.example');
  expect(allowed.statusCode).toBe(200);
  expect(allowed.headers['access-control-allow-origin']).toBe(origin);
  expect((await answerTo('other.example')).statusCode).toBe(421);
});
