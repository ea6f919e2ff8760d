import { expect, it } from 'vitest';
import { createStore } from '../../src/store/index.ts';
import { openApp } from '../support/app/app.ts';
import { eventually } from '../support/eventually.ts';
import {
  bookAt,
  databaseFaults,
  holdRows,
  NOT_DURABLE,
  openProxied,
  otherSession,
  roomOf,
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

/** Books other doctors' patients, as many as this, while a booking is still waited for. */
async function othersGoOn(
  book: (name: string) => Promise<Booked>,
  waiting: Promise<unknown>,
): Promise<void> {
  let isOver = false;
  void waiting.then(() => (isOver = true));
  for (let count = 0; count < 10; count += 1)
    expect((await book(`other doctor's ${count}`)).status).toBe(201);
  expect(isOver).toBe(false);
}

it('a process killed while it holds a lock holds nobody up, and nothing of its command is done', async () => {
  const { url, proxy, server, other } = await openProxied();
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

it('a process stopped while it holds a lock holds up that doctor alone, until the server takes it back; it resumes without doing what it had in hand', async () => {
  const { url, proxy, server, other } = await openProxied();
  const isLocked = proxy.whenAnswered(LOCK, () => send(server, 'SIGSTOP'));
  const stopped = bookAt(server, 'doc1', 'stopped');
  await isLocked;
  const waiting = bookAt(other, 'doc1', 'waiting');
  await untilWaiting(url, 1);
  await othersGoOn((name) => bookAt(other, 'doc2', name), waiting);
  // Either the server takes the lock back in time, or the command is given up with a promise that nothing was done.
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

it('doctors whose rows somebody else keeps are refused in the end; until then they can be read, and others go on', async () => {
  const { url, proxy, server, other } = await openProxied();
  const letGo = await holdRows(url, 'doc1', 'doc2');
  const first = bookAt(server, 'doc1', 'refused 1');
  await untilWaiting(url, 1);
  const second = bookAt(server, 'doc2', 'refused 2');
  await untilWaiting(url, 2);
  await othersGoOn((name) => bookAt(server, 'doc3', name), Promise.race([first, second]));
  const reading = server.get('/schedule?doctor_id=doc1');
  expect((await Promise.race([reading, first])).status).toBe(200);
  expect(await first).toMatchObject(NOT_DURABLE);
  expect(await second).toMatchObject(NOT_DURABLE);
  expect(proxy.errors).toContain('55P03');
  await letGo();
  expect(await bookAt(server, 'doc1', 'after')).toMatchObject({ status: 201, body: { number: 1 } });
  expect(await tokensOf(url, 'refused 1')).toEqual([]);
  expect(await databaseFaults(url)).toEqual([]);
  await stop(server, other);
});

it('a deadlock is broken, and the command that was in it is done at the next try', async () => {
  const { url, proxy, server, other } = await openProxied();
  const { body: token } = await bookAt(server, 'doc1', 'to be moved');
  for (let round = 0; !proxy.errors.includes('40P01'); round += 1) {
    // The server breaks off whoever has waited longest; on a busy machine that may be the one of the test.
    expect(round).toBeLessThan(10);
    const session = await otherSession(url);
    await session.unsafe(`SELECT FROM doctors WHERE id = 'doc2' FOR UPDATE`);
    const moving = server.post('/move', {
      token_id: token.id,
      slot_id: roomOf(round % 2 === 0 ? 'doc2' : 'doc1'),
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

/** Makes the transactions that change this doctor fail, so many times or until it is told to stop. */
async function fail(url: string, doctor: string, code: string, times = 1_000_000) {
  await runSql(
    url,
    `CREATE SEQUENCE failures;
     CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       IF nextval('failures') <= ${times} THEN RAISE SQLSTATE '${code}'; END IF;
       RETURN NULL;
     END $$;
     CREATE TRIGGER fail AFTER INSERT ON changes
       FOR EACH ROW WHEN (NEW.doctor_id = '${doctor}') EXECUTE FUNCTION fail()`,
  );
  return () => runSql(url, 'DROP FUNCTION fail CASCADE; DROP SEQUENCE failures');
}

it('a serialisation failure, a deadlock, a timeout and a full disk are tried again, and each command is done once', async () => {
  const { url, proxy, server, other } = await openProxied();
  for (const code of ['40001', '40P01', '55P03', '57014', '53100']) {
    const mend = await fail(url, 'doc1', code, 3);
    const bookings = ['a', 'b', 'c'].map((name) => bookAt(server, 'doc1', `${name} ${code}`));
    for (const { status, body } of await Promise.all(bookings)) {
      expect(status).toBe(201);
      expect(await tokensOf(url, body.patient_name)).toEqual([body.id]);
    }
    expect(proxy.errors.filter((each) => each === code)).toHaveLength(3);
    await mend();
  }
  expect(await databaseFaults(url)).toEqual([]);
  await stop(server, other);
});

it('what fails again and again is given up with 503, changes nothing and does no harm to other doctors', async () => {
  const { url, proxy, server, other } = await openProxied();
  const mend = await fail(url, 'doc1', '40001');
  const waiting = bookAt(server, 'doc1', 'refused');
  await othersGoOn((name) => bookAt(server, 'doc3', name), waiting);
  expect(await waiting).toMatchObject(NOT_DURABLE);
  expect(proxy.errors.length).toBeGreaterThan(1);
  await mend();
  expect(await tokensOf(url, 'refused')).toEqual([]);
  const after = { status: 201, body: { number: 1 } };
  expect(await bookAt(server, 'doc1', 'after')).toMatchObject(after);
  expect(await databaseFaults(url)).toEqual([]);
  await stop(server, other);
});

it('commands that share a transaction which fails are tried again apart', async () => {
  const { url } = await createDatabase();
  const opd = await openApp({ store: (engine) => createStore(url, engine) });
  /** Books for two doctors at once; returns the transactions in which that came about. */
  const transactions = async (name: string): Promise<readonly unknown[]> => {
    const bookings = ['doc1', 'doc2'].map((doctor) =>
      opd.book(name, { doctor_id: doctor, slot_id: `${doctor}_slot1` }),
    );
    await Promise.all(bookings);
    return runSql(url, `SELECT DISTINCT xmin::text FROM tokens WHERE patient_name = '${name}'`);
  };
  expect(await transactions('W1')).toHaveLength(1);
  await fail(url, 'doc1', '40001', 1);
  expect(await transactions('W2')).toHaveLength(2);
});

it('every transaction has its timeouts', async () => {
  const { url, server, other } = await openProxied();
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
