import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import {
  bookAt,
  type Booked,
  NOT_DURABLE,
  databaseFaults,
  startProxied,
  otherSession,
  sessionsOf,
  stop,
  tokensOf,
  untilWaiting,
} from '../support/postgres/pg-hospital.ts';
import type { Link } from '../support/postgres/pg-proxy.ts';
import { runSql } from '../support/store/run-sql.ts';

/** Sessions of one process, at most: two for reads, and one for each transaction in flight. */
const SESSIONS = 10;

const LOCK = /FROM doctors .* FOR UPDATE$/;

const cut = (link: Link): void => link.cut();

/** The moments of a transaction at which its connection drops in the test. */
const MOMENTS = [
  ['whenSent', /^BEGIN/],
  ['whenAnswered', /^BEGIN/],
  ['whenSent', LOCK],
  ['whenAnswered', LOCK],
  ['whenSent', /^INSERT INTO changes/],
  ['whenAnswered', /^INSERT INTO changes/],
  // The commit does not reach the server, so the transaction is rolled back.
  ['whenSent', /^COMMIT/],
  // The server has committed, and its answer is lost.
  ['whenAnswered', /^COMMIT/],
] as const;

it('a connection that drops at any moment of a transaction leaves one booking, answered with 201', async () => {
  const { url, proxy, server, other } = await startProxied();
  for (const [index, [when, statement]] of MOMENTS.entries()) {
    const hasDropped = proxy[when](statement, cut);
    const { status, body } = await bookAt(server, 'doc1', `dropped ${index}`);
    await hasDropped;
    expect([status, body.number]).toEqual([201, 3 * index + 1]);
    expect(await tokensOf(url, `dropped ${index}`)).toEqual([body.id]);
    // Both processes still take bookings.
    expect((await bookAt(other, 'doc1', `other ${index}`)).body.number).toBe(3 * index + 2);
    expect((await bookAt(server, 'doc1', `after ${index}`)).body.number).toBe(3 * index + 3);
  }
  expect(await databaseFaults(url)).toEqual([]);
  await eventually(async () => (await sessionsOf(url)) <= 2 * SESSIONS);
  await stop(server, other);
});

/** Blocks the writing of change records until the returned function is called. */
async function blockWrites(url: string): Promise<() => Promise<unknown>> {
  await runSql(
    url,
    `CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql
       AS 'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END';
     CREATE TRIGGER wait AFTER INSERT ON changes EXECUTE FUNCTION wait()`,
  );
  const holder = await otherSession(url);
  await holder.unsafe('SELECT pg_advisory_xact_lock(1)');
  return () => holder.unsafe('ROLLBACK');
}

it.each(['orphan', 'cut'] as const)(
  'a connection that drops while the server still writes (%s) leaves each booking once',
  async (how) => {
    const { url, proxy, server, other } = await startProxied();
    // A first booking, because a session then has its statements prepared and sends the commit without waiting.
    await bookAt(server, 'doc1', 'first');
    const unblock = await blockWrites(url);
    const links: Link[] = [];
    const isSent = proxy.whenSent(/^COMMIT/, (link) => links.push(link));
    const names = ['a', 'b', 'c', 'd'];
    const bookings = names.map((name) => bookAt(server, 'doc1', name));
    await isSent;
    await untilWaiting(url, 1);
    for (const link of links) link[how]();
    const others = bookAt(other, 'doc1', 'other');
    // The other process waits for the doctor, and so does the first process's look-up of its lost commit.
    await untilWaiting(url, 3);
    await unblock();
    const answers = await Promise.all(bookings);
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    for (const { body } of answers)
      expect(await tokensOf(url, body.patient_name)).toEqual([body.id]);
    expect((await others).status).toBe(201);
    expect(await databaseFaults(url)).toEqual([]);
    await stop(server, other);
  },
);

it('the outcome of a commit is never guessed: the answer waits until the database can be read', async () => {
  const { url, proxy, server, other } = await startProxied();
  const isCommitted = proxy.whenAnswered(/^COMMIT/, (link) => {
    proxy.isOpen = false;
    link.cut();
    proxy.cutAll();
  });
  let answer: Booked | undefined;
  const booking = bookAt(server, 'doc1', 'a').then((booked) => (answer = booked));
  await isCommitted;
  await eventually(async () => (await server.get('/ready')).status === 503);
  expect(await bookAt(server, 'doc2', 'b')).toMatchObject(NOT_DURABLE);
  expect((await server.get('/schedule?doctor_id=doc1')).status).toBe(503);
  expect(await tokensOf(url, 'a')).toHaveLength(1);
  expect(answer).toBeUndefined();
  proxy.isOpen = true;
  expect(await booking).toMatchObject({ status: 201, body: { number: 1 } });
  await eventually(async () => (await server.get('/ready')).status === 200);
  expect((await bookAt(server, 'doc2', 'b')).status).toBe(201);
  expect(await databaseFaults(url)).toEqual([]);
  await eventually(async () => (await sessionsOf(url)) <= 2 * SESSIONS);
  await stop(server, other);
});

it('a commit of another process is not mistaken for the lost commit', async () => {
  const { url, proxy, server, other } = await startProxied();
  const isDropped = proxy.whenSent(/^COMMIT/, (link) => {
    proxy.isOpen = false;
    link.cut();
    proxy.cutAll();
  });
  const booking = bookAt(server, 'doc1', 'a');
  await isDropped;
  // The other process commits the same version of the doctor that was not committed.
  expect(await bookAt(other, 'doc1', 'b')).toMatchObject({ status: 201, body: { number: 1 } });
  proxy.isOpen = true;
  expect(await booking).toMatchObject({ status: 201, body: { number: 2 } });
  await eventually(async () => (await server.get('/ready')).status === 200);
  const shown = await Promise.all(
    [server, other].map(async (each) => (await each.get('/schedule?doctor_id=doc1')).json()),
  );
  expect(shown[0]).toEqual(shown[1]);
  expect(await databaseFaults(url)).toEqual([]);
  await stop(server, other);
});
