import { linkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { DEFAULT_CLASSES } from '../../src/engine/index.ts';
import { verifyDatabase } from '../../src/audit/index.ts';
import type { BookingView } from '../../src/http/resources/index.ts';
import { spawnServer, startServer, type ServerProcess } from '../support/process/server-process.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { book, openHospital } from '../support/store/hospital.ts';

const RULES = { classes: DEFAULT_CLASSES, graceMinutes: 30, waitlistMax: 1_000 };

const newFile = (): string => join(tempDir(), 'opd.db');

/** Books a patient; returns the id of the token if the booking was acknowledged. */
async function acknowledged(server: ServerProcess, name: string): Promise<string[]> {
  const answer = await book(server, name).catch(() => null);
  if (answer?.status !== 201) return [];
  return [((await answer.json()) as BookingView).id];
}

const tokensIn = (file: string): unknown[] => {
  const database = new DatabaseSync(file, { readOnly: true });
  const rows = database.prepare('SELECT id FROM tokens').all();
  database.close();
  return rows.map(({ id }) => id).sort();
};

/** Checks that the process ends by itself, with 1, and that its log says why in one sentence. */
async function expectEnd(server: ServerProcess, why: RegExp): Promise<void> {
  expect(await server.exited).toEqual({ code: 1, signal: null });
  const last = server.log.split('\n').find((line) => line.includes('The store has failed'));
  expect((JSON.parse(last ?? '{}') as { readonly msg?: string }).msg).toMatch(why);
}

it('of two busy processes on one database, whose owner file was deleted, one ends, and all acknowledged bookings are stored', async () => {
  const file = newFile();
  const settings = { DATABASE_URL: `sqlite:${file}` };
  const first = await openHospital(settings);
  rmSync(`${file}-owner`);
  const servers = [first, await startServer(settings)] as const;
  const ids: string[] = [];
  for (let round = 0; !servers.some(({ hasExited }) => hasExited); round += 1) {
    const names = Array.from({ length: 10 }, (_, nth) => `patient ${round}-${nth}`);
    const both = servers.flatMap((server) => names.map((name) => acknowledged(server, name)));
    ids.push(...(await Promise.all(both)).flat());
  }
  const [ended, stays] = first.hasExited ? servers : servers.toReversed();
  await expectEnd(ended, /Another process has written to the database \S+, and /);
  ids.push(...(await acknowledged(stays, 'after')));
  await stays.stop();
  expect(ids.length).toBeGreaterThan(0);
  expect(tokensIn(file)).toEqual(ids.sort());
  expect((await verifyDatabase(settings.DATABASE_URL, RULES)).faults).toEqual([]);
});

it('a database with a second name (a hard link) is refused under each of its names', async () => {
  const file = newFile();
  const first = await openHospital({ DATABASE_URL: `sqlite:${file}` });
  const link = join(tempDir(), 'link.db');
  linkSync(file, link);
  for (const name of [link, file]) {
    const second = spawnServer({ DATABASE_URL: `sqlite:${name}` });
    expect(await second.exited).toEqual({ code: 1, signal: null });
    expect(second.errors).toMatch(/^The database \S+ has 2 names \(hard links\)\. .+\.\n$/);
  }
  expect(await acknowledged(first, 'still served')).toHaveLength(1);
  rmSync(link);
  await first.stop();
  const again = await startServer({ DATABASE_URL: `sqlite:${file}` });
  await again.stop();
});

it('a process whose database files are deleted acknowledges no booking more, and ends', async () => {
  const file = newFile();
  const server = await openHospital({ DATABASE_URL: `sqlite:${file}` });
  expect(await acknowledged(server, 'before')).toHaveLength(1);
  for (const name of [file, `${file}-wal`, `${file}-shm`]) rmSync(name);
  expect(await acknowledged(server, 'after')).toEqual([]);
  await expectEnd(server, /The files of the database \S+ were deleted or replaced while /);
});
