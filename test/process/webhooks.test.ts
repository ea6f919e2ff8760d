import { join } from 'node:path';
import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { createDatabase } from '../support/postgres/postgres.ts';
import { skipNote } from '../support/process/installed.ts';
import { startServer, type ServerProcess } from '../support/process/server-process.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { isThorough } from '../support/seed.ts';
import { runSql } from '../support/store/run-sql.ts';
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

// It takes 5 seconds of processor time.
const noTime = isThorough ? null : 'TEST_EFFORT is less than 1';
it.skipIf(noTime !== null)(
  `two processes share the webhooks, each delivery by one of them, and one takes over when the other is killed${skipNote(noTime)}`,
  async () => {
    const { url: DATABASE_URL } = await createDatabase();
    const settings = { ...ALLOWED, DATABASE_URL };
    const receivers = new Map<string, Receiver>();
    const [first, second] = [await startServer(settings), await startServer(settings)];
    const isLeased = async (id: string): Promise<boolean> => {
      const rows = await runSql(DATABASE_URL, 'SELECT webhook_id FROM webhook_leases');
      return rows.some((row) => row['webhook_id'] === id);
    };
    const owners = async (): Promise<Set<unknown>> => {
      const rows = await runSql(DATABASE_URL, 'SELECT owner FROM webhook_leases');
      return new Set(rows.map((row) => row['owner']));
    };
    // Each process has a random name, on which its share depends: webhooks are added until both have some.
    while (receivers.size < 4 || (await owners()).size < 2) {
      const receiver = await Receiver.start();
      const id = `w${receivers.size}`;
      receivers.set(id, receiver);
      await putWebhook(first, id, receiver.url);
      await eventually(async () => {
        const known = await runSql(DATABASE_URL, 'SELECT id FROM webhook_processes');
        return known.length === 2 && (await isLeased(id));
      });
      expect(receivers.size).toBeLessThan(32);
    }
    await book([first, second], 10);
    for (const receiver of receivers.values()) await hasAll(receiver, 5);
    for (const { received } of receivers.values()) expect(received).toHaveLength(10);

    for (const receiver of receivers.values()) receiver.respond = () => undefined;
    await book([first, second], 2);
    for (const receiver of receivers.values()) await receiver.has(12);
    await first.stop('SIGKILL');
    for (const receiver of receivers.values()) receiver.recover();
    await book([second], 4);
    for (const receiver of receivers.values()) await hasAll(receiver, 8);
    expect((await owners()).size).toBe(1);
    await second.stop();
  },
);
