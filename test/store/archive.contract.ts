import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  NEW_SESSION,
  doctorId,
  epochMs,
  localDate,
  patientId,
  slotId,
  STATUSES,
  tokenId,
  type Session,
  type SessionId,
  type Status,
} from '../../src/engine/index.ts';
import {
  FIRST_PLACE,
  placeOf,
  type RecordFilter,
  type RecordPart,
  type TokenFilter,
} from '../../src/store/index.ts';
import { clock, found, NOW, RAO, SEN } from '../support/engine/clinic.ts';
import type { Pages } from '../../src/store/index.ts';
import type { DatabaseUnderTest } from '../support/store/database-under-test.ts';
import { Desk, storedResponse } from '../support/store/desk.ts';
import { clinicDayTests } from './clinic-day.contract.ts';
import { restartedArchiveTests } from './restart.contract.ts';
import { allOf, liveTokensOf } from '../support/store/pages.ts';

const HOUR_MS = 3_600_000;
const tuesday = localDate('2026-01-06');

/** Tests what the port `Archive` promises. Every adapter runs them. */
export function archiveContract(name: string, database: DatabaseUnderTest): void {
  describe(`${name}: the archive contract`, () => {
    let desk: Desk;

    beforeEach(async () => {
      desk = await new Desk(await database.database()).load();
      await desk.put({ id: RAO }, [{ capacity: 1 }]);
      await desk.put({ id: SEN }, [{ id: slotId('other') }]);
    });
    afterEach(() => desk.store.close());

    describe('reads', () => readTests(() => desk));
    // A database on disk shows another connection only what is durable.
    if (database.whyNotDurable !== null) describe('in memory', () => durableOnlyTests(() => desk));
    describe('the record', () => recordTests(() => desk));
    describe('stored responses', () => storedResponseTests(() => desk));
    describe('the clinic day', () => clinicDayTests(database.database));
    if (database.whyNotDurable === null)
      describe('a restart', () => restartedArchiveTests(database.database));
  });
}

function durableOnlyTests(desk: () => Desk): void {
  it('the changes of a slot are read only when they are durable', async () => {
    const booked = desk().book('a');
    expect(await allOf(desk().archive.slotChanges(slotId('nine')))).toHaveLength(1);
    await booked;
    expect(await allOf(desk().archive.slotChanges(slotId('nine')))).toHaveLength(2);
  });
}

async function pagesOf<Item>(pages: Pages<Item>): Promise<(readonly Item[])[]> {
  const all = [];
  for await (const page of pages) all.push(page);
  return all;
}

/** The actors and tokens of the record, the latest first: all that fits, in pages of two entries. */
async function recordOf({ archive }: Desk, more: Partial<RecordFilter>): Promise<string[]> {
  const filter = { doctorId: null, tokenId: null, actor: null, kind: null, from: null, to: null };
  const found: string[] = [];
  let before: number | null = null;
  do {
    const part: RecordPart = await archive.record({ ...filter, ...more }, before, 2);
    found.push(
      ...part.entries.map(({ actor, kind, tokenId: id }) => `${actor} ${kind} ${id ?? ''}`),
    );
    before = part.before;
  } while (before !== null);
  return found;
}

function recordTests(desk: () => Desk): void {
  it.each<[string, Partial<RecordFilter>, string[]]>([
    ['of a token', { tokenId: tokenId('a') }, ['web/x cancelled a', 'desk booked a']],
    [
      'of an actor and the persons behind it',
      { actor: 'web' },
      ['web cancelled b', 'web/x cancelled a'],
    ],
    ['of an actor and a person', { actor: 'web/x' }, ['web/x cancelled a']],
    ['of a kind', { kind: 'booked' }, ['webx booked c', 'desk booked b', 'desk booked a']],
    ['of a doctor', { doctorId: SEN, kind: 'booked' }, ['webx booked c']],
    ['from an instant on', { from: epochMs(NOW + 1) }, []],
    ['up to an instant', { to: epochMs(NOW - 1) }, []],
    ['of an instant', { from: NOW, to: NOW, actor: 'webx' }, ['webx booked c']],
  ])('the record tells the changes %s, the latest first', async (_, filter, expected) => {
    await desk().book('a');
    await desk().book('b');
    await desk().book('c', { doctorId: SEN, slotId: slotId('other') }, { actor: 'webx' });
    await desk().cancel('a', undefined, { actor: 'web/x' });
    await desk().cancel('b', undefined, { actor: 'web' });
    expect((await recordOf(desk(), filter)).filter((line) => !line.includes('promoted'))).toEqual(
      expected,
    );
  });

  it('the record has no name of a patient', async () => {
    await desk().book('a', { patientName: 'Secret' });
    const filter = { doctorId: null, tokenId: null, actor: null, kind: null, from: null, to: null };
    const { entries } = await desk().archive.record(filter, null, 10);
    expect(entries.length).toBeGreaterThan(1);
    expect(JSON.stringify(entries)).not.toContain('Secret');
  });
}

function readTests(desk: () => Desk): void {
  it('an unknown token, slot or day is read as empty', async () => {
    const { archive } = desk();
    expect(await archive.token(tokenId('x'))).toBeUndefined();
    expect(await allOf(archive.history(tokenId('x')))).toEqual([]);
    expect(await archive.slot(slotId('x'))).toBeUndefined();
    expect(await archive.slots(RAO, tuesday, tuesday, new Set())).toEqual([]);
  });

  it('a token is read with all data of its booking and its present status', async () => {
    await desk().book('a', { patientId: null, patientName: 'Søren "Ωmega" O’Neil' });
    await desk().cancel('a');
    expect(await desk().archive.token(tokenId('a'))).toEqual({
      id: 'a',
      doctorId: RAO,
      slotId: 'nine',
      patientName: 'Søren "Ωmega" O’Neil',
      patientId: null,
      patientType: 'WALK_IN',
      priority: 20,
      arrival: 1,
      number: 1,
      bookedAt: NOW,
      status: 'CANCELLED',
      hasCheckedIn: false,
      room: null,
      last: { kind: 'cancelled', from: 'BOOKED' },
    });
  });

  it('a history has every change in order, with cause and actor, and with a reason only if one was given', async () => {
    await desk().book('a');
    await desk().book('e', { patientType: 'EMERGENCY' }, { actor: 'triage', reason: 'chest pain' });
    await desk().cancel('e', undefined, { actor: 'e', reason: 'went home' });
    const historyOf = async (name: string) =>
      (await allOf(desk().archive.history(tokenId(name)))).map(
        ({ kind, from, to, cause, actor, reason }) => ({
          step: `${kind}: ${from} to ${to}`,
          because: [cause, actor, reason],
        }),
      );
    expect(await historyOf('a')).toEqual([
      { step: 'booked: null to BOOKED', because: [null, 'desk', null] },
      { step: 'bumped: BOOKED to WAITING', because: ['e', 'triage', null] },
      { step: 'promoted: WAITING to BOOKED', because: ['e', 'e', null] },
    ]);
    expect(await historyOf('e')).toEqual([
      { step: 'booked: null to BOOKED', because: [null, 'triage', 'chest pain'] },
      { step: 'cancelled: BOOKED to CANCELLED', because: [null, 'e', 'went home'] },
    ]);
  });

  it("a change record names its doctor and the doctor's version, without gaps", async () => {
    const first = found(desk().engine.doctor(RAO)).version + 1;
    await Promise.all([desk().book('a'), desk().book('e', { patientType: 'EMERGENCY' })]);
    const records = [
      ...(await allOf(desk().archive.history(tokenId('a')))),
      ...(await allOf(desk().archive.history(tokenId('e')))),
    ];
    expect(records).toMatchObject(
      [0, 1, 2].map((nth) => ({ doctorId: RAO, slotId: 'nine', at: NOW, version: first + nth })),
    );
  });

  it('a slot is read with its live tokens, without those that are over', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await desk().book(name);
    await desk().cancel('b');
    await desk().cancel('a');
    const facts = desk().engine.slot(slotId('nine'))?.facts;
    expect(await desk().archive.slot(slotId('nine'))).toEqual(facts);
    const tokens = await liveTokensOf(desk().archive, slotId('nine'));
    const statuses = tokens.map(({ id, status }) => `${id} ${status}`).sort();
    expect(statuses).toEqual(['c BOOKED', 'd WAITING']);
  });

  describe('tokens', () => {
    const monday = localDate('2026-01-05');
    const all: TokenFilter = {
      ...{ doctorId: null, from: localDate('0000-01-01'), to: localDate('9999-12-31') },
      ...{ number: null, statuses: Object.keys(STATUSES) as Status[] },
    };
    const find = async (filter: Partial<TokenFilter> = {}, after = FIRST_PLACE, limit = 100) =>
      (await desk().archive.tokens({ ...all, ...filter }, after, limit)).map(
        ({ token, slot }) => `${token.id} in ${slot.id}`,
      );

    /** Tokens a and b on Monday, of which a is cancelled; c and d on Tuesday. */
    const fill = async (): Promise<void> => {
      await desk().addSlot({ id: slotId('ten'), date: tuesday, startTime: clock(33), capacity: 1 });
      const book = (name: string, slot: string, patient: string) =>
        desk().book(name, { slotId: slotId(slot), patientId: patientId(patient) });
      await book('a', 'nine', 'p');
      await desk().cancel('a');
      await book('b', 'nine', 'p');
      await book('c', 'ten', 'p');
      await book('d', 'ten', 'q');
    };

    it('are in one order: the latest date first, then the last ids first', async () => {
      await fill();
      const order = ['d in ten', 'c in ten', 'b in nine', 'a in nine'];
      expect(await find()).toEqual(order);
      expect(await find({}, FIRST_PLACE, 3)).toEqual(order.slice(0, 3));
      const [, second] = await desk().archive.tokens(all, FIRST_PLACE, 2);
      expect(await find({}, placeOf(found(second)))).toEqual(order.slice(2));
      const b = (await desk().archive.tokens(all, FIRST_PLACE, 3))[2];
      expect(await find({}, placeOf(found(b)))).toEqual(order.slice(3));
    });

    it.each<[what: string, filter: Partial<TokenFilter>, expected: string[]]>([
      ['a doctor', { doctorId: RAO }, ['d in ten', 'c in ten', 'b in nine', 'a in nine']],
      ['another doctor', { doctorId: doctorId('sen') }, []],
      ['a day', { from: monday, to: monday }, ['b in nine', 'a in nine']],
      ['a number', { number: 2 }, ['d in ten', 'b in nine']],
      ['a number of a doctor', { doctorId: RAO, number: 1 }, ['c in ten', 'a in nine']],
      ['a status', { statuses: ['CANCELLED'] }, ['a in nine']],
      ['either of two statuses', { statuses: ['CANCELLED', 'WAITING'] }, ['d in ten', 'a in nine']],
    ])('of %s', async (_, filter, expected) => {
      await fill();
      expect(await find(filter)).toEqual(expected);
    });

    it('of a patient are found, those of current slots in the engine', async () => {
      await fill();
      const stored = await desk().archive.tokensOfPatient(patientId('p'));
      const current = desk().engine.patients.tokensOf(patientId('p'));
      const ids = [...stored.map(({ token }) => token.id), ...current.map(({ id }) => id)];
      expect([...new Set(ids)].sort()).toEqual(['a', 'b', 'c']);
      expect(await desk().archive.tokensOfPatient(patientId('x'))).toEqual([]);
    });

    it('of a patient are found when their slots have left the engine', async () => {
      await fill();
      const nine = slotId('nine');
      await desk().store.transact({ doctorIds: [RAO] }, () => ({
        ...{ changes: [], answer: null, response: null, past: [nine] },
        origin: { actor: 'system', reason: null },
      }));
      const stored = await desk().archive.tokensOfPatient(patientId('p'));
      const inNine = stored.filter(({ slot }) => slot.id === nine);
      expect(inNine.map(({ token }) => token.id).sort()).toEqual(['a', 'b']);
    });
  });

  it('the tokens and the changes of a slot, and a history, are read in pages of 250 at most', async () => {
    const names = Array.from({ length: 260 }, (_, nth) => `t${nth}`);
    await Promise.all(names.map((name) => desk().book(name)));
    for (let nth = 0; nth < 130; nth += 1) {
      await desk().book(`e${nth}`, { patientType: 'EMERGENCY' });
      await desk().cancel(`e${nth}`);
    }
    const { archive } = desk();
    const slot = found(await archive.slot(slotId('nine')));
    const tokens = await pagesOf(archive.liveTokens(slot));
    expect(
      tokens
        .flat()
        .map(({ id }) => id)
        .sort(),
    ).toEqual([...names].sort());
    const changes = await pagesOf(archive.slotChanges(slot.id));
    const versions = changes.flat().map(({ version }) => version);
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    const kinds = Map.groupBy(changes.flat(), ({ kind }) => kind);
    expect(
      ['booked', 'bumped', 'promoted'].map((kind) => kinds.get(kind as never)?.length),
    ).toEqual([...[390, 130, 130]]);
    const history = await pagesOf(archive.history(tokenId('t0')));
    expect(history.flat()).toHaveLength(261);
    for (const page of [...tokens, ...changes, ...history])
      expect(page.length).toBeLessThanOrEqual(250);
    // A reader that leaves after the first page holds up no other reader.
    for await (const page of archive.slotChanges(slot.id)) {
      expect(page).toHaveLength(250);
      break;
    }
    expect(await pagesOf(archive.slotChanges(slot.id))).toEqual(changes);
  });

  it('the slots of a doctor from one date to another, both included, are read in the order of their start', async () => {
    const days = { sunday: '2026-01-04', tuesday: '2026-01-06', wednesday: '2026-01-07' };
    for (const [day, date] of Object.entries(days))
      await desk().addSlot({ id: slotId(day), date: localDate(date), startTime: clock(24) });
    await desk().addSlot({ id: slotId('late'), startTime: clock(10) });
    await desk().addSlot({ id: slotId('early'), startTime: clock(8, 30) });
    const idsOf = async (from: string, to: string) =>
      (await desk().archive.slots(RAO, localDate(from), localDate(to), new Set())).map(
        ({ id }) => id,
      );
    expect(await idsOf('2026-01-05', '2026-01-05')).toEqual(['early', 'nine', 'late']);
    expect(await idsOf('2026-01-06', '2026-01-07')).toEqual(['tuesday', 'wednesday']);
    expect(await idsOf('2026-01-07', '2026-01-05')).toEqual([]);
  });

  it('doctors are read one by one and in the order of their ids, with their sessions', async () => {
    const id = 'mornings' as SessionId;
    const times = { start: '07:00', end: '08:00', capacity: 2 };
    const session: Session = { ...NEW_SESSION, id, weekdays: ['mon'], ...times };
    await desk().put({ id: RAO, name: 'Dr. Rao, revised', sessions: [session] });
    const das = doctorId('das');
    await desk().put({ id: das });
    expect(await desk().archive.doctors()).toEqual(
      [das, RAO, SEN].map((doctor) => found(desk().engine.doctor(doctor)).facts),
    );
    for (const doctor of [das, RAO, SEN])
      expect(await desk().archive.doctor(doctor)).toEqual(
        found(desk().engine.doctor(doctor)).facts,
      );
    expect(await desk().archive.doctor(doctorId('nobody'))).toBeUndefined();
  });

  it('a revised slot is read with its new facts', async () => {
    await desk().book('b', { doctorId: SEN, slotId: slotId('other') });
    const before = found(desk().engine.slot(slotId('nine'))).facts;
    const slot = { ...before, capacity: 7, delayMinutes: 15, closedReason: 'the doctor is ill' };
    await desk().run({ doctorIds: [RAO] }, () => {
      const version = found(desk().engine.doctor(RAO)).version + 1;
      const change = { kind: 'slot_set', doctorId: RAO, version, at: NOW, slot } as const;
      desk().engine.apply(change);
      return { ok: true, changes: [change], patientTypes: [null], value: null };
    });
    expect(await desk().archive.slot(slotId('nine'))).toEqual(slot);
  });
}

function storedResponseTests(desk: () => Desk): void {
  const store = (...answers: readonly ReturnType<typeof storedResponse>[]) =>
    Promise.all(
      answers.map((response) => desk().book('x', { slotId: slotId('unknown') }, { response })),
    );

  it('are found only by their caller and key', async () => {
    const mine = storedResponse({ answer: '"mine"' });
    const others = storedResponse({ caller: 'somebody else', answer: '"theirs"' });
    await store(mine, others);
    const find = (caller: string, key: string) => desk().archive.storedResponse(caller, key, NOW);
    expect(await find('anonymous', 'k1')).toEqual(mine);
    expect(await find('somebody else', 'k1')).toEqual(others);
    expect(await find('anonymous', 'k2')).toBeUndefined();
  });

  it('are stored for less than 24 hours', async () => {
    await store(storedResponse());
    const after = (ms: number) =>
      desk().archive.storedResponse('anonymous', 'k1', clock(8 + ms / HOUR_MS));
    expect(await after(24 * HOUR_MS - 60_000)).toBeDefined();
    expect(await after(24 * HOUR_MS)).toBeUndefined();
  });

  it('are replaced by a later response under the same key when they have expired', async () => {
    await store(storedResponse());
    const later = storedResponse({ at: clock(8 + 24), answer: '"later"', requestHash: 'other' });
    expect(await desk().archive.storedResponse('anonymous', 'k1', later.at)).toBeUndefined();
    await store(later);
    expect(await desk().archive.storedResponse('anonymous', 'k1', later.at)).toEqual(later);
  });

  it('of a clock that was 400 days ahead are found until a day after the clock was right again', async () => {
    const find = (hour: number) => desk().archive.storedResponse('anonymous', 'wrong', clock(hour));
    await store(storedResponse({ key: 'before' }));
    await store(storedResponse({ key: 'wrong', at: clock(8 + 400 * 24) }));
    for (const day of [0, 1, 2, 3]) {
      if (day < 2) expect(await find(8 + 24 * day)).toMatchObject({ key: 'wrong' });
      await store(storedResponse({ key: `after ${day}`, at: clock(9 + 24 * day) }));
    }
    expect(await find(8 + 3 * 24)).toBeUndefined();
    // It is not found either when the wrong instant comes near.
    expect(await find(8 + 399.5 * 24)).toBeUndefined();
  });
}
