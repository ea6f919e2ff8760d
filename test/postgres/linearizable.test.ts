import { expect, it } from 'vitest';
import { found } from '../support/engine/clinic.ts';
import { eventually } from '../support/eventually.ts';
import { randomFrom } from '../support/engine/line-pair.ts';
import type { LinearDay } from '../support/linearizability/linear-doctor.ts';
import { Recorder } from '../support/linearizability/linear-recorder.ts';
import { createDatabase } from '../support/postgres/postgres.ts';
import { rerun, seed } from '../support/seed.ts';
import { startServer, type ServerProcess } from '../support/process/server-process.ts';

const PROCESSES = 3;
const CLIENTS = 9;
const ROUNDS = 3;
const DAY: LinearDay = {
  slots: [
    { id: 'one', capacity: 1 },
    { id: 'two', capacity: 2 },
    { id: 'five', capacity: 5 },
  ],
  waitlistMax: 8,
};

/** Starts another process on the database. */
type Start = () => Promise<ServerProcess>;

async function openProcesses(): Promise<{ start: Start; servers: ServerProcess[] }> {
  const { url } = await createDatabase();
  const start: Start = () =>
    startServer({ DATABASE_URL: url, WAITLIST_MAX: String(DAY.waitlistMax) });
  const servers = [await start()];
  while (servers.length < PROCESSES) servers.push(await start());
  return { start, servers };
}

const urlsOf = (servers: readonly ServerProcess[]): string[] => servers.map(({ url }) => url);

it(`the answers of three processes are linearizable ${rerun}`, async () => {
  const { servers } = await openProcesses();
  const recorder = new Recorder(DAY, randomFrom(seed));
  await recorder.open(found(servers[0]).url);
  await recorder.run(urlsOf(servers), CLIENTS, 1_500);
  expect(recorder.answered).toBe(1_500);
  expect(recorder.faults()).toEqual([]);
});

it(`the answers stay linearizable when processes are killed and requests have no answer ${rerun}`, async () => {
  const { start, servers } = await openProcesses();
  const random = randomFrom(seed);
  const recorder = new Recorder(DAY, random);
  await recorder.open(found(servers[0]).url);
  const isUnknown = () => recorder.exchanges.some(({ answered }) => answered === null);
  // The rounds go on until a command has no answer, because a killed process may have had only reads in progress.
  for (let round = 0; round < ROUNDS || !isUnknown(); round += 1) {
    const victim = Math.floor(random() * PROCESSES);
    const enough = recorder.answered + 50;
    const clients = recorder.run(urlsOf(servers), CLIENTS, 250);
    await eventually(() => recorder.answered >= enough);
    await found(servers[victim]).stop('SIGKILL');
    await clients;
    servers[victim] = await start();
  }
  await recorder.run(urlsOf(servers), CLIENTS, 200);
  expect(recorder.faults()).toEqual([]);
});
