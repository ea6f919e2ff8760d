import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AllocationEngine, doctorId, slotId, tokenId } from '../../src/engine/index.ts';
import { bookingOf } from '../../src/http/resources/booking.ts';
import { ANONYMOUS, createService } from '../../src/service/index.ts';
import { openDatabase, NotDurableError } from '../../src/store/index.ts';
import { BatchBuilder } from '../../src/store/sqlite/batch.ts';
import { migrate, prepareFile } from '../../src/store/sqlite/open.ts';
import type { Operation } from '../../src/store/sqlite/statements.ts';
import { WriterClient } from '../../src/store/sqlite/writer-client.ts';
import { doctorFacts, NOW, RAO, RULES } from '../support/engine/clinic.ts';
import { Desk, storedResponse } from '../support/store/desk.ts';
import { handled, statesOf } from '../support/store/disk.ts';
import { occupy, secondConnection } from '../support/store/second-connection.ts';
import { eventually } from '../support/eventually.ts';
import { fill } from '../support/process/full-disk.ts';
import { mountMemory, needsMount, noMount } from '../support/process/mount.ts';
import { snapshotOf } from '../support/engine/snapshot.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { MORNING } from '../support/engine/week.ts';
import { allOf } from '../support/store/pages.ts';

async function deskOn(file: string): Promise<Desk> {
  const desk = new Desk((engine) => openDatabase(`sqlite:${file}`, engine));
  onTestFinished(() => desk.store.close().catch(() => undefined));
  return desk.load();
}

/** A desk with one slot of three seats. */
async function openDesk(file: string): Promise<Desk> {
  const desk = await deskOn(file);
  await desk.put({}, [{ capacity: 3 }]);
  return desk;
}

const count = (database: DatabaseSync, from: string): unknown =>
  database.prepare(`SELECT count(*) AS n FROM ${from}`).get()?.['n'];

/** Checks a stalled store: commands in flight wait, new ones are refused, and reads of pending changes are refused. */
async function expectStalled(desk: Desk, inFlight: readonly Promise<unknown>[]): Promise<void> {
  expect(desk.store.state).toBe('stalled');
  await expect(desk.book('refused')).rejects.toThrow(NotDurableError);
  expect(desk.engine.token(tokenId('refused'))).toBeUndefined();
  await expect(desk.store.read(RAO, () => null)).rejects.toThrow(NotDurableError);
  expect(desk.store.isSettled(RAO)).toBe(false);
  expect(await statesOf(inFlight)).toEqual(inFlight.map(() => 'pending'));
}

/** Checks that the disk has exactly the answered bookings, each once, and that a restart loads the same state. */
async function expectNothingLost(desk: Desk, file: string, names: readonly string[]) {
  const database = secondConnection(file);
  const ids = database.prepare('SELECT id FROM tokens ORDER BY arrival').all();
  expect(ids.map(({ id }) => id)).toEqual(names);
  expect(count(database, 'changes')).toBe(desk.engine.doctor(RAO)?.version);
  await desk.store.close();
  const after = await deskOn(file);
  expect(snapshotOf(after.engine)).toEqual(snapshotOf(desk.engine));
}

describe('a disk that is full', () => {
  it.skipIf(noMount !== null)(
    `stalls the service until there is space, and nothing is lost${needsMount}`,
    async () => {
      const directory = mountMemory('size=2m');
      const file = join(directory, 'opd.db');
      const desk = await openDesk(file);
      const answered: string[] = [];
      const send = (name: string) => handled(desk.book(name).then(() => answered.push(name)));
      await send('first');
      const makeSpace = fill(directory);
      let inFlight: Promise<unknown>[] = [];
      // Some batches still fit, because the last page of the journal has space.
      for (let nth = 1; desk.store.state === 'ready'; nth += 1) {
        inFlight = [send(`a${nth}`), send(`b${nth}`)];
        const isDone = () => desk.store.state === 'stalled' || answered.length === 1 + 2 * nth;
        await eventually(isDone);
      }
      await expectStalled(desk, inFlight);
      makeSpace();
      await Promise.all(inFlight);
      expect(desk.store.state).toBe('ready');
      await send('last');
      await expectNothingLost(desk, file, answered);
    },
  );
});

describe('a database that is busy for longer than a write waits', () => {
  it('stalls the service until it is free, and nothing is lost', async () => {
    const file = join(tempDir(), 'opd.db');
    const desk = await openDesk(file);
    await desk.book('a');
    const release = occupy(file);
    const inFlight = [handled(desk.book('b')), handled(desk.cancel('a'))];
    await turn();
    inFlight.push(handled(desk.book('c')));
    await eventually(() => desk.store.state === 'stalled');
    await expectStalled(desk, inFlight);
    release();
    await Promise.all(inFlight);
    expect(desk.store.state).toBe('ready');
    await desk.book('d');
    await expectNothingLost(desk, file, ['a', 'b', 'c', 'd']);
  });

  it('does not prevent the store from closing: commands in flight are rejected', async () => {
    const file = join(tempDir(), 'opd.db');
    const desk = await openDesk(file);
    const release = occupy(file);
    const answer = handled(desk.book('a'));
    await eventually(() => desk.store.state === 'stalled');
    await desk.store.close();
    await expect(answer).rejects.toThrow(NotDurableError);
    release();
    expect(count(secondConnection(file), 'tokens')).toBe(0);
    expect(snapshotOf((await deskOn(file)).engine)[0]?.doctor.lastArrival).toBe(0);
  });
});

describe('a clock tick', () => {
  it('succeeds while the database is busy', async () => {
    const file = join(tempDir(), 'opd.db');
    const engine = new AllocationEngine(RULES);
    const { store, archive, changeLog, keys } = openDatabase(`sqlite:${file}`, engine);
    onTestFinished(() => store.close());
    const service = createService({
      ...{ engine, store, archive, changeLog, keys },
      clock: () => NOW,
      horizonDays: 1,
    });
    await service.start(() => ({ doctors: [doctorFacts({ sessions: [MORNING] })], slots: [] }));
    const release = occupy(file);
    const booking = {
      doctorId: doctorId('rao'),
      slotId: slotId('morning'),
      patientName: 'a',
      patientId: null,
      patientType: 'WALK_IN',
    };
    const context = { identity: ANONYMOUS, idempotency: null };
    const answer = service.tokens.book(booking, context, bookingOf);
    await eventually(() => store.state === 'stalled');
    // An unhandled rejection would end the process, and fails this test.
    await service.tick();
    await turn();
    release();
    expect(await answer).toMatchObject({ result: { ok: true } });
  });
});

describe('a fault in the middle of a batch', () => {
  it.each(['ABORT', 'ROLLBACK', 'FAIL'])(
    'prevents the write of the whole batch and stops the service (%s)',
    async (how) => {
      const file = join(tempDir(), 'opd.db');
      const desk = await openDesk(file);
      await desk.book('before');
      const database = secondConnection(file);
      database.exec(`CREATE TRIGGER fault BEFORE INSERT ON tokens WHEN NEW.id = 'b'
        BEGIN SELECT RAISE(${how}, 'a fault of the test'); END`);
      const stored = storedResponse();
      const inFlight = [
        desk.book('a', {}, { response: stored }),
        desk.cancel('before'),
        desk.book('b'),
        desk.book('c'),
      ].map((answer) => handled<unknown>(answer));
      const message = /^The database cannot be written \(SQLite \d+\): a fault of the test\.$/;
      for (const answer of inFlight) await expect(answer).rejects.toThrow(message);
      expect((await desk.store.failure).message).toMatch(message);
      expect(desk.store.state).toBe('failed');
      await expect(desk.book('d')).rejects.toThrow(NotDurableError);
      await desk.store.close();
      database.exec('DROP TRIGGER fault');
      const after = await deskOn(file);
      expect(count(database, 'tokens')).toBe(1);
      expect(await after.archive.token(tokenId('before'))).toMatchObject({ status: 'BOOKED' });
      expect(await allOf(after.archive.history(tokenId('a')))).toEqual([]);
      expect(
        await after.archive.storedResponse(stored.caller, stored.key, stored.at),
      ).toBeUndefined();
      expect(count(database, 'changes')).toBe(after.engine.doctor(RAO)?.version);
    },
  );
});

function batchOf(...operations: readonly Operation[]): BatchBuilder {
  const batch = new BatchBuilder();
  for (const operation of operations) batch.add(...operation);
  return batch;
}

describe('the writer', () => {
  it('rolls a failed batch back as a whole and writes the next one', async () => {
    const file = prepareFile(join(tempDir(), 'opd.db'));
    migrate(file);
    const writer = new WriterClient(file);
    const day = (date: string, number: number | null): Operation => ['setDay', ['d', date, number]];
    await writer.write(batchOf(day('2026-01-05', 1)));
    const faulty = writer.write(batchOf(day('2026-01-06', 1), day('2026-01-07', null)));
    await expect(faulty).rejects.toThrow(/NOT NULL/);
    await writer.write(batchOf(day('2026-01-08', 1)));
    await writer.close();
    const dates = secondConnection(file).prepare('SELECT date FROM days ORDER BY date').all();
    expect(dates.map(({ date }) => date)).toEqual(['2026-01-05', '2026-01-08']);
  });
});

describe('a writer thread that dies', () => {
  const DIED = /^The writer of the database has died: .+\.$/;

  /** Opens a desk and returns it with the thread of its writer. */
  async function deskAndWriter(file: string): Promise<{ desk: Desk; writer: Worker }> {
    const started = Promise.withResolvers<Worker>();
    process.once('worker', started.resolve);
    const desk = await openDesk(file);
    return { desk, writer: await started.promise };
  }

  it('during a batch makes the service fail: no command of the batch is answered or stored', async () => {
    const file = join(tempDir(), 'opd.db');
    const { desk, writer } = await deskAndWriter(file);
    const release = occupy(file);
    const inFlight = [handled(desk.book('a')), handled(desk.book('b'))];
    await turn();
    inFlight.push(handled(desk.book('c')));
    await writer.terminate();
    release();
    for (const answer of inFlight) await expect(answer).rejects.toThrow(DIED);
    expect((await desk.store.failure).message).toMatch(DIED);
    await desk.store.close();
    const after = await deskOn(file);
    expect(after.engine.doctor(RAO)).toMatchObject({ lastArrival: 0 });
    expect(count(secondConnection(file), 'tokens')).toBe(0);
  });

  it('between two batches makes the next command and the service fail', async () => {
    const { desk, writer } = await deskAndWriter(join(tempDir(), 'opd.db'));
    await writer.terminate();
    await expect(desk.book('a')).rejects.toThrow(DIED);
    expect((await desk.store.failure).message).toMatch(DIED);
    await desk.store.close();
  });

  it('at its start reports the reason', async () => {
    const writer = new WriterClient(join(tempDir(), 'no such directory', 'opd.db'));
    await expect(writer.write(batchOf())).rejects.toThrow(DIED);
    await expect(writer.write(batchOf())).rejects.toThrow(/unable to open database file/);
    await writer.close();
  });
});
