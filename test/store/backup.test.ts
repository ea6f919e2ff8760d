import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { migrate } from '../../src/store/sqlite/open.ts';
import { openSqliteDatabase } from '../../src/store/sqlite/database.ts';
import { openApp } from '../support/app/app.ts';
import { bundleOf } from '../support/process/bundle-of.ts';
import { fill } from '../support/process/full-disk.ts';
import { mountMemory, needsMount, noMount } from '../support/process/mount.ts';
import { tempDir } from '../support/process/temp-dir.ts';

const { NODE_COMPILE_CACHE } = process.env;
const run = (url: string, ...args: string[]) =>
  spawnSync(process.execPath, [bundleOf('src/cli/backup.ts'), ...args], {
    env: { DATABASE_URL: url, NODE_COMPILE_CACHE },
    encoding: 'utf8',
  });

it('a backup of a live database has all its tokens, and only the owner can read the file', async () => {
  const directory = tempDir();
  const [path, target] = [join(directory, 'opd.db'), join(directory, 'backup.db')];
  const live = await openApp({ store: (engine) => openSqliteDatabase(engine, path) });
  const booked = await live.book('W1');
  expect(run(`sqlite:${path}`, target)).toMatchObject({ status: 0, stderr: '' });
  await live.book('W2');
  await live.store.close();

  expect(statSync(target).mode & 0o777).toBe(0o600);
  const restored = await openApp({ store: (engine) => openSqliteDatabase(engine, target) });
  const { tokens } = await restored.slot('2026-11-23');
  expect(tokens.map(({ id }) => id)).toEqual([booked.id]);
  await restored.store.close();
});

it.each<[what: string, url: string, target: string | undefined, message: RegExp]>([
  [
    'without a name',
    'sqlite:none.db',
    undefined,
    /^Name the new file: npm run backup -- FILE; --help says how\.\n$/,
  ],
  ['of no database', 'sqlite:none.db', 'new.db', /^There is no database none\.db\.\n$/],
  ['of memory', 'memory:', 'new.db', /^DATABASE_URL is memory: nothing is stored\.\n$/],
  [
    'onto an existing file',
    'sqlite:here.db',
    'here.db',
    /^The file \S+ is there already: name a new one\.\n$/,
  ],
  [
    'into a folder that does not exist',
    'sqlite:here.db',
    'no-such-folder/new.db',
    /^The backup cannot be written: ENOENT: .+\.\n$/,
  ],
])('a backup %s is refused with one sentence', (_, url, target, message) => {
  const directory = tempDir();
  migrate(join(directory, 'here.db'));
  const place = (name: string): string => name.replace(/here\.db$/, join(directory, 'here.db'));
  const { status, stderr } = run(place(url), ...(target === undefined ? [] : [place(target)]));
  expect([status, stderr]).toEqual([1, expect.stringMatching(message)]);
});

it.each<[what: string, sql: string, message: RegExp]>([
  [
    'another program',
    'CREATE TABLE bills (id)',
    /^The database \S+ belongs to another program: .*\n$/,
  ],
  ['no program', '', /^The file \S+ is empty: it is not a database of this program\.\n$/],
])('a database that belongs to %s is not copied', (_, sql, message) => {
  const directory = tempDir();
  const [path, target] = [join(directory, 'other.db'), join(directory, 'backup.db')];
  const other = new DatabaseSync(path);
  other.exec(sql);
  other.close();
  const { status, stderr } = run(`sqlite:${path}`, target);
  expect([status, stderr]).toEqual([1, expect.stringMatching(message)]);
  expect(existsSync(target)).toBe(false);
});

it.skipIf(noMount !== null)(
  `a backup onto a full disk leaves nothing, and succeeds when there is space${needsMount}`,
  () => {
    const path = join(tempDir(), 'opd.db');
    migrate(path);
    const directory = mountMemory('size=1m');
    const target = join(directory, 'backup.db');
    const makeSpace = fill(directory);
    expect(run(`sqlite:${path}`, target)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^The backup cannot be written: .*full.*\.\n$/) as string,
    });
    expect(readdirSync(directory)).toEqual(['filler']);
    makeSpace();
    expect(run(`sqlite:${path}`, target)).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(directory)).toEqual(['backup.db']);
  },
);
