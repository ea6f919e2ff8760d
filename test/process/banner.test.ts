import { spawn, spawnSync } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pino from 'pino';
import { expect, it } from 'vitest';
import { bannerOf, writeBanner } from '../../src/cli/banner.ts';
import { readVersion } from '../../src/cli/program.ts';
import { eventually } from '../support/eventually.ts';
import { spawnServer, startServer, type ServerProcess } from '../support/process/server-process.ts';
import { tempDir } from '../support/process/temp-dir.ts';

type Line = Readonly<Record<string, unknown>>;

const READY = '"Ready: requests are served."';

const bannersOf = (server: ServerProcess): Line[] =>
  server.log
    .split('\n')
    .filter((line) => line.includes(READY))
    .map((line) => JSON.parse(line) as Line);

/** A roster file with this many doctors. */
function rosterOf(doctors: number): string {
  const file = join(tempDir(), 'roster.json');
  const list = Array.from({ length: doctors }, (_, nth) => ({
    ...{ id: `d${nth}`, name: `Dr ${nth}`, time_zone: 'UTC', sessions: [] },
  }));
  writeFileSync(file, JSON.stringify({ doctors: list }));
  return file;
}

it('the banner is one line of JSON when there is no terminal', async () => {
  const DATABASE_URL = `sqlite:${join(tempDir(), 'opd.db')}`;
  const server = await startServer({ DATABASE_URL });
  await server.stop();
  expect(bannersOf(server)).toMatchObject([
    {
      version: readVersion(),
      database: DATABASE_URL,
      doctors: 3,
      roster: 'the demo roster is applied',
      access: 'everybody who reaches this address may do everything: there is no access key yet',
      url: server.url,
      docs: `${server.url}/docs`,
    },
  ]);
  expect(server.log).not.toContain('Server listening');

  const again = await startServer({ DATABASE_URL });
  await again.stop();
  expect(bannersOf(again)).toMatchObject([
    { doctors: 3, roster: 'none: the database has its doctors' },
  ]);
});

it('the banner is written when requests are served, not before', async () => {
  const ROSTER = rosterOf(2_000);
  const server = spawnServer({ DATABASE_URL: 'memory:', ROSTER, LOG_LEVEL: 'debug' });
  await eventually(() => server.log.includes('"Listening.'));
  const [, url = ''] = /"url":"([^"]+)"/.exec(server.log) ?? [];
  const statuses: number[] = [];
  while (statuses.at(-1) !== 200) {
    const isWritten = server.log.includes(READY);
    const { status } = await fetch(`${url}/ready`);
    statuses.push(status);
    if (isWritten) expect(status).toBe(200);
  }
  await eventually(() => server.log.includes(READY));
  await server.stop();
  const roster = `${ROSTER} is applied`;
  expect(bannersOf(server)).toMatchObject([{ url, doctors: 2_000, roster }]);
});

const FACTS = {
  version: '1.0.0',
  database: 'postgres://opd@db:5432/opd',
  doctors: 12,
  roster: 'roster.json is applied',
  access: 'with an access key',
  url: 'http://127.0.0.1:8080',
};

it('the banner has a few readable lines for a terminal', () => {
  expect(bannerOf(FACTS)).toBe(`
OPD token allocation 1.0.0 is ready.
  address   http://127.0.0.1:8080
  docs      http://127.0.0.1:8080/docs
  database  postgres://opd@db:5432/opd
  doctors   12
  roster    roster.json is applied
  access    with an access key

`);
});

it('the banner is not written when the log level is above info', () => {
  const written: string[] = [];
  const terminal = { write: (line: string) => written.push(line) };
  const logger = pino({ level: 'warn' }, { write: (line: string) => void written.push(line) });
  writeBanner(FACTS, logger, terminal);
  writeBanner(FACTS, logger, undefined);
  expect(written).toEqual([]);
});

const noScript =
  spawnSync('script', ['--version']).error === undefined
    ? null
    : 'there is no program `script`, which makes a pseudo-terminal';

it.skipIf(noScript !== null)(
  `the banner is readable on a real terminal, between the lines of the log${noScript === null ? '' : ` (${noScript})`}`,
  async () => {
    const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
    const child = spawn(
      'script',
      ['--quiet', '--return', '--flush', '--command', `${process.execPath} ${main}`, '/dev/null'],
      { env: { PATH: process.env['PATH'], DATABASE_URL: 'memory:', PORT: '0' } },
    );
    let shown = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      shown += part;
      // Sends Ctrl+C, like a person who stops the program.
      if (shown.includes('  access ')) child.stdin.end('\u0003');
    });
    await text(child.stderr);
    await new Promise((resolve) => child.once('close', resolve));
    expect(shown.replaceAll('\r', '')).toMatch(
      /\nOPD token allocation \S+ is ready\.\n {2}address {3}http:\/\/127\.0\.0\.1:\d+\n {2}docs .*\/docs\n {2}database {2}memory:\n {2}doctors {3}3\n {2}roster {4}the demo roster is applied\n {2}access {4}everybody who .*\n\n/,
    );
    expect(shown).not.toContain(READY);
    expect(shown).toContain('"msg":"Stopping."');
  },
);
