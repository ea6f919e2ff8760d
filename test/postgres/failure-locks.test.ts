import { expect, it } from 'vitest';
import { openDatabase } from '../../src/store/index.ts';
import { openApp } from '../support/app/app.ts';
import { eventually } from '../support/eventually.ts';
import {
  bookAt,
  databaseFaults,
  failChanges,
  lockRows,
  NOT_DURABLE,
  startProxied,
  otherSession,
  slotIdAt,
  stop,
  tokensOf,
  untilWaiting,
  type Booked,
} from '../support/postgres/pg-hospital.ts';
import { createDatabase } from '../support/postgres/postgres.ts';
import { runSql } from '../support/store/run-sql.ts';
import type { ServerProcess } from '../support/process/server-process.ts';

const LOCK = /FROM doctors .* FOR UPDATE$/;

/** Sends a signal that does not end the process. */
const send = (server: ServerProcess, signal: 'SIGSTOP' | 'SIGCONT'): void =>
  void server.stop(signal);

/** Books three patients by `book`, of other doctors, and checks that `waiting` is still pending after that. */
async function bookMeanwhile(
  book: (name: string) => Promise<Booked>,
  waiting: Promise<unknown>,
): Promise<void> {
  let isOver = false;
  void waiting.then(() => (isOver = true));
  for (let count = 0; count < 3; count += 1)
    expect((await book(`other doctor's ${count}`)).status).toBe(201);
  expect(isOver).toBe(false);
}

it('a process killed while it holds a lock delays no other process, and its command changes nothing', async () => {
  const { url, proxy, server, other } = await startProxied();
  const isLocked = proxy.whenAnswered(LOCK, (link) => link.hold());
  const lost = bookAt(server, 'doc1', 'lost').catch(() => 'no answer');
  await isLocked;
  const waiting = bookAt(other, 'doc1', 'waiting');
  await untilWaiting(url, 1);
  await server.stop('SIGKILL');
  expect(await waiting).toMatchObject({ status: 201, body: { number: 1 } });
  expect(await lost).toBe('no answer');
  expect(await tokensOf(url, 'lost')).toEqual([]);
  expect(await databaseFaults(url)).toEqual([]);
  await other.stop();
});

it('a process suspended while it holds a lock delays only that doctor, until the server releases the lock; its transaction is lost when it resumes', async () => {
  const { url, proxy, server, other } = await startProxied();
  const isLocked = proxy.whenAnswered(LOCK, () => send(server, 'SIGSTOP'));
  const stopped = bookAt(server, 'doc1', 'stopped');
  await isLocked;
  const waiting = bookAt(other, 'doc1', 'waiting');
  await untilWaiting(url, 1);
  await bookMeanwhile((name) => bookAt(other, 'doc2', name), waiting);
  // Either the server ends the suspended transaction in time, or the command is refused and nothing was changed.
  const { status } = await waiting;
  expect([201, 503]).toContain(status);
  expect(await tokensOf(url, 'waiting')).toHaveLength(status === 201 ? 1 : 0);
  await eventually(async () => (await bookAt(other, 'doc1', 'next')).status === 201);
  send(server, 'SIGCONT');
  const { status: late, body } = await stopped;
  expect([201, 503]).toContain(late);
  expect(await tokensOf(url, 'stopped')).toEqual(late === 201 ? [body.id] : []);
  await eventually(async () => (await bookAt(server, 'doc1', 'after')).status === 201);
  expect(await databaseFaults(url)).toEqual([]);
  await stop(server, other);
});

it('commands of doctors whose rows stay locked are refused at last; meanwhile the doctors can be read and other doctors are served', async () => {
  const { url, proxy, server, other } = await startProxied();
  const unlock = await lockRows(url, 'doc1', 'doc2');
  const first = bookAt(server, 'doc1', 'refused 1');
  await untilWaiting(url, 1);
  const second = bookAt(server, 'doc2', 'refused 2');
  await untilWaiting(url, 2);
  await bookMeanwhile((name) => bookAt(server, 'doc3', name), Promise.race([first, second]));
  const reading = server.get('/schedule?doctor_id=doc1');
  expect((await Promise.race([reading, first])).status).toBe(200);
  expect(await first).toMatchObject(NOT_DURABLE);
  expect(await second).toMatchObject(NOT_DURABLE);
  expect(proxy.errors).toContain('55P03');
  await unlock();
  expect(await bookAt(server, 'doc1', 'after')).toMatchObject({ status: 201, body: { number: 1 } });
  expect(await tokensOf(url, 'refused 1')).toEqual([]);
  expect(await databaseFaults(url)).toEqual([]);
  await stop(server, other);
});

it('a deadlock is broken, and the command in it succeeds at the next attempt', async () => {
  const { url, proxy, server, other } = await startProxied();
  const { body: token } = await bookAt(server, 'doc1', 'to be moved');
  for (let round = 0; !proxy.errors.includes('40P01'); round += 1) {
    // The server cancels one of the two transactions. On a busy machine that may be the one of the test.
    expect(round).toBeLessThan(10);
    const session = await otherSession(url);
    await session.unsafe(`SELECT FROM doctors WHERE id = 'doc2' FOR UPDATE`);
    const moving = server.post('/move', {
      token_id: token.id,
      slot_id: slotIdAt(round % 2 === 0 ? 'doc2' : 'doc1'),
    });
    await untilWaiting(url, 1);
    await session.unsafe(`SELECT FROM doctors WHERE id = 'doc1' FOR UPDATE`).catch(() => undefined);
    await session.unsafe('ROLLBACK');
    expect((await moving).status).toBe(200);
  }
  expect(await tokensOf(url, 'to be moved')).toEqual([token.id]);
  expect(await databaseFaults(url)).toEqual([]);
  await stop(server, other);
});

it('a command is retried after a serialisation failure, a deadlock, a timeout and a full disk, and takes effect once', async () => {
  const { url, proxy, server, other } = await startProxied();
  for (const code of ['40001', '40P01', '55P03', '57014', '53100']) {
    const stopFailing = await failChanges(url, code, { doctor: 'doc1', times: 3 });
    const bookings = ['a', 'b', 'c'].map((name) => bookAt(server, 'doc1', `${name} ${code}`));
    for (const { status, body } of await Promise.all(bookings)) {
      expect(status).toBe(201);
      expect(await tokensOf(url, body.patient_name)).toEqual([body.id]);
    }
    expect(proxy.errors.filter((each) => each === code)).toHaveLength(3);
    await stopFailing();
  }
  expect(await databaseFaults(url)).toEqual([]);
  await stop(server, other);
});

it('a command that fails at every attempt is refused with 503, changes nothing and does not delay other doctors', async () => {
  const { url, proxy, server, other } = await startProxied();
  const stopFailing = await failChanges(url, '40001', { doctor: 'doc1' });
  const waiting = bookAt(server, 'doc1', 'refused');
  await bookMeanwhile((name) => bookAt(server, 'doc3', name), waiting);
  expect(await waiting).toMatchObject(NOT_DURABLE);
  expect(proxy.errors.length).toBeGreaterThan(1);
  await stopFailing();
  expect(await tokensOf(url, 'refused')).toEqual([]);
  const after = { status: 201, body: { number: 1 } };
  expect(await bookAt(server, 'doc1', 'after')).toMatchObject(after);
  expect(await databaseFaults(url)).toEqual([]);
  await stop(server, other);
});

it('commands that share a failed transaction are retried in separate transactions', async () => {
  const { url } = await createDatabase();
  const opd = await openApp({ store: (engine) => openDatabase(url, engine) });
  /** Books for two doctors at once. Returns the ids of the transactions that inserted the tokens. */
  const transactions = async (name: string): Promise<readonly unknown[]> => {
    const bookings = ['doc1', 'doc2'].map((doctor) =>
      opd.book(name, { doctor_id: doctor, slot_id: `${doctor}_slot1` }),
    );
    await Promise.all(bookings);
    return runSql(url, `SELECT DISTINCT xmin::text FROM tokens WHERE patient_name = '${name}'`);
  };
  expect(await transactions('W1')).toHaveLength(1);
  await failChanges(url, '40001', { doctor: 'doc1', times: 1 });
  expect(await transactions('W2')).toHaveLength(2);
});

it('every transaction has three timeouts', async () => {
  const { url, server, other } = await startProxied();
  const names = ['lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout'];
  await runSql(
    url,
    `CREATE TABLE seen (name TEXT, setting TEXT);
     CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       INSERT INTO seen SELECT name, current_setting(name) FROM unnest('{${names.join()}}'::text[]) name;
       RETURN NULL;
     END $$;
     CREATE TRIGGER look AFTER INSERT ON changes EXECUTE FUNCTION look()`,
  );
  await bookAt(server, 'doc1', 'a');
  expect(await runSql(url, 'SELECT * FROM seen')).toEqual([
    { name: 'lock_timeout', setting: '2s' },
    { name: 'statement_timeout', setting: '10s' },
    { name: 'idle_in_transaction_session_timeout', setting: '5s' },
  ]);
  await stop(server, other);
});
