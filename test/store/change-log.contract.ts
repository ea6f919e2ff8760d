import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import {
  doctorId,
  epochMs,
  slotId,
  tokenId,
  type Change,
  type DoctorId,
} from '../../src/engine/index.ts';
import { UnknownCursorError, type ChangeLog, type LoggedChange } from '../../src/store/index.ts';
import { accepted, found, RAO, SEN } from '../support/engine/clinic.ts';
import { eventually } from '../support/eventually.ts';
import type { DatabaseUnderTest } from '../support/store/database-under-test.ts';
import type { OpenDatabase } from '../support/store/desk.ts';
import { FrontDesk } from '../support/store/front-desk.ts';

/** Reads pages of this size until the end of the log. */
async function readFrom(log: ChangeLog, from: string, limit = 100): Promise<LoggedChange[]> {
  const entries: LoggedChange[] = [];
  for (let cursor = from; ;) {
    const page = await log.since(cursor, limit);
    entries.push(...page.entries);
    if (page.isEnd) return entries;
    cursor = page.cursor;
  }
}

const readAll = (log: ChangeLog, limit?: number) => readFrom(log, log.beginning, limit);

const nameOf = ({ doctorId: doctor, version, kind }: Change) => `${doctor}:${version} ${kind}`;
const namesOf = (entries: readonly LoggedChange[]) => entries.map(({ change }) => nameOf(change));

/** Tests what the port `ChangeLog` promises. Every adapter runs them. */
export function changeLogContract(name: string, database: DatabaseUnderTest): void {
  describe(`${name}: the change log contract`, () => {
    let open: OpenDatabase;
    let desk: FrontDesk;

    const openAnother = async (): Promise<FrontDesk> => {
      const other = new FrontDesk(open);
      onTestFinished(() => other.store.close());
      return other.load();
    };

    beforeEach(async () => {
      open = await database.database();
      desk = await new FrontDesk(open).load();
    });
    afterEach(() => desk.store.close().catch(() => undefined));

    describe('since', () => sinceTests(() => desk));
    if (database.isSoleOwner)
      describe('as the only process on its database', () => durableOnlyTests(() => desk));
    describe('cursors', () => cursorTests(() => desk, database));
    describe('factsAt', () => factsTests(() => desk));
    describe('before and at', () => placeTests(() => desk));
    describe('onCommit', () => onCommitTests(() => desk));
    describe('with ten writers', () =>
      it('a reader gets every change exactly once, and those of each doctor in order', async () => {
        await desk.openSlots();
        const desks = database.isSoleOwner
          ? [desk]
          : [desk, await openAnother(), await openAnother()];
        await readsWhileWriting(desks);
      }));
    describe('a restart', () => {
      const effect =
        database.whyNotDurable === null ? 'leaves cursors valid' : 'makes cursors unknown';
      it(effect, async () => {
        await desk.openSlots();
        const cursor = await desk.changeLog.end();
        await desk.store.close();
        const after = await openAnother();
        if (database.whyNotDurable === null) await after.admit('nine', 'W1');
        const page = after.changeLog.since(cursor, 10);
        if (database.whyNotDurable === null)
          expect(namesOf((await page).entries)).toEqual(['rao:5 booked']);
        else await expect(page).rejects.toThrow(UnknownCursorError);
      });
    });
  });
}

function sinceTests(desk: () => FrontDesk): void {
  it('an empty database has no changes', async () => {
    const { changeLog } = desk();
    const page = await changeLog.since(changeLog.beginning, 10);
    expect(page).toEqual({ entries: [], cursor: changeLog.beginning, isEnd: true });
    expect(await changeLog.end()).toBe(changeLog.beginning);
  });

  it('the changes of doctors, slots and tokens are read as the engine applied them', async () => {
    const { engine, changeLog } = desk();
    const applied: Change[] = [];
    const apply = engine.apply.bind(engine);
    engine.apply = (change) => void (apply(change), applied.push(change));
    await desk().openSlots();
    await desk().admit('nine', 'W1 W2 W3 E1');
    await desk().move('W1', 'other');
    await desk().reclassify('W2', 'FOLLOW_UP');
    await desk().checkIn('W2');
    await desk().close('nine', 'ten');
    const entries = await readAll(changeLog);
    const readChanges = entries.map(({ change }) => change);
    expect(readChanges).toHaveLength(applied.length);
    expect(new Set(readChanges.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(8);
    for (const doctor of [RAO, SEN])
      expect(readChanges.filter((change) => change.doctorId === doctor)).toEqual(
        applied.filter((change) => change.doctorId === doctor),
      );
  });

  it('a change has the actor of its command, and the reason only if the command named the token', async () => {
    await desk().openSlots();
    await desk().admit('nine', 'W1 W2');
    const { changeLog } = desk();
    const cursor = await changeLog.end();
    desk().reason = 'chest pain';
    await desk().reclassify('W2', 'EMERGENCY');
    await desk().revise('nine', 1);
    const { entries } = await changeLog.since(cursor, 10);
    expect(entries.map(({ change, actor, reason }) => `${change.kind} ${actor} ${reason}`)).toEqual(
      ['reclassified desk chest pain', 'bumped desk null', 'slot_set desk chest pain'],
    );
  });

  it('changes of other doctors are left out and skipped', async () => {
    await desk().openSlots();
    const { changeLog } = desk();
    const isOfSen = new Set<DoctorId>([SEN]);
    const first = await changeLog.since(changeLog.beginning, 4, isOfSen);
    expect(first).toMatchObject({ entries: [], isEnd: false });
    const second = await changeLog.since(first.cursor, 4, isOfSen);
    expect(namesOf(second.entries)).toEqual(['sen:1 doctor_set', 'sen:2 slot_set']);
    expect(second.isEnd).toBe(true);
  });

  it.each([1, 2, 3, 7, 100])('the changes are the same in pages of %i', async (limit) => {
    await desk().openSlots();
    await desk().admit('nine', 'W1 W2 W3 E1');
    const { changeLog } = desk();
    const whole = await readAll(changeLog);
    expect(whole.length).toBeGreaterThan(10);
    expect(await readAll(changeLog, limit)).toEqual(whole);
  });
}

function placeTests(desk: () => FrontDesk): void {
  it('the cursor before a change is the one behind the change before it', async () => {
    await desk().openSlots();
    await desk().admit('nine', 'W1');
    const { changeLog } = desk();
    const entries = await readAll(changeLog);
    const befores = await Promise.all(entries.map(({ cursor }) => changeLog.before(cursor)));
    const cursors = entries.map(({ cursor }) => cursor);
    expect(befores).toEqual([changeLog.beginning, ...cursors.slice(0, -1)]);
    await expect(changeLog.before(changeLog.beginning)).rejects.toThrow(UnknownCursorError);
    await expect(changeLog.before('x')).rejects.toThrow(UnknownCursorError);
  });

  it('the cursor of an instant is that before the first change at or after it', async () => {
    await desk().openSlots();
    const { changeLog } = desk();
    const [first] = await readAll(changeLog);
    const at = first?.change.at ?? epochMs(0);
    expect(await changeLog.at(at)).toBe(changeLog.beginning);
    expect(await changeLog.at(epochMs(at + 1))).toBe(await changeLog.end());
  });
}

function factsTests(desk: () => FrontDesk): void {
  it('the facts at a cursor are those of the asked tokens and slots, in the order of the log', async () => {
    await desk().openSlots();
    const { changeLog } = desk();
    await desk().admit('nine', 'W1 W2');
    await desk().move('W1', 'other');
    await desk().reclassify('W1', 'FOLLOW_UP');
    await desk().correct('W1', 'Asha');
    await desk().checkIn('W1');
    await desk().revise('nine', 3);
    const cursor = await changeLog.end();
    await desk().reclassify('W1', 'EMERGENCY');
    await desk().revise('nine', 4);
    const subjects = { tokenIds: [tokenId('W1')], slotIds: [slotId('nine')] };
    const facts = await changeLog.factsAt(cursor, subjects);
    expect(facts.map(({ change, actor }) => `${nameOf(change)} ${actor}`)).toEqual([
      'rao:2 slot_set desk',
      'rao:5 booked desk',
      'sen:3 moved_in desk',
      'sen:4 reclassified desk',
      'sen:5 corrected desk',
      'rao:8 slot_set desk',
    ]);
    expect(await changeLog.factsAt(changeLog.beginning, subjects)).toEqual([]);
    expect(await changeLog.factsAt(cursor, { tokenIds: [], slotIds: [] })).toEqual([]);
  });

  it('a token that waits has its place on record, and only such a token', async () => {
    await desk().openSlots();
    await desk().admit('nine', 'W1 W2 W3 E1');
    await desk().reclassify('W3', 'ONLINE_BOOKING');
    const places = (await readAll(desk().changeLog)).flatMap(({ change }) =>
      'waitlistPosition' in change ? `${nameOf(change)} ${change.waitlistPosition}` : [],
    );
    expect(places).toEqual([
      'rao:7 booked 1',
      'rao:8 bumped 1',
      'rao:10 reclassified 1',
      'rao:11 bumped 1',
    ]);
  });
}

function durableOnlyTests(desk: () => FrontDesk): void {
  it('a change is read only when it is durable', async () => {
    await desk().openSlots();
    const { changeLog } = desk();
    const cursor = await changeLog.end();
    const booked = desk().book('W1');
    expect((await changeLog.since(cursor, 10)).entries).toEqual([]);
    await booked;
    expect(namesOf((await changeLog.since(cursor, 10)).entries)).toEqual(['rao:5 booked']);
  });
}

function cursorTests(desk: () => FrontDesk, database: DatabaseUnderTest): void {
  beforeEach(() => desk().openSlots());

  it('the cursor of a change leads to the next change', async () => {
    const { changeLog } = desk();
    const whole = await readAll(changeLog);
    for (const [index, { cursor }] of whole.entries())
      expect(await readFrom(changeLog, cursor)).toEqual(whole.slice(index + 1));
  });

  it('the cursor of the end leads to the changes that become durable after it', async () => {
    const { changeLog } = desk();
    const cursor = await changeLog.end();
    expect(await changeLog.since(cursor, 10)).toEqual({ entries: [], cursor, isEnd: true });
    await desk().admit('nine', 'W1');
    expect(namesOf(await readFrom(changeLog, cursor))).toEqual(['rao:5 booked']);
  });

  it.each([
    '',
    'x',
    'MTo',
    '0',
    '../../etc/passwd',
    'LTE6MTox',
    'TmFOOjA6MA',
    'MS41OjA6MA',
    'MWUrMzA6MDow',
    'MDo1Ojc',
    '💊',
  ])('%j is not a cursor', async (cursor) => {
    await expect(desk().changeLog.since(cursor, 10)).rejects.toThrow(UnknownCursorError);
  });

  it('a cursor of another database is unknown, also when it lies within the length of the log', async () => {
    const other = new FrontDesk(await database.database());
    onTestFinished(() => other.store.close());
    await other.load();
    // The other database has other changes, and more of them.
    await other.put({ id: doctorId('das') }, [{ id: slotId('das') }]);
    await other.openSlots();
    const whole = await readAll(other.changeLog);
    const { changeLog } = desk();
    expect(whole.length).toBeGreaterThan((await readAll(changeLog)).length);
    for (const { cursor } of whole.slice(2))
      await expect(changeLog.since(cursor, 10)).rejects.toThrow(UnknownCursorError);
  });
}

function onCommitTests(desk: () => FrontDesk): void {
  it('every listener is called when there are changes to read, until it unsubscribes', async () => {
    const { changeLog } = desk();
    const calls = { first: 0, second: 0 };
    const unsubscribe = changeLog.onCommit(() => (calls.first += 1));
    const cursor = changeLog.beginning;
    const seen = new Promise<number>((resolve) => {
      const stop = changeLog.onCommit(async () => {
        calls.second += 1;
        const { entries } = await changeLog.since(cursor, 100);
        if (entries.length > 0) resolve(entries.length);
      });
      onTestFinished(stop);
    });
    await desk().openSlots();
    expect(await seen).toBeGreaterThan(0);
    expect(calls.first).toBeGreaterThan(0);
    unsubscribe();
    unsubscribe();
    const { first, second } = calls;
    await desk().admit('nine', 'W1');
    await eventually(() => calls.second > second);
    expect(calls.first).toBe(first);
  });

  it('a listener that throws or rejects does not affect the other listeners or the store', async () => {
    const { changeLog } = desk();
    let calls = 0;
    const stops = [
      changeLog.onCommit(() => {
        throw new Error('the listener is broken');
      }),
      changeLog.onCommit(() => Promise.reject(new Error('this one too'))),
      changeLog.onCommit(() => (calls += 1)),
    ];
    await desk().openSlots();
    await eventually(() => calls > 0);
    expect(desk().store.state).toBe('ready');
    for (const stop of stops) stop();
  });
}

const WRITERS = 10;
const BOOKINGS = 12;

/** Ten writers book with two doctors and move half of the tokens to the other one, while one reader reads the log. */
async function readsWhileWriting(desks: readonly FrontDesk[]): Promise<void> {
  const [{ changeLog }] = desks as [FrontDesk];
  const before = await readAll(changeLog);
  const writers = { areDone: false };
  const read = (async () => {
    const entries = [...before];
    let cursor = entries.at(-1)?.cursor ?? changeLog.beginning;
    for (;;) {
      const wereDone = writers.areDone;
      const page = await changeLog.since(cursor, 7);
      entries.push(...page.entries);
      cursor = page.cursor;
      if (wereDone && page.isEnd) return entries;
      // A database in memory answers at once, so the reader must give the writers time to run.
      await new Promise(setImmediate);
    }
  })();
  await Promise.all(
    Array.from({ length: WRITERS }, async (_, writer) => {
      const desk = found(desks[writer % desks.length]);
      for (let nth = 0; nth < BOOKINGS; nth += 1) {
        const name = `W${writer}-${nth}`;
        const place = nth % 2 === 0 ? {} : { doctorId: SEN, slotId: slotId('other') };
        accepted(await desk.book(name, place));
        if (nth % 2 === 0) await desk.move(name, 'other');
      }
    }),
  );
  writers.areDone = true;
  const entries = await read;
  const names = namesOf(entries);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(namesOf(await readAll(changeLog)));
  const booked = entries.filter(({ change }) => change.kind === 'booked');
  expect(booked).toHaveLength(WRITERS * BOOKINGS);
  for (const doctor of [RAO, SEN]) {
    const versions = entries.flatMap(({ change }) =>
      change.doctorId === doctor ? [change.version] : [],
    );
    expect(versions).toEqual(versions.map((_, index) => index + 1));
  }
}
