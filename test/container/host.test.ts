import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readSettings, Settings } from '../../src/settings.ts';
import { migrate, prepareFile } from '../../src/store/sqlite/open.ts';
import { readDocument, ROOT } from '../support/markdown.ts';
import { DEBIAN_ENV, skipNote, whyMissing } from '../support/process/installed.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { FOLDER } from './compose.ts';

// The files with which a machine runs the service without containers.

const UNITS = ['opd.service', 'opd-backup.service', 'opd-backup.timer'];
const SERVICES = UNITS.filter((name) => name.endsWith('.service'));

/** The values of a setting of a unit, in the order of the file. */
const valuesOf = (unit: string, setting: string): string[] =>
  Array.from(
    readDocument(`deploy/${unit}`).matchAll(new RegExp(`^${setting}=(.*)$`, 'gm')),
    ([, value = '']) => value,
  );

it.each(SERVICES)('%s sets only known settings, and runs as a user that is not root', (unit) => {
  const given = valuesOf(unit, 'Environment').flatMap((line) => line.split(' '));
  const settings = Object.fromEntries(
    given.map((pair) => [pair.replace(/=.*/, ''), pair.replace(/.*?=/, '')]),
  );
  const { NODE_ENV, ...known } = settings;
  expect([undefined, 'production']).toContain(NODE_ENV);
  expect(Object.keys(Settings.properties)).toEqual(expect.arrayContaining(Object.keys(known)));
  expect(readSettings(known)).toHaveProperty('settings');
  expect(valuesOf(unit, 'User')).toEqual(['opd']);
});

it('the two services use the same database', () => {
  const [first, second] = SERVICES.map((unit) =>
    valuesOf(unit, 'Environment')
      .join(' ')
      .match(/DATABASE_URL=\S+/g),
  );
  expect(first).toEqual(second);
});

it('opd.service starts the command of npm start, and gives it more time to stop than it takes at most', () => {
  const { scripts } = JSON.parse(readDocument('package.json')) as { scripts: { start: string } };
  const [command = ''] = valuesOf('opd.service', 'ExecStart');
  expect(command.replace('/opt/opd/node_modules/.bin/', '')).toBe(
    scripts.start.replace('--require ./src/cli/require-node.cjs ', ''),
  );
  const stopMs = /STOP_MS = ([\d_]+)/
    .exec(readDocument('src/cli/stopping.ts'))?.[1]
    ?.replaceAll('_', '');
  expect(Number(valuesOf('opd.service', 'TimeoutStopSec')[0]) * 1_000).toBeGreaterThan(
    Number(stopMs),
  );
});

it('the timer starts the backup, whose program is in the project', () => {
  const [command = ''] = valuesOf('opd-backup.service', 'ExecStart');
  const [program = ''] = command.replace('/opt/opd/', '').split(' ');
  expect(program).toBe('deploy/backup.sh');
  expect(UNITS).toContain('opd-backup.timer');
});

const noAnalyze = whyMissing('systemd-analyze', '--version');

describe.skipIf(noAnalyze !== null)(`systemd-analyze${skipNote(noAnalyze)}`, () => {
  it('accepts the units', () => {
    const folder = tempDir();
    for (const unit of UNITS) {
      // The project stands in another folder here than on the machine that the units are for.
      const text = readDocument(`deploy/${unit}`)
        .replaceAll('/opt/opd/', fileURLToPath(ROOT))
        .replaceAll('/opt/opd', fileURLToPath(ROOT).replace(/\/$/, ''));
      writeFileSync(join(folder, unit), text);
    }
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', ...UNITS], {
      cwd: folder,
      env: DEBIAN_ENV,
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
  });
});

const noCaddy = whyMissing('caddy', 'version');

describe.skipIf(noCaddy !== null)(`caddy${skipNote(noCaddy)}`, () => {
  const caddy = (command: string) =>
    spawnSync('caddy', [command, '--config', 'Caddyfile', '--adapter', 'caddyfile'], {
      cwd: fileURLToPath(FOLDER),
      env: {
        ...DEBIAN_ENV,
        HOME: tempDir(),
        OPD_SITE: 'opd.example.org',
        OPD_USER: 'desk',
        OPD_PASSWORD_HASH: '$2a$14$Zkx19XLiW6VYouLHR5NmfOFU0z2GTNmpkT/5qqR7hx4IjWJPDhjvG',
      },
      encoding: 'utf8',
    });

  it('accepts the Caddyfile, which asks for a password and hides the metrics before it passes anything on', () => {
    const { status, stderr } = caddy('validate');
    expect(status, stderr).toBe(0);
    const adapted = caddy('adapt').stdout;
    expect(adapted).toContain('"dial":"127.0.0.1:8080"');
    const order = ['authentication', 'static_response', 'reverse_proxy'].map((handler) =>
      adapted.indexOf(`"handler":"${handler}"`),
    );
    expect(order.every((place) => place > 0)).toBe(true);
    expect(Math.max(...order)).toBe(order[2]);
  });
});

/** A folder with what backup.sh needs of the project. */
function projectWithDatabase() {
  const folder = tempDir();
  mkdirSync(join(folder, 'deploy'));
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
  for (const name of ['src', 'package.json'])
    symlinkSync(fileURLToPath(new URL(name, ROOT)), join(folder, name));
  for (const name of readdirSync(new URL('node_modules/', ROOT)))
    if (!name.startsWith('.'))
      symlinkSync(
        fileURLToPath(new URL(`node_modules/${name}`, ROOT)),
        join(folder, 'node_modules', name),
      );
  symlinkSync(process.execPath, join(folder, 'node_modules/.bin/node'));
  copyFileSync(new URL('backup.sh', FOLDER), join(folder, 'deploy/backup.sh'));
  const database = prepareFile(join(folder, 'opd.db'));
  migrate(database);
  return { folder, database };
}

/** Runs backup.sh as the timer does; 14 days are kept. */
function backUp(project: { folder: string; database: string }, target: string) {
  const { status, stderr } = spawnSync(join(project.folder, 'deploy/backup.sh'), [target, '14'], {
    cwd: '/',
    env: { ...process.env, DATABASE_URL: `sqlite:${project.database}` },
    encoding: 'utf8',
  });
  return { status, stderr, files: readdirSync(target) };
}

it('backup.sh writes a verified copy and deletes only copies that are older than it is told', () => {
  const project = projectWithDatabase();
  const target = tempDir();
  const names = ['opd-20260101T000000Z.db', 'opd-20260102T000000Z.db', 'other.txt'];
  for (const name of names) writeFileSync(join(target, name), '');
  const old = Date.now() / 1_000 - 20 * 86_400;
  for (const name of ['opd-20260101T000000Z.db', 'other.txt'])
    utimesSync(join(target, name), old, old);
  const { status, stderr, files } = backUp(project, target);
  expect([status, stderr]).toEqual([0, '']);
  expect(files).toHaveLength(3);
  expect(files).toEqual(expect.arrayContaining(['opd-20260102T000000Z.db', 'other.txt']));
});

it('backup.sh fails and keeps the old copies when it cannot make a good one', () => {
  const project = projectWithDatabase();
  writeFileSync(project.database, 'not a database');
  const target = tempDir();
  const name = 'opd-20260101T000000Z.db';
  writeFileSync(join(target, name), '');
  utimesSync(join(target, name), 1, 1);
  const { status, stderr, files } = backUp(project, target);
  expect(status).not.toBe(0);
  expect(stderr).not.toBe('');
  expect(files).toContain(name);
});
