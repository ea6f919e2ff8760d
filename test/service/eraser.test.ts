import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { verifyDatabase } from '../../src/audit/index.ts';
import { patientId, slotId, tokenId } from '../../src/engine/index.ts';
import { Eraser } from '../../src/service/index.ts';
import { findNaming, openDatabase, rewriteFile, type Store } from '../../src/store/index.ts';
import { openApp, type AppOptions, type TestApp } from '../support/app/app.ts';
import { durableUrl } from '../support/app/app-database.ts';
import { doctorInput, session } from '../support/app/doctor-input.ts';
import { postOk } from '../support/app/front-desk.ts';
import { RULES } from '../support/engine/clinic.ts';

// Names and ids of patients leave the database when their time is over, and everything else stays.

const MONDAY = 'doc1_slot1@2026-11-23';
const TUESDAY = 'doc2_slot1@2026-11-24';
const DAYS = 30;
const whyNotShared = inject('isPostgres') ? null : 'an SQLite file has one process';
const whyNoFile = inject('isPostgres') ? 'PostgreSQL has the files' : null;

const eraserOf = (
  opd: TestApp,
  retentionDays: number | null = DAYS,
  store: Pick<Store, 'transact' | 'state'> = opd.store,
) =>
  new Eraser({
    ...{ engine: opd.engine, store, erasures: opd.database.erasures, retentionDays },
    clock: () => Date.parse(opd.clock) as never,
  });

/** The program on a new database that a restart finds again. */
async function openDurable(options: AppOptions = {}): Promise<{ opd: TestApp; url: string }> {
  const url = await durableUrl();
  return { opd: await openApp({ ...options, store: (engine) => openDatabase(url, engine) }), url };
}

const named = (name: string) => ({ patient_name: `Xname ${name}`, patient_id: `Xid/${name}` });
const keyed = (key: string) => ({ 'idempotency-key': key });

/** A day with every way in which a name gets into the tables. */
async function playMonday(opd: TestApp) {
  const book = (name: string, more: object = {}) =>
    opd.book('W', { slot_id: MONDAY, ...named(name), ...more }, keyed(name));
  const seen = await book('seen');
  const cancelled = await book('cancelled');
  const moved = await book('moved');
  const corrected = await book('wrong');
  await postOk(opd, '/cancel', { token_id: cancelled.id, reason: 'called' });
  await postOk(opd, '/move', { token_id: moved.id, slot_id: TUESDAY });
  await opd.patch(`/tokens/${corrected.id}`, { ...named('corrected'), reason: 'misspelt' });
  await postOk(opd, '/check-in', { token_id: seen.id });
  await postOk(opd, '/start', { token_id: seen.id });
  await postOk(opd, '/complete', { token_id: seen.id });
  return { seen, cancelled, moved, corrected };
}

/** All that the database gives of change records. */
async function recordsOf({ database: { changeLog } }: TestApp) {
  const { entries } = await changeLog.since(changeLog.beginning, 10_000);
  return entries;
}

/** The names and ids that change records have, each once. */
const namedIn = async (opd: TestApp): Promise<string[]> => {
  const found = JSON.stringify(await recordsOf(opd)).match(/X(name |id\/)\w+/g) ?? [];
  return [...new Set(found)].toSorted();
};

/** Runs until nothing is due: a run erases ten slots at most. */
const run = async (eraser: Eraser): Promise<void> => {
  for (let runs = 0; runs < 3; runs += 1) await eraser.run();
};

describe('the retention', () => {
  it('erases names and ids that many days after the day, and keeps numbers, statuses and history', async () => {
    const { opd, url } = await openDurable();
    const { seen, cancelled, moved, corrected } = await playMonday(opd);
    const before = await recordsOf(opd);
    const eraser = eraserOf(opd);
    await opd.advanceTo('2026-12-23T23:59:00Z');
    await run(eraser);
    expect(await namedIn(opd)).toContain('Xname seen');

    await opd.advanceTo('2026-12-24T00:01:00Z');
    await run(eraser);
    const after = await recordsOf(opd);
    expect(await namedIn(opd)).toEqual(['Xid/moved', 'Xname moved']);
    expect(after.slice(0, before.length).map(({ cursor }) => cursor)).toEqual(
      before.map(({ cursor }) => cursor),
    );
    for (const { id, number } of [seen, cancelled, corrected]) {
      const { body } = await opd.get(`/tokens/${id}`);
      expect(body).toMatchObject({ id, number, patient_name: '' });
      expect(body).not.toHaveProperty('patient_id');
      const { body: history } = await opd.get<{ changes: object[] }>(`/tokens/${id}/history`);
      expect(history.changes[0]).toMatchObject({ kind: 'booked' });
      expect(history.changes.at(-1)).toMatchObject({
        ...{ kind: 'corrected', actor: 'system' },
        reason: `Names are erased ${DAYS} days after the day.`,
      });
    }
    expect(await opd.post('/tokens/search', { patient_id: 'Xid/seen' })).toMatchObject({
      body: { tokens: [] },
    });
    // Every stored response is older than a day.
    expect(await opd.database.erasures.responsesWith(['Xname'])).toEqual([]);

    await opd.advanceTo('2026-12-25T00:01:00Z');
    await run(eraser);
    expect((await opd.get(`/tokens/${moved.id}`)).body).toMatchObject({ patient_name: '' });
    expect(await namedIn(opd)).toEqual([]);
    expect(await findNaming(url, patientId('Xid/moved'))).toEqual([]);
    expect((await verifyDatabase(url, RULES)).faults).toEqual([]);
  });

  it('counts the days in the time zone of the doctor', async () => {
    const { opd } = await openDurable();
    for (const [id, zone] of [
      ['kir', 'Pacific/Kiritimati'],
      ['pago', 'Pacific/Pago_Pago'],
    ])
      await opd.put(`/doctors/${id}`, {
        ...doctorInput({ sessions: [session(`${id}_s`)] }),
        time_zone: zone,
      });
    const of = (id: string) => ({ doctor_id: id, slot_id: `${id}_s@2026-11-25` });
    const kir = await opd.book('Wkir', of('kir'));
    const pago = await opd.book('Wpago', of('pago'));
    const namesAt = async (instant: string) => {
      await opd.advanceTo(instant);
      await run(eraserOf(opd, 1));
      const tokens = [kir, pago].map(({ id }) => opd.archive.token(tokenId(id)));
      return (await Promise.all(tokens)).map((token) => token?.patientName);
    };
    expect(await namesAt('2026-11-26T09:59:00Z')).toEqual(['Wkir', 'Wpago']);
    expect(await namesAt('2026-11-26T10:01:00Z')).toEqual(['', 'Wpago']);
    expect(await namesAt('2026-11-27T10:59:00Z')).toEqual(['', 'Wpago']);
    expect(await namesAt('2026-11-27T11:01:00Z')).toEqual(['', '']);
  });

  it('erases a name again that a correction has given to an erased token', async () => {
    const { opd } = await openDurable();
    const { id } = await opd.book('Wone', { slot_id: MONDAY });
    await opd.advanceTo('2026-12-24T00:01:00Z');
    await run(eraserOf(opd));
    expect(await opd.patch(`/tokens/${id}`, { patient_name: 'Late', reason: 'r' })).toMatchObject({
      status: 200,
    });
    await run(eraserOf(opd));
    const text = JSON.stringify(await recordsOf(opd));
    expect(['Late', 'Wone'].filter((name) => text.includes(name))).toEqual([]);
  });

  it('goes on after a failure between two steps, and the record agrees with the tokens in between', async () => {
    const { opd, url } = await openDurable();
    const bookings = Array.from({ length: 250 }, (_, index) => ({
      ...{ doctor_id: 'doc1', slot_id: MONDAY, patient_type: 'WALK_IN', patient_name: `N${index}` },
    }));
    await postOk(opd, '/bookings', { bookings });
    await opd.advanceTo('2026-12-24T00:01:00Z');
    let steps = 0;
    const failing = {
      state: 'ready' as const,
      transact: ((scope, decide) => {
        // The deletion of expired responses names no slot.
        steps += scope.slotIds === undefined ? 0 : 1;
        return steps === 2
          ? Promise.reject(new Error('killed'))
          : opd.store.transact(scope, decide);
      }) satisfies Store['transact'],
    };
    await expect(eraserOf(opd, DAYS, failing).run()).rejects.toThrow('killed');
    const namesLeft = async () =>
      (await recordsOf(opd)).filter(({ change }) => /"N\d+"/.test(JSON.stringify(change))).length;
    expect(await namesLeft()).toBe(150);
    expect((await verifyDatabase(url, RULES)).faults).toEqual([]);
    await run(eraserOf(opd));
    expect(await namesLeft()).toBe(0);
    expect((await verifyDatabase(url, RULES)).faults).toEqual([]);
  });
});

describe('an erased patient', () => {
  it('is erased from everything that is over, and named by the tokens that are not', async () => {
    const { opd, url } = await openDurable();
    const past = await opd.book('W', { slot_id: MONDAY, ...named('asha') }, keyed('past'));
    const other = await opd.book('W', { slot_id: MONDAY, ...named('other') });
    const was = await opd.book('W', { slot_id: 'doc1_slot2@2026-11-23', ...named('asha') });
    await opd.patch(`/tokens/${was.id}`, { ...named('right'), reason: 'another patient' });
    await opd.advanceTo('2026-11-24T07:00:00Z');
    const live = await opd.book('W', { doctor_id: 'doc2', slot_id: TUESDAY, ...named('asha') });
    const gone = await opd.book('W', { slot_id: 'doc1_slot1@2026-11-24', ...named('asha') });
    await postOk(opd, '/cancel', { token_id: gone.id });

    const id = patientId('Xid/asha');
    const request = { patientId: id, tokens: await findNaming(url, id) };
    const erased = await eraserOf(opd, null).erasePatient(request);
    expect(erased).toMatchObject({ tokens: [past.id], records: 2, responses: 1 });
    expect(erased.left.toSorted()).toEqual([live.id, gone.id].toSorted());
    expect((await opd.get(`/tokens/${past.id}`)).body).toMatchObject({ patient_name: '' });
    expect((await opd.get(`/tokens/${other.id}`)).body).toMatchObject(named('other'));
    expect((await opd.get(`/tokens/${was.id}`)).body).toMatchObject(named('right'));
    expect((await verifyDatabase(url, RULES)).faults).toEqual([]);
    // The repeat of the booking gets the first answer, without the name.
    const replay = await opd.post(
      '/book',
      { doctor_id: 'doc1', slot_id: MONDAY, patient_type: 'WALK_IN', ...named('asha') },
      keyed('past'),
    );
    expect(replay).toMatchObject({ status: 201, body: { id: past.id, patient_name: '' } });
    expect(replay.body).not.toHaveProperty('patient_id');

    await opd.advanceTo('2026-11-25T06:00:00Z');
    const rest = { patientId: id, tokens: await findNaming(url, id) };
    expect(await eraserOf(opd, null).erasePatient(rest)).toMatchObject({ left: [] });
    expect(await namedIn(opd)).toEqual(['Xid/other', 'Xid/right', 'Xname other', 'Xname right']);
    expect((await verifyDatabase(url, RULES)).faults).toEqual([]);
  });
});

it.skipIf(whyNotShared !== null)(
  'another process that has the slot in memory gives the name to nothing any more',
  async () => {
    const { opd, url } = await openDurable();
    const { id } = await opd.book('Wsecret', { slot_id: MONDAY, patient_id: 'Xid/secret' });
    const other = await openApp({
      ...{ store: (engine) => openDatabase(url, engine), roster: [] },
      now: '2026-12-24T00:01:00Z',
    });
    await opd.advanceTo('2026-12-24T00:01:00Z');
    // A command brings the past slot into the memory of the other process.
    await other.patch(`/tokens/${id}`, { patient_id: 'Xid/secret2', reason: 'r' });
    expect(other.engine.slot(slotId(MONDAY))).toBeDefined();
    await run(eraserOf(opd));
    await postOk(other, '/move', { token_id: id, slot_id: 'doc1_slot1@2026-12-25' });
    expect((await other.get(`/tokens/${id}`)).body).toMatchObject({ patient_name: '' });
    expect(JSON.stringify(await recordsOf(other)).includes('secret')).toBe(false);
    expect((await verifyDatabase(url, RULES)).faults).toEqual([]);
  },
);

it.skipIf(whyNoFile !== null)(
  'no byte of a name stays in the files of an SQLite database',
  async () => {
    const { opd, url } = await openDurable();
    const path = url.slice('sqlite:'.length);
    await playMonday(opd);
    for (let index = 0; index < 60; index += 1)
      await opd.book('W', {
        doctor_id: 'doc3',
        slot_id: `doc3_slot${1 + (index % 2)}@2026-11-23`,
        ...named(`n${index}`),
      });
    const remnants = (name: string): number => {
      const bytes = readFileSync(join(dirname(path), name), 'latin1').replaceAll('\0', '');
      return bytes.match(/Xname|Xid\//g)?.length ?? 0;
    };
    expect(remnants('opd.db-wal')).toBeGreaterThan(100);
    await opd.advanceTo('2026-12-26T00:01:00Z');
    await run(eraserOf(opd));
    expect(remnants('opd.db-wal')).toBe(0);
    // SQLite itself leaves copies of a few rows in pages that it has split.
    expect(remnants('opd.db')).toBeLessThan(10);
    await opd.store.close();
    rewriteFile(url);
    expect(readdirSync(dirname(path)).map((name) => [name, remnants(name)])).toEqual(
      readdirSync(dirname(path)).map((name) => [name, 0]),
    );
  },
);
