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
import { accepted, found, NOW, RAO, SEN } from '../support/engine/clinic.ts';
import type { DatabaseUnderTest } from '../support/store/database-under-test.ts';
import { decided, Desk, orderOf, storedResponse } from '../support/store/desk.ts';
import { forgets, remembers } from './restart.contract.ts';
import { decidesAtOnce } from './sole-owner.contract.ts';

/** What every store promises: the words of the port `Store`, one by one. */
export function storeContract(name: string, store: DatabaseUnderTest): void {
  describe(`${name}: the store contract`, () => {
    let desk: Desk;

    beforeEach(async () => {
      desk = await new Desk(await store.database()).load();
      await desk.put({ id: RAO }, [{ capacity: 1 }]);
      await desk.put({ id: SEN }, [{ id: slotId('other') }]);
    });
    afterEach(() => desk.store.close());

    describe('transact', () => transacts(() => desk));
    describe('read', () => readsTheEngine(() => desk));
    if (store.isSoleOwner) describe('alone with its database', () => decidesAtOnce(() => desk));
    describe('ownerOf', () => findsOwners(() => desk));
    describe('slots that are over', () => loads(() => desk));
    if (store.whyNotDurable === null) describe('a restart', () => remembers(store.database));
    else describe(`a restart (${store.whyNotDurable})`, () => forgets(store.database));
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
    const { archive } = desk();
    const seen = desk()
      .book('a')
      .then(() => archive.token(tokenId('a')));
    expect(await seen).toMatchObject({ id: 'a', status: 'BOOKED' });
  });

  it('puts all changes of a command and its kept answer on record together', async () => {
    const { archive } = desk();
    await desk().book('a');
    const kept = storedResponse();
    const look = async () => [
      await archive.storedResponse(kept.caller, kept.key, NOW),
      (await archive.token(tokenId('a')))?.status,
      (await archive.token(tokenId('e')))?.status,
    ];
    expect(await look()).toEqual([undefined, 'BOOKED', undefined]);
    const progress = { isAnswered: false };
    const answered = desk()
      .book('e', { patientType: 'EMERGENCY' }, { response: kept })
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
    const { archive } = desk();
    const waits = {
      booked: desk().book('a'),
      refused: desk().book('b', { slotId: slotId('unknown') }),
    };
    const seen = waits.refused.then(() => archive.token(tokenId('a')));
    expect(await orderOf(waits)).toEqual(['booked', 'refused']);
    expect(await seen).toBeDefined();
  });

  it('answers the commands of one doctor in the order in which they were decided', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const order = await orderOf(Object.fromEntries(names.map((name) => [name, desk().book(name)])));
    expect(order).toEqual(names);
  });

  it('fails for good when decide throws: the state in memory is not to be trusted', async () => {
    const { store, archive } = desk();
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
    await expect(archive.token(tokenId('a'))).rejects.toThrow(NotDurableError);
  });
}

function readsTheEngine(desk: () => Desk): void {
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

function findsOwners(desk: () => Desk): void {
  it('finds the doctor who has a slot or a session, and only as long as the doctor has it', async () => {
    const { store } = desk();
    const id = 'mornings' as SessionId;
    const session: Session = { id, weekdays: ['mon'], start: '07:00', end: '08:00', capacity: 2 };
    await desk().put({ id: RAO, sessions: [session] });
    const ownerOf = (name: string) => store.ownerOf(slotId(name));
    expect(await ownerOf('other')).toBe(SEN);
    expect(await ownerOf(id)).toBe(RAO);
    expect(await ownerOf('unknown')).toBeUndefined();
    await desk().put({ id: RAO });
    expect(await ownerOf(id)).toBeUndefined();
  });
}

function loads(desk: () => Desk): void {
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
    expect(await desk().archive.token(tokenId('a'))).toMatchObject({ status: 'CANCELLED' });
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
