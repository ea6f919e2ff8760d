import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  doctorId,
  localDate,
  slotId,
  tokenId,
  type Session,
  type SessionId,
} from '../../src/engine/index.ts';
import { NotDurableError } from '../../src/store/index.ts';
import { accepted, clock, found, NOW, RAO, SEN } from '../support/engine/clinic.ts';
import { decided, Desk, keptAnswer, orderOf, type OpenStore } from '../support/store/desk.ts';
import { keepsTheDay } from './clinic-day.contract.ts';
import { forgets, remembers } from './restart.contract.ts';
import { decidesAtOnce } from './sole-owner.contract.ts';

const HOUR_MS = 3_600_000;
const tuesday = localDate('2026-01-06');

export interface StoreUnderTest {
  /** Called once a test: makes what opens one and the same database, new and empty, every time. */
  readonly database: () => OpenStore | Promise<OpenStore>;
  /** Why nothing can survive a restart; null when everything must. */
  readonly losesEverything: string | null;
  /** Whether nobody else writes to the database: then a command is decided the moment it is given. */
  readonly isSoleOwner: boolean;
}

/** What every store promises: the port's words, one by one. */
export function storeContract(name: string, store: StoreUnderTest): void {
  describe(`${name}: the store contract`, () => {
    let desk: Desk;

    beforeEach(async () => {
      desk = await new Desk(await store.database()).load();
      await desk.put({ id: RAO }, [{ capacity: 1 }]);
      await desk.put({ id: SEN }, [{ id: slotId('other') }]);
    });
    afterEach(() => desk.store.close());

    describe('transact', () => transacts(() => desk));
    describe('read', () => looks(() => desk));
    if (store.isSoleOwner) describe('alone with its database', () => decidesAtOnce(() => desk));
    describe('reads', () => reads(() => desk));
    describe('kept answers', () => keepsAnswers(() => desk));
    describe('slots that are over', () => bringsBack(() => desk));
    describe('the clinic day', () => keepsTheDay(store.database));
    if (store.losesEverything === null) describe('a restart', () => remembers(store.database));
    else describe(`a restart (${store.losesEverything})`, () => forgets(store.database));
  });
}

function transacts(desk: () => Desk): void {
  it('is ready from the start', () => {
    expect(desk().store.state).toBe('ready');
  });

  it('runs decide once and answers what it answered', async () => {
    let runs = 0;
    const answered = desk().store.transact({ doctorIds: [RAO] }, () => {
      runs += 1;
      return { ...decided({ ok: true, changes: [], value: null }), answer: 'the answer' };
    });
    expect(await answered).toBe('the answer');
    expect(runs).toBe(1);
  });

  it('answers when the changes are on record', async () => {
    const { store } = desk();
    const seen = desk()
      .book('a')
      .then(() => store.token(tokenId('a')));
    expect(await seen).toMatchObject({ id: 'a', status: 'BOOKED' });
  });

  it('puts all changes of a command and its kept answer on record together', async () => {
    const { store } = desk();
    await desk().book('a');
    const kept = keptAnswer();
    const look = async () => [
      await store.storedResponse(kept.caller, kept.key, NOW),
      (await store.token(tokenId('a')))?.status,
      (await store.token(tokenId('e')))?.status,
    ];
    expect(await look()).toEqual([undefined, 'BOOKED', undefined]);
    const progress = { isAnswered: false };
    const answered = desk()
      .book('e', { patientType: 'EMERGENCY' }, { kept })
      .then(() => (progress.isAnswered = true));
    while (!progress.isAnswered) {
      const [answer, ...statuses] = await look();
      // What is read later is as new or newer.
      if (answer !== undefined) expect(statuses).toEqual(['WAITING', 'BOOKED']);
    }
    await answered;
    expect(await look()).toEqual([kept, 'WAITING', 'BOOKED']);
  });

  it('holds a refusal back until what it has seen is durable', async () => {
    const { store } = desk();
    const waits = {
      booked: desk().book('a'),
      refused: desk().book('b', { slotId: slotId('unknown') }),
    };
    const seen = waits.refused.then(() => store.token(tokenId('a')));
    expect(await orderOf(waits)).toEqual(['booked', 'refused']);
    expect(await seen).toBeDefined();
  });

  it('answers the commands of one doctor in the order in which they were decided', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const order = await orderOf(Object.fromEntries(names.map((name) => [name, desk().book(name)])));
    expect(order).toEqual(names);
  });

  it('fails for good when decide throws: the state in memory is not to be trusted', async () => {
    const { store } = desk();
    const bug = new Error('a bug');
    const before = desk().book('a');
    const thrown = store.transact({ doctorIds: [RAO] }, () => {
      throw bug;
    });
    await expect(thrown).rejects.toBe(bug);
    await expect(before).rejects.toBe(bug);
    expect(store.state).toBe('failed');
    expect(await store.failure).toBe(bug);
    await expect(desk().book('b')).rejects.toThrow(NotDurableError);
    expect(store.isSettled(RAO)).toBe(false);
    await expect(store.read(RAO, () => null)).rejects.toThrow(NotDurableError);
    await expect(store.token(tokenId('a'))).rejects.toThrow(NotDurableError);
  });
}

function looks(desk: () => Desk): void {
  it('nothing of a doctor is in flight before a command and after it', async () => {
    const { store } = desk();
    expect(store.isSettled(RAO)).toBe(true);
    const answered = desk().book('a');
    expect([store.isSettled(RAO), store.isSettled(SEN)]).toEqual([false, true]);
    await answered;
    expect(store.isSettled(RAO)).toBe(true);
  });

  it('looks once', async () => {
    let looks = 0;
    await desk().store.read(RAO, () => (looks += 1));
    expect(looks).toBe(1);
  });

  it('tells of a doctor nobody knows that there is none', async () => {
    const { store, engine } = desk();
    const nobody = doctorId('nobody');
    expect(await store.read(nobody, () => engine.doctor(nobody))).toBeUndefined();
  });

  it('throws on what `look` throws, and goes on', async () => {
    const bug = new Error('a bug');
    const { store } = desk();
    const thrown = store.read(RAO, () => {
      throw bug;
    });
    await expect(thrown).rejects.toBe(bug);
    await desk().book('a');
  });
}

function reads(desk: () => Desk): void {
  it('knows nothing of what never was', async () => {
    const { store } = desk();
    expect(await store.token(tokenId('x'))).toBeUndefined();
    expect(await store.history(tokenId('x'))).toEqual([]);
    expect(await store.slot(slotId('x'))).toBeUndefined();
    expect(await store.slots(RAO, tuesday, tuesday, new Set())).toEqual([]);
  });

  it('a token has everything that the booking said, with its status of now', async () => {
    await desk().book('a', { patientId: null, patientName: 'Søren "Ωmega" O’Neil' });
    await desk().cancel('a');
    expect(await desk().store.token(tokenId('a'))).toEqual({
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
    });
  });

  it('a history has every change in order, with cause and actor; a reason only where it was given', async () => {
    await desk().book('a');
    await desk().book('e', { patientType: 'EMERGENCY' }, { actor: 'triage', reason: 'chest pain' });
    await desk().cancel('e', undefined, { actor: 'e', reason: 'went home' });
    const historyOf = async (name: string) =>
      (await desk().store.history(tokenId(name))).map(
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
      ...(await desk().store.history(tokenId('a'))),
      ...(await desk().store.history(tokenId('e'))),
    ];
    expect(records).toMatchObject(
      [0, 1, 2].map((nth) => ({ doctorId: RAO, slotId: 'nine', at: NOW, version: first + nth })),
    );
  });

  it('a slot has its live tokens alone', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await desk().book(name);
    await desk().cancel('b');
    await desk().cancel('a');
    const { facts, tokens } = found(await desk().store.slot(slotId('nine')));
    expect(facts).toEqual(desk().engine.slot(slotId('nine'))?.facts);
    const statuses = tokens.map(({ id, status }) => `${id} ${status}`).sort();
    expect(statuses).toEqual(['c BOOKED', 'd WAITING']);
  });

  it('slots are those of the doctor from one date to another, both included, as they start', async () => {
    const days = { sunday: '2026-01-04', tuesday: '2026-01-06', wednesday: '2026-01-07' };
    for (const [day, date] of Object.entries(days))
      await desk().addSlot({ id: slotId(day), date: localDate(date), startTime: clock(24) });
    await desk().addSlot({ id: slotId('late'), startTime: clock(10) });
    await desk().addSlot({ id: slotId('early'), startTime: clock(8, 30) });
    const idsOf = async (from: string, to: string) =>
      (await desk().store.slots(RAO, localDate(from), localDate(to), new Set())).map(
        ({ facts }) => facts.id,
      );
    expect(await idsOf('2026-01-05', '2026-01-05')).toEqual(['early', 'nine', 'late']);
    expect(await idsOf('2026-01-06', '2026-01-07')).toEqual(['tuesday', 'wednesday']);
    expect(await idsOf('2026-01-07', '2026-01-05')).toEqual([]);
  });

  it('doctors are told by their ids with their sessions, and whoever has a slot or a session is found', async () => {
    const { store } = desk();
    const id = 'mornings' as SessionId;
    const session: Session = { id, weekdays: ['mon'], start: '07:00', end: '08:00', capacity: 2 };
    await desk().put({ id: RAO, name: 'Dr. Rao, revised', sessions: [session] });
    const das = doctorId('das');
    await desk().put({ id: das });
    expect(await store.doctors()).toEqual(
      [das, RAO, SEN].map((doctor) => found(desk().engine.doctor(doctor)).facts),
    );
    const ownerOf = (name: string) => store.ownerOf(slotId(name));
    expect(await ownerOf('other')).toBe(SEN);
    expect(await ownerOf(id)).toBe(RAO);
    expect(await ownerOf('unknown')).toBeUndefined();
    await desk().put({ id: RAO });
    expect(await ownerOf(id)).toBeUndefined();
  });

  it('a slot that was revised is read as it is now', async () => {
    await desk().book('b', { doctorId: SEN, slotId: slotId('other') });
    const before = found(desk().engine.slot(slotId('nine'))).facts;
    const slot = { ...before, capacity: 7, delayMinutes: 15, closedReason: 'the doctor is ill' };
    await desk().run({ doctorIds: [RAO] }, () => {
      const version = found(desk().engine.doctor(RAO)).version + 1;
      const change = { kind: 'slot_set', doctorId: RAO, version, at: NOW, slot } as const;
      desk().engine.apply(change);
      return { ok: true, changes: [change], value: null };
    });
    expect(found(await desk().store.slot(slotId('nine'))).facts).toEqual(slot);
  });
}

function keepsAnswers(desk: () => Desk): void {
  const keep = (...answers: readonly ReturnType<typeof keptAnswer>[]) =>
    Promise.all(answers.map((kept) => desk().book('x', { slotId: slotId('unknown') }, { kept })));

  it('are found under the caller and the key alone', async () => {
    const mine = keptAnswer({ answer: '"mine"' });
    const others = keptAnswer({ caller: 'somebody else', answer: '"theirs"' });
    await keep(mine, others);
    const find = (caller: string, key: string) => desk().store.storedResponse(caller, key, NOW);
    expect(await find('anonymous', 'k1')).toEqual(mine);
    expect(await find('somebody else', 'k1')).toEqual(others);
    expect(await find('anonymous', 'k2')).toBeUndefined();
  });

  it('are kept for less than 24 hours', async () => {
    await keep(keptAnswer());
    const after = (ms: number) =>
      desk().store.storedResponse('anonymous', 'k1', clock(8 + ms / HOUR_MS));
    expect(await after(24 * HOUR_MS - 60_000)).toBeDefined();
    expect(await after(24 * HOUR_MS)).toBeUndefined();
  });

  it('give way to a later one under the same key', async () => {
    await keep(keptAnswer());
    const later = keptAnswer({ at: clock(8 + 24), answer: '"later"', requestHash: 'other' });
    expect(await desk().store.storedResponse('anonymous', 'k1', later.at)).toBeUndefined();
    await keep(later);
    expect(await desk().store.storedResponse('anonymous', 'k1', later.at)).toEqual(later);
  });
}

function bringsBack(desk: () => Desk): void {
  const forget = () => {
    const slot = found(desk().engine.slot(slotId('nine')));
    desk().engine.evictSlot(slot);
  };

  it('come into memory with their live tokens for a command that names them', async () => {
    await desk().book('a');
    await desk().book('b');
    await desk().cancel('b');
    forget();
    const outcome = await desk().cancel('a', { doctorIds: [RAO], slotIds: [slotId('nine')] });
    expect(accepted(outcome).value.promoted).toBeNull();
    expect(await desk().store.token(tokenId('a'))).toMatchObject({ status: 'CANCELLED' });
    expect(desk().engine.slot(slotId('nine'))).toMatchObject({ isEmpty: true });
  });

  it('come with the number printed last on their day, though its token is gone (R10)', async () => {
    await desk().book('a');
    await desk().book('b');
    await desk().cancel('b');
    forget();
    const { engine } = desk();
    found(engine.doctor(RAO)).evictDaysBefore(localDate('9999-12-31'));
    const scope = { doctorIds: [RAO], slotIds: [slotId('nine')] };
    await desk().run(scope, () => ({ ok: true, changes: [], value: null }));
    expect(found(engine.slot(slotId('nine'))).day.lastNumber).toBe(2);
  });

  it('stay away from a command that does not name them', async () => {
    await desk().book('a');
    forget();
    expect(await desk().cancel('a')).toMatchObject({ refusal: { code: 'token_not_found' } });
  });

  it('are left as they are when they are in memory already', async () => {
    await desk().book('a');
    const token = desk().engine.token(tokenId('a'));
    const answered = desk().book('b', {}, {});
    await desk().run({ doctorIds: [RAO], slotIds: [slotId('nine')] }, () => ({
      ok: true,
      changes: [],
      value: null,
    }));
    await answered;
    expect(desk().engine.token(tokenId('a'))).toBe(token);
    expect(desk().engine.slot(slotId('nine'))).toMatchObject({ seated: 1, waiting: 1 });
  });

  it('that never were, or whose doctor is not in memory, are passed over', async () => {
    desk().engine.evictDoctor(SEN);
    const scope = { doctorIds: [RAO], slotIds: [slotId('never was'), slotId('other')] };
    const outcome = await desk().run(scope, () => ({ ok: true, changes: [], value: null }));
    expect(outcome.ok).toBe(true);
    expect(desk().engine.slot(slotId('other'))).toBeUndefined();
  });
}
