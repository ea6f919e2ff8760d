import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { slotId, tokenId, type AllocationEngine, type Change } from '../../src/engine/index.ts';
import { openDatabase, type Database, type Decision } from '../../src/store/index.ts';
import { Random } from '../../bench/lib/random.ts';
import { accepted, clock, found, RAO, TODAY } from '../support/engine/clinic.ts';
import { snapshotOf } from '../support/engine/snapshot.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { casesOf, rerun, seed } from '../support/seed.ts';
import { faultsOf, tamper } from '../support/store/damage.ts';
import { FrontDesk } from '../support/store/front-desk.ts';
import { allOf, liveTokensOf } from '../support/store/pages.ts';

// SQLite has no index that a booking writes: the tokens of a slot get their place when the slot leaves memory.

const A_WEEK_LATER = clock(7 * 24);

const newFile = (): string => join(tempDir(), 'opd.db');

async function deskAt(file: string, now = clock(8)): Promise<FrontDesk> {
  const open = (engine: AllocationEngine): Database => openDatabase(`sqlite:${file}`, engine);
  const desk = await new FrontDesk(open).load(now);
  onTestFinished(() => desk.store.close().catch(() => undefined));
  return desk;
}

/** A desk with the slots of `openSlots` and the tokens of a day: W4 waits in the slot at nine, W2 is cancelled. */
async function openDay(file: string): Promise<FrontDesk> {
  const desk = await deskAt(file);
  await desk.openSlots();
  await desk.admit('nine', 'W1 W2 W3 W4');
  await desk.leave('W2');
  return desk;
}

const read = <Row>(file: string, sql: string): Row[] => {
  const database = new DatabaseSync(file, { readOnly: true });
  const rows = database.prepare(sql).all() as Row[];
  database.close();
  return rows;
};

const indexedTokens = (file: string): string =>
  read<{ id: string }>(file, 'SELECT id FROM tokens WHERE indexed = 1 ORDER BY id')
    .map(({ id }) => id)
    .join(' ');

/** Gives the tokens of slots their place in the index, as before the slots are evicted. */
async function index({ store }: FrontDesk, ...slots: string[]): Promise<void> {
  await store.transact({ doctorIds: [] }, () => ({
    ...{ changes: [], answer: null, response: null, past: slots.map(slotId) },
    origin: { actor: 'system', reason: null },
  }));
}

const evict = ({ engine }: FrontDesk, slot: string): void =>
  engine.evictSlot(found(engine.slot(slotId(slot))));

const live = async ({ archive }: FrontDesk, slot: string): Promise<string> =>
  (await liveTokensOf(archive, slotId(slot)))
    .map(({ id }) => id)
    .sort()
    .join(' ');

const changesIn = ({ archive }: FrontDesk, slot: string): Promise<Change[]> =>
  allOf(archive.slotChanges(slotId(slot)));

const kindsOf = (changes: readonly Change[]): string[] => changes.map(({ kind }) => kind);

describe('the tokens of a slot', () => {
  it('have no place in the index while the slot is in memory, and all of them get it together', async () => {
    const file = newFile();
    const desk = await openDay(file);
    expect(indexedTokens(file)).toBe('');
    const changes = await changesIn(desk, 'nine');
    await index(desk, 'nine');
    expect(indexedTokens(file)).toBe('W1 W2 W3 W4');
    evict(desk, 'nine');
    expect(await live(desk, 'nine')).toBe('W1 W3 W4');
    expect(await changesIn(desk, 'nine')).toEqual(changes);
  });

  it('are found by a search in memory and in the store, each once and in their order', async () => {
    const desk = await openDay(newFile());
    await desk.admit('ten', 'W5 W6');
    await desk.admit('other', 'F7');
    await index(desk, 'ten', 'nine');
    evict(desk, 'ten');
    const filter = { doctorId: null, from: TODAY, to: TODAY, number: null };
    const statuses = ['BOOKED', 'WAITING'] as const;
    const pages: string[] = [];
    let after = { date: '~', slotId: '~', tokenId: '~' };
    for (;;) {
      const tokens = await desk.archive.tokens({ ...filter, statuses }, after, 2);
      for (const { token, slot } of tokens) {
        pages.push(`${token.slotId} ${token.id}`);
        after = { date: slot.date, slotId: slot.id, tokenId: token.id };
      }
      if (tokens.length < 2) break;
    }
    const places = ['ten W6', 'ten W5', 'other F7', 'nine W4', 'nine W3', 'nine W1'];
    expect(pages).toEqual(places);
  });

  it('are loaded by the next start, whichever of them are in the index', async () => {
    const file = newFile();
    const before = await openDay(file);
    await index(before, 'nine');
    await before.admit('nine', 'W5');
    await before.move('W1', 'morrow');
    expect(indexedTokens(file)).toBe('W1 W2 W3 W4');
    const expected = snapshotOf(before.engine);
    await before.store.close();
    const after = await deskAt(file);
    expect(snapshotOf(after.engine)).toEqual(expected);
    expect(await faultsOf(file)).toEqual([]);
  });
});

describe('a start after the process has ended', () => {
  it('before the index was written: past slots get it, and are not in memory', async () => {
    const file = newFile();
    const before = await openDay(file);
    await before.leave('W4');
    const changes = await changesIn(before, 'nine');
    await before.store.close();
    const after = await deskAt(file, A_WEEK_LATER);
    expect(after.engine.slot(slotId('nine'))).toBeUndefined();
    expect(indexedTokens(file)).toBe('W1 W2 W3 W4');
    expect(await live(after, 'nine')).toBe('W1 W3');
    expect(await changesIn(after, 'nine')).toEqual(changes);
  });

  it('after the index was written and before the slot was evicted: nothing is different', async () => {
    const file = newFile();
    const before = await openDay(file);
    await before.leave('W4');
    await index(before, 'nine');
    await before.store.close();
    const after = await deskAt(file, A_WEEK_LATER);
    expect(after.engine.slot(slotId('nine'))).toBeUndefined();
    expect(await live(after, 'nine')).toBe('W1 W3');
  });

  it('after a token has come to wait in an indexed slot: the slot is in memory', async () => {
    const file = newFile();
    const before = await openDay(file);
    await before.leave('W4');
    await index(before, 'nine');
    evict(before, 'nine');
    // A command that names the slot loads it; then somebody waits in it.
    await before.store.transact({ doctorIds: [RAO], slotIds: [slotId('nine')] }, () => ({
      ...{ changes: [], answer: null, response: null },
      origin: { actor: 'system', reason: null },
    }));
    await before.admit('nine', 'W5');
    const changes = await changesIn(before, 'nine');
    await before.store.close();
    const after = await deskAt(file, A_WEEK_LATER);
    expect(found(after.engine.token(tokenId('W5'))).status).toBe('WAITING');
    expect(await changesIn(after, 'nine')).toEqual(changes);
    expect(await faultsOf(file)).toEqual([]);
  });
});

describe('the start of the tokens that are not indexed', () => {
  const startOf = (file: string): number =>
    found(read<{ from_position: number }>(file, 'SELECT * FROM unindexed')[0]).from_position;
  const bookingOf = (file: string, name: string): number =>
    found(
      read<{ position: number }>(
        file,
        `SELECT position FROM changes WHERE kind = 'booked' AND token_id = '${name}'`,
      )[0],
    ).position;

  it('is the booking of the first of them, or the end of the record', async () => {
    const file = newFile();
    const desk = await openDay(file);
    await desk.admit('ten', 'W5');
    await desk.admit('other', 'F6');
    await index(desk, 'nine');
    expect(startOf(file)).toBe(bookingOf(file, 'W5'));
    await index(desk, 'ten');
    expect(startOf(file)).toBe(bookingOf(file, 'F6'));
    await index(desk, 'other');
    const [last] = read<{ position: number }>(
      file,
      'SELECT max(position) AS position FROM changes',
    );
    expect(startOf(file)).toBe(found(last).position + 1);
  });

  it('passes a token that was booked very many changes ago, although its slot is in memory', async () => {
    const file = newFile();
    const before = await deskAt(file);
    await before.openSlots();
    await before.admit('morrow', 'W1');
    await before.store.close();
    const early = bookingOf(file, 'W1');
    tamper(
      file,
      `UPDATE doctors SET version = version + 1 WHERE id = '${RAO}';
      INSERT INTO changes (position, doctor_id, version, at, kind, actor, data)
        SELECT 300000, id, version, 0, 'break_set', 'system', '{"until":null}' FROM doctors WHERE id = '${RAO}'`,
    );
    const desk = await deskAt(file);
    await desk.admit('nine', 'W2');
    await index(desk, 'nine');
    expect(startOf(file)).toBeGreaterThan(early);
    expect(indexedTokens(file)).toBe('W1 W2');
    const expected = snapshotOf(desk.engine);
    await desk.store.close();
    expect(snapshotOf((await deskAt(file)).engine)).toEqual(expected);
  });
});

it('an erasure finds the records along the history, and leaves what a later command of its batch writes', async () => {
  const file = newFile();
  const desk = await openDay(file);
  await index(desk, 'nine');
  const { engine, store } = desk;
  const correct = (patientName: string, more: Pick<Decision<null>, 'erasure'> = {}) =>
    store.transact({ doctorIds: [RAO] }, () => {
      const command = { tokenId: tokenId('W1'), patientName, patientId: null, at: clock(9) };
      const { changes } = accepted(engine.correct(command));
      const origin = { actor: 'system', reason: null };
      return { ...{ changes, answer: null, response: null, origin }, ...more };
    });
  // The first command is written alone. The others come while it is written, so they are one batch.
  await Promise.all([
    correct('early'),
    correct('', { erasure: { tokenIds: [tokenId('W1')], slotIds: [slotId('nine')] } }),
    correct('late'),
  ]);
  const names = `SELECT data ->> '$.patientName' AS name FROM changes WHERE token_id = 'W1' AND data IS NOT NULL`;
  expect(read<{ name: string }>(file, names).map(({ name }) => name)).toEqual(['', '', '', 'late']);
  expect(read(file, `SELECT erased FROM slots WHERE id = 'nine'`)).toEqual([{ erased: 0 }]);
  await store.close();
  expect(await faultsOf(file)).toEqual([]);
});

it('a history that lacks a change is found by the audit', async () => {
  const file = newFile();
  await (await openDay(file)).store.close();
  tamper(file, `UPDATE changes SET previous = NULL WHERE token_id = 'W2' AND kind = 'cancelled'`);
  expect(await faultsOf(file)).toEqual(['token W2: its history is not that of its change records']);
});

it.each(Array.from({ length: casesOf(8) }, (_, nth) => nth))(
  `%i: after random commands, evictions and restarts, the archive has what happened ${rerun}`,
  async (nth) => {
    const random = new Random(seed + nth);
    const file = newFile();
    let desk = await openDay(file);
    const slots = ['nine', 'ten', 'morrow', 'other'];
    const isIn = (slot: string): boolean => desk.engine.slot(slotId(slot)) !== undefined;
    const load = (slot: string) =>
      desk.store.transact(
        { doctorIds: [found(desk.engine.doctor(RAO)).facts.id], slotIds: [slotId(slot)] },
        () => ({
          ...{ changes: [], answer: null, response: null },
          origin: { actor: 'system', reason: null },
        }),
      );
    const tokens = () => Array.from(desk.engine.tokens, ({ id }) => id);
    const steps: readonly (() => Promise<unknown>)[] = [
      async () => {
        const slot = random.pick(slots);
        await load(slot);
        await desk.admit(slot, `${random.pick(['W', 'F', 'E'])}${random.below(1_000_000)}`);
      },
      async () => {
        const [slot, token] = [random.pick(slots), random.pick(tokens())];
        await load(slot);
        if (desk.engine.token(token)?.slot.facts.id !== slot) await desk.move(token, slot);
      },
      () => desk.leave(random.pick(tokens())),
      async () => {
        const slot = random.pick(slots);
        if (!isIn(slot)) return;
        await index(desk, slot);
        if (desk.engine.slot(slotId(slot))?.waiting === 0) evict(desk, slot);
      },
      async () => {
        await desk.store.close();
        desk = await deskAt(file);
      },
    ];
    for (let step = 0; step < 25; step += 1) {
      if (tokens().length < 2) await load('nine');
      if (tokens().length < 2) await desk.admit('nine', `W${random.below(1_000_000)}`);
      await random.pick(steps)();
    }
    const all = read<{ id: string; slot_id: string; status: string }>(file, 'SELECT * FROM tokens');
    for (const slot of slots) {
      const rows = all.filter(({ slot_id: id, status }) => id === slot && status !== 'CANCELLED');
      expect(await live(desk, slot)).toBe(
        rows
          .map(({ id }) => id)
          .sort()
          .join(' '),
      );
      const changes = await changesIn(desk, slot);
      const recorded = read<{ kind: string }>(
        file,
        `SELECT kind FROM changes WHERE slot_id = '${slot}' ORDER BY version`,
      );
      expect(kindsOf(changes)).toEqual(recorded.map(({ kind }) => kind));
    }
    for (const { id } of all) {
      const history = await allOf(desk.archive.history(tokenId(id)));
      expect(history.length).toBe(
        read(file, `SELECT 1 FROM changes WHERE token_id = '${id}'`).length,
      );
    }
    await desk.store.close();
    const restarted = await deskAt(file);
    expect(await faultsOf(file)).toEqual([]);
    for (const { id, slot_id: slot, status } of all)
      if (status !== 'CANCELLED')
        expect(restarted.engine.token(tokenId(id))?.slot.facts.id).toBe(slot);
  },
);
