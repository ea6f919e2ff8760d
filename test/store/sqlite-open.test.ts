import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AllocationEngine, epochMs } from '../../src/engine/index.ts';
import { openDatabase, StoreOpenError, type Database, type Store } from '../../src/store/index.ts';
import { migrate, openForWriting, prepareFile } from '../../src/store/sqlite/open.ts';
import { NOW, RULES } from '../support/engine/clinic.ts';
import { Desk } from '../support/store/desk.ts';
import { makeReadOnly, mountMemory, needsMount, noMount } from '../support/process/mount.ts';
import { startServer } from '../support/process/server-process.ts';
import { tempDir } from '../support/process/temp-dir.ts';

/** Opens a database on this file. It is closed when the test ends. */
function openAll(file: string): Database {
  const database = openDatabase(`sqlite:${file}`, new AllocationEngine(RULES));
  onTestFinished(() => database.store.close());
  return database;
}

const open = (file: string): Store => openAll(file).store;

/** The message of the error with which the file is refused. */
function refusalOf(file: string): string {
  try {
    open(file);
  } catch (error) {
    expect(error).toBeInstanceOf(StoreOpenError);
    return (error as StoreOpenError).message;
  }
  throw new Error('it opens');
}

const query = (file: string, sql: string): Record<string, unknown> | undefined => {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database.prepare(sql).get();
  } finally {
    database.close();
  }
};

const change = (file: string, sql: string): void => {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
};

const newFile = (): string => join(tempDir(), 'opd.db');

/** The permissions of the files in a directory, in octal digits, by their names. */
const modesIn = (directory: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(directory).map((name) => [
      name,
      (statSync(join(directory, name)).mode & 0o777).toString(8),
    ]),
  );

describe('a database that does not exist', () => {
  it('is created, and only the owner can read its files', async () => {
    const file = newFile();
    await new Desk(() => openAll(file)).load();
    expect(modesIn(dirname(file))).toEqual({
      'opd.db': '600',
      'opd.db-owner': '600',
      'opd.db-owner-journal': '600',
      'opd.db-shm': '600',
      'opd.db-wal': '600',
    });
  });

  it('is refused in a folder that does not exist, and nothing is created', () => {
    const folder = join(tempDir(), 'a', 'b');
    const file = join(folder, 'opd.db');
    expect(refusalOf(file)).toBe(
      `The database ${file} cannot be created, because the folder ${folder} does not exist: create it, or name another file.`,
    );
    expect(existsSync(dirname(folder))).toBe(false);
  });

  it('is created with the folder of the default DATABASE_URL, in the working directory', () => {
    const program = fileURLToPath(new URL('../support/store/open-default.ts', import.meta.url));
    const cwd = tempDir();
    const { status, stderr } = spawnSync(process.execPath, [program], { cwd, encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    expect(existsSync(join(cwd, 'data', 'opd.db'))).toBe(true);
  });

  it('is created with our application id, all migrations and a write-ahead log', () => {
    const file = newFile();
    open(file);
    expect(query(file, 'PRAGMA application_id')).toEqual({ application_id: 0x4f504454 });
    expect(query(file, 'PRAGMA journal_mode')).toEqual({ journal_mode: 'wal' });
    const names = readdirSync(new URL('../../src/store/sqlite/migrations/', import.meta.url));
    expect(names.length).toBeGreaterThan(0);
    expect(query(file, 'SELECT count(*) AS n, max(id) AS last FROM migrations')).toEqual({
      n: names.length,
      last: names.length,
    });
  });
});

describe('a database that exists', () => {
  it('keeps its permissions, but only the owner can read the file that locks it', async () => {
    const file = newFile();
    await openDatabase(`sqlite:${file}`, new AllocationEngine(RULES)).store.close();
    chmodSync(file, 0o640);
    chmodSync(`${file}-owner`, 0o644);
    await new Desk(() => openAll(file)).load();
    expect(modesIn(dirname(file))).toEqual({
      'opd.db': '640',
      'opd.db-owner': '600',
      'opd.db-owner-journal': '600',
      'opd.db-shm': '640',
      'opd.db-wal': '640',
    });
  });

  it('is refused with one sentence when a page of it is damaged', async () => {
    const file = newFile();
    await openDatabase(`sqlite:${file}`, new AllocationEngine(RULES)).store.close();
    const { rootpage } =
      query(file, `SELECT rootpage FROM sqlite_schema WHERE name = 'doctors'`) ?? {};
    const { page_size: size } = query(file, 'PRAGMA page_size') ?? {};
    const bytes = readFileSync(file);
    bytes.fill(0xaa, (Number(rootpage) - 1) * Number(size), Number(rootpage) * Number(size));
    writeFileSync(file, bytes);
    await expect(new Desk(() => openAll(file)).load()).rejects.toThrow(
      new StoreOpenError(
        `The file ${realpathSync(file)} is damaged: database disk image is malformed.`,
      ),
    );
  });
});

describe('the connection that writes', () => {
  it('syncs every commit: WAL and synchronous = FULL', () => {
    const file = prepareFile(newFile());
    migrate(file);
    const database = openForWriting(file);
    onTestFinished(() => database.close());
    expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    expect(database.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 });
    expect(database.prepare('PRAGMA busy_timeout').get()).toEqual({ timeout: 1_000 });
  });
});

describe('a database in use', () => {
  const inUse = (file: string) =>
    `The database ${realpathSync(file)} is in use by another process: stop it first, or name another file in DATABASE_URL.`;

  it('is refused to a second store of the same process until the first one closes it', async () => {
    const file = newFile();
    const { store: first } = openDatabase(`sqlite:${file}`, new AllocationEngine(RULES));
    expect(refusalOf(file)).toBe(inUse(file));
    await first.close();
    expect(open(file).state).toBe('ready');
  });

  it('is refused under each of its names', () => {
    const file = newFile();
    open(file);
    const link = join(tempDir(), 'link.db');
    symlinkSync(file, link);
    expect(refusalOf(link)).toBe(inUse(file));
    expect(refusalOf(relative(process.cwd(), file))).toBe(inUse(file));
  });

  it('is refused while another process uses it, and opens when that process is killed', async () => {
    const file = newFile();
    const other = await startServer({ DATABASE_URL: `sqlite:${file}` });
    expect(refusalOf(file)).toBe(inUse(file));
    await other.stop('SIGKILL');
    expect(open(file).state).toBe('ready');
  });

  it('can be read by other connections meanwhile', async () => {
    const file = newFile();
    const desk = await new Desk(() => openAll(file)).load();
    expect(query(file, 'SELECT count(*) AS n FROM doctors')).toEqual({ n: 0 });
    expect(desk.store.state).toBe('ready');
  });
});

describe('a file of another kind', () => {
  it('is refused and not changed when it is text', () => {
    const file = newFile();
    const text = 'Dear diary, '.repeat(1_000);
    writeFileSync(file, text);
    expect(refusalOf(file)).toBe(
      `The file ${realpathSync(file)} is not an SQLite database: name another one in DATABASE_URL.`,
    );
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it.each([
    ['has tables', 'CREATE TABLE photos (id INTEGER)'],
    ['has an id', 'PRAGMA application_id = 7; CREATE TABLE doctors (id INTEGER)'],
  ])("is refused and not changed when it is another program's database and %s", (_what, sql) => {
    const file = newFile();
    change(file, sql);
    const before = readFileSync(file);
    expect(refusalOf(file)).toBe(
      `The database ${realpathSync(file)} belongs to another program: name another file in DATABASE_URL.`,
    );
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('opens when a newer version has only migrations that are not breaking, and they stay', async () => {
    const file = newFile();
    const { store } = openDatabase(`sqlite:${file}`, new AllocationEngine(RULES));
    await store.close();
    const name = '0099-the-future.sql';
    change(file, `INSERT INTO migrations (id, name) VALUES (99, '${name}')`);
    open(file);
    expect(query(file, 'SELECT name FROM migrations ORDER BY id DESC')).toEqual({ name });
  });

  it('is refused when a newer version has a breaking migration', async () => {
    const file = newFile();
    const { store } = openDatabase(`sqlite:${file}`, new AllocationEngine(RULES));
    await store.close();
    change(file, `INSERT INTO migrations (id, name) VALUES (99, '0099-the-future.breaking.sql')`);
    expect(refusalOf(file)).toBe(
      `The database ${realpathSync(file)} was written by a newer version of this program: start that one.`,
    );
  });

  it('is not locked after the refusal: it opens as soon as it is repaired', () => {
    const file = newFile();
    writeFileSync(file, 'not a database, and longer than the header of one '.repeat(10));
    refusalOf(file);
    writeFileSync(file, '');
    expect(open(file).state).toBe('ready');
  });
});

describe('a path that cannot be written', () => {
  it('is refused when it is under a file', () => {
    const file = newFile();
    writeFileSync(file, '');
    expect(refusalOf(join(file, 'opd.db'))).toMatch(
      /^The database \S+ cannot be written: E(NOTDIR|EXIST)\b.*\.$/,
    );
  });

  it('is refused when it is a directory', () => {
    expect(refusalOf(tempDir())).toMatch(/^The database \S+ cannot be written: EISDIR\b.*\.$/);
  });

  it('is refused when the lock file beside it cannot be created', () => {
    const file = newFile();
    mkdirSync(`${file}-owner`);
    expect(refusalOf(file)).toMatch(/^The database \S+ cannot be locked with \S+-owner: .+\.$/);
  });

  it.skipIf(noMount !== null)(`is refused when it is read-only${needsMount}`, () => {
    const directory = mountMemory('size=1m');
    makeReadOnly(directory);
    expect(refusalOf(join(directory, 'opd.db'))).toMatch(
      /^The database \S+ cannot be written: EROFS\b.*\.$/,
    );
  });

  it.skipIf(noMount !== null)(`is refused when it has become read-only${needsMount}`, async () => {
    const directory = mountMemory('size=1m');
    const file = join(directory, 'opd.db');
    await openDatabase(`sqlite:${file}`, new AllocationEngine(RULES)).store.close();
    makeReadOnly(directory);
    expect(refusalOf(file)).toMatch(/^The database \S+ cannot be written: EROFS\b.*\.$/);
  });

  it.skipIf(noMount !== null)(`is refused when it is full${needsMount}`, () => {
    const directory = mountMemory('size=8k');
    expect(refusalOf(join(directory, 'opd.db'))).toMatch(
      /^The database \S+ cannot be (opened|locked with \S+): .*(full|I\/O).*\.$/,
    );
  });
});

describe('responses stored under keys', () => {
  const hour = 3_600_000;

  /** The number of responses that are left when one was stored in each of these hours. */
  async function leftAfter(hours: readonly number[]): Promise<unknown> {
    const file = newFile();
    const desk = await new Desk(() => openAll(file)).load(NOW);
    for (const [nth, at] of hours.entries()) {
      const key = { caller: 'c', key: String(nth), requestHash: '', answer: '' };
      await desk.book('x', {}, { response: { ...key, at: epochMs(NOW + at * hour) } });
    }
    return query(file, 'SELECT count(*) AS n FROM idempotency_keys')?.['n'];
  }

  it('are never older than a day, because each new response deletes expired ones', async () => {
    expect(await leftAfter([...Array(100).keys()])).toBe(24);
  });

  it('are deleted too when the clock was 400 days ahead, or 400 days behind, for some of them', async () => {
    const hours = [...Array(100).keys()];
    for (const wrong of [400 * 24, -400 * 24])
      expect(await leftAfter(hours.map((at) => (at > 9 && at < 20 ? at + wrong : at)))).toBe(24);
  });
});
