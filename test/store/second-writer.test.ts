import { copyFileSync, linkSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openDatabase, StoreOpenError } from '../../src/store/index.ts';
import { found, RAO, SEN, TODAY } from '../support/engine/clinic.ts';
import { faultsOf } from '../support/store/damage.ts';
import { Desk } from '../support/store/desk.ts';
import { liveTokensOf } from '../support/store/pages.ts';
import { tempDir } from '../support/process/temp-dir.ts';

// The second safeguard of SQLite: the lock of the owner does not prevent two writers when its file is deleted.

const newFile = (): string => join(tempDir(), 'opd.db');

async function deskOn(file: string): Promise<Desk> {
  const desk = await new Desk((engine) => openDatabase(`sqlite:${file}`, engine)).load();
  onTestFinished(() => desk.store.close().catch(() => undefined));
  return desk;
}

/** A desk with one slot of three seats. */
async function openDesk(file: string): Promise<Desk> {
  const desk = await deskOn(file);
  await desk.put({}, [{ capacity: 3 }]);
  return desk;
}

describe('two writers of one database', () => {
  const OTHER_WRITER = /^Another process has written to the database \S+, and .+\.$/;

  /** Two desks on one file, as when the owner file was deleted before the second one opened. */
  async function twoDesks(file: string): Promise<[Desk, Desk]> {
    const first = await openDesk(file);
    await first.book('before');
    rmSync(`${file}-owner`);
    return [first, await deskOn(file)];
  }

  it.each([0, 1])(
    'the one that did not write fails at its first commit (%i writes)',
    async (nth) => {
      const file = newFile();
      const desks = await twoDesks(file);
      const [stays, ends] = nth === 0 ? desks : [desks[1], desks[0]];
      await stays.book('of the one');
      const stale = [ends.book('of the other'), ends.cancel('before')];
      for (const answer of await Promise.allSettled(stale))
        expect(answer).toMatchObject({ status: 'rejected', reason: { message: OTHER_WRITER } });
      expect((await ends.store.failure).message).toMatch(OTHER_WRITER);
      await stays.book('after');
      const [slot] = await stays.archive.slots(RAO, TODAY, TODAY, new Set());
      const ids = (await liveTokensOf(stays.archive, found(slot).id)).map(({ id }) => id).sort();
      expect(ids).toEqual(['after', 'before', 'of the one']);
      await stays.store.close();
      expect(await faultsOf(file)).toEqual([]);
    },
  );

  it('two that add the same doctor do not both succeed', async () => {
    const [first, second] = await twoDesks(newFile());
    await first.put({ id: SEN });
    await expect(second.put({ id: SEN })).rejects.toThrow(/doctors\.id/);
  });
});

describe('a database with a second name', () => {
  it('is refused under each of its names, and opens when one name is left', async () => {
    const file = newFile();
    await (await openDesk(file)).store.close();
    const link = join(tempDir(), 'link.db');
    linkSync(file, link);
    for (const name of [link, file]) {
      await expect(deskOn(name)).rejects.toThrow(StoreOpenError);
      await expect(deskOn(name)).rejects.toThrow(/^The database \S+ has 2 names \(hard links\)\. /);
    }
    rmSync(file);
    expect((await deskOn(link)).store.state).toBe('ready');
  });
});

describe('a database file that is no longer the one opened', () => {
  const GONE = /^The files of the database \S+ were deleted or replaced while .+\.$/;

  it.each<[what: string, destroy: (file: string) => void]>([
    ['it was deleted', (file) => rmSync(file)],
    ['its journal was deleted', (file) => rmSync(`${file}-wal`)],
    [
      'it was replaced by a copy',
      (file) => {
        copyFileSync(file, `${file}-copy`);
        renameSync(`${file}-copy`, file);
      },
    ],
    ['its folder was moved', (file) => renameSync(dirname(file), join(tempDir(), 'moved'))],
  ])('makes the next commit and the store fail: %s', async (_, destroy) => {
    const file = newFile();
    const desk = await openDesk(file);
    await desk.book('before');
    destroy(file);
    await expect(desk.book('after')).rejects.toThrow(GONE);
    expect((await desk.store.failure).message).toMatch(GONE);
  });
});
