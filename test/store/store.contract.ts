import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  NEW_SESSION,
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
import { lossTests, restartTests } from './restart.contract.ts';
import { soleOwnerTests } from './sole-owner.contract.ts';

/** Tests what the port `Store` promises. Every adapter runs them. */
export function storeContract(name: string, store: DatabaseUnderTest): void {
  describe(`${name}: the store contract`, () => {
    let desk: Desk;

    beforeEach(async () => {
      desk = await new Desk(await store.database()).load();
      await desk.put({ id: RAO }, [{ capacity: 1 }]);
      await desk.put({ id: SEN }, [{ id: slotId('other') }]);
    });
    afterEach(() => desk.store.close());

    describe('transact', () => transactTests(() => desk));
    describe('read', () => readTests(() => desk));
    if (store.isSoleOwner)
      describe('as the only process on its database', () => soleOwnerTests(() => desk));
    describe('ownerOf', () => ownerOfTests(() => desk));
    describe('slots that are over', () => loadTests(() => desk));
    if (store.whyNotDurable === null) describe('a restart', () => restartTests(store.database));
    else describe(`a restart (${store.whyNotDurable})`, () => lossTests(store.database));
  });
}

function transactTests(desk: () => Desk): void {
  it('the store is ready from the start', () => {
    expect(desk().store.state).toBe('ready');
  });

  it('decide runs once, and its answer is returned', async () => {
    let runs = 0;
    const answered = desk().store.transact({ doctorIds: [RAO] }, () => {
      runs += 1;
      return {
        ...decided({ ok: true, changes: [], value: null }),
        answer: 'the answer',
      };
    });
    expect(await answered).toBe('the answer');
    expect(runs).toBe(1);
  });

  it('a command is answered when its changes are stored', async () => {
    const { archive } = desk();
    const seen = desk()
      .book('a')
      .then(() => archive.token(tokenId('a')));
    expect(await seen).toMatchObject({ id: 'a', status: 'BOOKED' });
  });

  it('all changes of a command and its response are stored together', async () => {
    const { archive } = desk();
    await desk().book('a');
    const stored = storedResponse();
    const storedState = async () => [
      await archive.storedResponse(stored.caller, stored.key, NOW),
      (await archive.token(tokenId('a')))?.status,
      (await archive.token(tokenId('e')))?.status,
    ];
    expect(await storedState()).toEqual([undefined, 'BOOKED', undefined]);
    const progress = { isAnswered: false };
    const answered = desk()
      .book('e', { patientType: 'EMERGENCY' }, { response: stored })
      .then(() => (progress.isAnswered = true));
    while (!progress.isAnswered) {
      const [answer, ...statuses] = await storedState();
      // The statuses are read after the response, so they are never older.
      if (answer !== undefined) expect(statuses).toEqual(['WAITING', 'BOOKED']);
    }
    await answered;
    expect(await storedState()).toEqual([stored, 'WAITING', 'BOOKED']);
  });

  it('a refusal is answered when the changes that it has seen are durable', async () => {
    const { archive } = desk();
    const waits = {
      booked: desk().book('a'),
      refused: desk().book('b', { slotId: slotId('unknown') }),
    };
    const seen = waits.refused.then(() => archive.token(tokenId('a')));
    expect(await orderOf(waits)).toEqual(['booked', 'refused']);
    expect(await seen).toBeDefined();
  });

  it('the commands of one doctor are answered in the order in which they were decided', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const order = await orderOf(Object.fromEntries(names.map((name) => [name, desk().book(name)])));
    expect(order).toEqual(names);
  });

  it('the store fails finally when decide throws, because the state in memory cannot be trusted', async () => {
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

function readTests(desk: () => Desk): void {
  it('a doctor is settled before a command and after it', async () => {
    const { store } = desk();
    expect(store.isSettled(RAO)).toBe(true);
    const answered = desk().book('a');
    expect([store.isSettled(RAO), store.isSettled(SEN)]).toEqual([false, true]);
    await answered;
    expect(store.isSettled(RAO)).toBe(true);
  });

  it('`look` runs once', async () => {
    let runs = 0;
    await desk().store.read(RAO, () => (runs += 1));
    expect(runs).toBe(1);
  });

  it('a read of an unknown doctor finds none', async () => {
    const { store, engine } = desk();
    const nobody = doctorId('nobody');
    expect(await store.read(nobody, () => engine.doctor(nobody))).toBeUndefined();
  });

  it('an error that `look` throws rejects the read, and the store stays usable', async () => {
    const bug = new Error('a bug');
    const { store } = desk();
    const thrown = store.read(RAO, () => {
      throw bug;
    });
    await expect(thrown).rejects.toBe(bug);
    await desk().book('a');
  });
}

function ownerOfTests(desk: () => Desk): void {
  it('ownerOf finds the doctor of a slot or a session, as long as the doctor has it', async () => {
    const { store } = desk();
    const id = 'mornings' as SessionId;
    const times = { start: '07:00', end: '08:00', capacity: 2 };
    const session: Session = { ...NEW_SESSION, id, weekdays: ['mon'], ...times };
    await desk().put({ id: RAO, sessions: [session] });
    const ownerOf = (name: string) => store.ownerOf(slotId(name));
    expect(await ownerOf('other')).toBe(SEN);
    expect(await ownerOf(id)).toBe(RAO);
    expect(await ownerOf('unknown')).toBeUndefined();
    await desk().put({ id: RAO });
    expect(await ownerOf(id)).toBeUndefined();
  });
}

function loadTests(desk: () => Desk): void {
  const evictNine = () => {
    const slot = found(desk().engine.slot(slotId('nine')));
    desk().engine.evictSlot(slot);
  };

  it('are loaded with their live tokens for a command that names them', async () => {
    await desk().book('a');
    await desk().book('b');
    await desk().cancel('b');
    evictNine();
    const outcome = await desk().cancel('a', { doctorIds: [RAO], slotIds: [slotId('nine')] });
    expect(accepted(outcome).value.promoted).toBeNull();
    expect(await desk().archive.token(tokenId('a'))).toMatchObject({ status: 'CANCELLED' });
    expect(desk().engine.slot(slotId('nine'))).toMatchObject({ isEmpty: true });
  });

  it('are loaded with the last number of their day, although its token is cancelled (R10)', async () => {
    await desk().book('a');
    await desk().book('b');
    await desk().cancel('b');
    evictNine();
    const { engine } = desk();
    found(engine.doctor(RAO)).evictDaysBefore(localDate('9999-12-31'));
    const scope = { doctorIds: [RAO], slotIds: [slotId('nine')] };
    await desk().run(scope, () => ({ ok: true, changes: [], patientTypes: [], value: null }));
    expect(found(engine.slot(slotId('nine'))).day.lastNumber).toBe(2);
  });

  it('are not loaded for a command that does not name them', async () => {
    await desk().book('a');
    evictNine();
    expect(await desk().cancel('a')).toMatchObject({ refusal: { code: 'token_not_found' } });
  });

  it('are not loaded again when they are in memory already', async () => {
    await desk().book('a');
    const token = desk().engine.token(tokenId('a'));
    const answered = desk().book('b', {}, {});
    await desk().run({ doctorIds: [RAO], slotIds: [slotId('nine')] }, () => ({
      ok: true,
      changes: [],
      patientTypes: [],
      value: null,
    }));
    await answered;
    expect(desk().engine.token(tokenId('a'))).toBe(token);
    expect(desk().engine.slot(slotId('nine'))).toMatchObject({ seated: 1, waiting: 1 });
  });

  it('are ignored when they do not exist or their doctor is not in memory', async () => {
    desk().engine.evictDoctor(SEN);
    const scope = { doctorIds: [RAO], slotIds: [slotId('never was'), slotId('other')] };
    const outcome = await desk().run(scope, () => ({
      ok: true,
      changes: [],
      patientTypes: [],
      value: null,
    }));
    expect(outcome.ok).toBe(true);
    expect(desk().engine.slot(slotId('other'))).toBeUndefined();
  });
}
