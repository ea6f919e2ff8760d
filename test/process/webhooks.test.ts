import { hash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import postgres from 'postgres';
import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { createDatabase } from '../support/postgres/postgres.ts';
import { startServer, type ServerProcess } from '../support/process/server-process.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { Receiver } from '../support/webhooks/receiver.ts';

const ALLOWED = { WEBHOOK_ALLOW_PRIVATE: 'true' };

async function putWebhook(server: ServerProcess, id: string, url: string): Promise<void> {
  const answer = await fetch(`${server.url}/webhooks/${id}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url }),
  });
  expect(answer.status).toBe(201);
}

/** Books patients of two doctors, one after another. */
async function book(servers: readonly ServerProcess[], count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    const doctor = `doc${1 + (n % 2)}`;
    const body = { doctor_id: doctor, slot_id: `${doctor}_slot1` };
    const patient = { patient_name: 'Jane Roe', patient_type: 'WALK_IN' };
    const answer = await servers[n % servers.length]?.post('/book', { ...body, ...patient });
    expect(answer?.status).toBe(201);
  }
}

/** The versions of a doctor's events in the order in which they came first. */
const firstVersions = (receiver: Receiver, doctor: string): number[] => [
  ...new Set(receiver.versions(doctor)),
];

/** Checks that every event of the two doctors has come, in the order of each. */
async function hasAll(receiver: Receiver, eachDoctor: number): Promise<void> {
  for (const doctor of ['doc1', 'doc2']) {
    await eventually(() => firstVersions(receiver, doctor).length === eachDoctor);
    const versions = firstVersions(receiver, doctor);
    const start = versions[0] ?? 0;
    expect(versions).toEqual(Array.from({ length: eachDoctor }, (_, n) => start + n));
  }
}

it('kill -9 during deliveries loses no event: the next process delivers what was not stored as delivered', async () => {
  const settings = { ...ALLOWED, DATABASE_URL: `sqlite:${join(tempDir(), 'opd.db')}` };
  const receiver = await Receiver.start();
  let server = await startServer(settings);
  await putWebhook(server, 'app', receiver.url);
  await book([server], 4);
  await receiver.has(4);
  // From now on no message is answered, and one of a doctor is under way when the process is killed.
  receiver.respond = () => undefined;
  await book([server], 4);
  await receiver.has(6);
  await server.stop('SIGKILL');
  receiver.recover();
  server = await startServer(settings);
  await book([server], 2);
  await hasAll(receiver, 5);
  // A stop in order stores the rest of the progress, so that nothing is sent twice after it.
  const count = receiver.received.length;
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  server = await startServer(settings);
  await book([server], 2);
  await hasAll(receiver, 6);
  expect(receiver.received.length).toBe(count + 2);
  await server.stop();
});

/** The process to which a webhook belongs when all processes agree. */
const ownerOf = (webhook: string, processes: readonly string[]): string | undefined =>
  processes.toSorted((a, b) =>
    hash('md5', `${webhook} ${a}`) < hash('md5', `${webhook} ${b}`) ? -1 : 1,
  )[0];

/** Waits until a query has the wanted rows. It asks seldom, because a lease ends only after seconds. */
function queriesOf(url: string) {
  const sql = postgres(url, { max: 1, fetch_types: false, onnotice: () => undefined });
  onTestFinished(() => sql.end({ timeout: 1 }));
  return async (query: string, isWanted: (rows: readonly postgres.Row[]) => boolean) => {
    let rows: readonly postgres.Row[] = [];
    await eventually(async () => {
      rows = await sql.unsafe(query);
      return isWanted(rows) || (await delay(100, false));
    });
    return rows;
  };
}

it('of two processes one takes over when the other is stopped or killed, and what that did too late does not count', async () => {
  const { url: DATABASE_URL } = await createDatabase();
  const settings = { ...ALLOWED, DATABASE_URL };
  const [first, second] = [await startServer(settings), await startServer(settings)];
  const rowsOf = queriesOf(DATABASE_URL);
  const owners = 'SELECT webhook_id AS id, owner FROM webhook_leases';
  const haveOneOwner = (rows: readonly postgres.Row[]) =>
    rows.length === 2 && new Set(rows.map(({ owner }) => String(owner))).size === 1;
  const receivers = new Map<string, Receiver>();
  const addWebhook = async (id: string) => {
    const receiver = await Receiver.start();
    receivers.set(id, receiver);
    await putWebhook(first, id, receiver.url);
  };
  // A process has a name in the database as soon as there is a webhook. The other one gets the second webhook.
  await addWebhook('a');
  const known = await rowsOf('SELECT id FROM webhook_processes', ({ length }) => length === 2);
  const processes = known.map(({ id }) => id as string);
  const ofOther = Array.from({ length: 64 }, (_, n) => `b${n}`).find(
    (id) => ownerOf(id, processes) !== ownerOf('a', processes),
  );
  await addWebhook(ofOther ?? '');
  await rowsOf(owners, (rows) =>
    [...receivers.keys()].every((webhook) =>
      rows.some(({ id, owner }) => id === webhook && owner === ownerOf(webhook, processes)),
    ),
  );
  await book([first, second], 10);
  for (const receiver of receivers.values()) await hasAll(receiver, 5);

  // The messages of the first process are under way when it is stopped, and are answered while it is.
  for (const receiver of receivers.values()) receiver.respond = () => undefined;
  await book([first, second], 2);
  for (const receiver of receivers.values()) await receiver.has(12);
  process.kill(first.pid, 'SIGSTOP');
  for (const receiver of receivers.values()) receiver.release();
  await book([second], 4);
  const [taken] = await rowsOf(owners, haveOneOwner);
  for (const receiver of receivers.values()) await hasAll(receiver, 8);
  const deliveries = `SELECT webhook_id, event_id, status, tries, at FROM webhook_deliveries
    ORDER BY webhook_id, event_id`;
  const recorded = await rowsOf(
    deliveries,
    (rows) => rows.length === 32 && rows.every(({ status }) => status === 'delivered'),
  );
  process.kill(first.pid, 'SIGCONT');
  // What it has done is over when it has looked at the webhooks twice.
  const renewed = `SELECT until FROM webhook_processes WHERE id <> '${taken?.['owner'] as string}'`;
  const before = await rowsOf(renewed, ([row]) => Number(row?.['until']) > Date.now());
  await rowsOf(renewed, ([row]) => Number(row?.['until']) > Number(before[0]?.['until']) + 1_500);
  expect(await rowsOf(deliveries, () => true)).toEqual(recorded);

  for (const receiver of receivers.values()) receiver.respond = () => undefined;
  await book([first, second], 2);
  for (const receiver of receivers.values())
    await eventually(() => new Set(receiver.versions('doc2')).size === 9);
  await second.stop('SIGKILL');
  for (const receiver of receivers.values()) receiver.release();
  await book([first], 4);
  await rowsOf(owners, (rows) => haveOneOwner(rows) && rows[0]?.['owner'] !== taken?.['owner']);
  for (const receiver of receivers.values()) {
    await hasAll(receiver, 11);
    // What has come twice has the same id.
    const ids = receiver.received.map(
      ({ headers, event }) => `${headers['webhook-id']} ${event.id}`,
    );
    expect(new Set(ids).size).toBe(22);
  }
  expect(await first.stop()).toEqual({ code: 0, signal: null });
});
