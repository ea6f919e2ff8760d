import { expect, it } from 'vitest';
import { found } from '../support/engine/clinic.ts';
import { eventually } from '../support/eventually.ts';
import { randomFrom } from '../support/engine/line-pair.ts';
import { KINDS, Recorder } from '../support/linearizability/linear-recorder.ts';
import { SMALL_DAY } from '../support/linearizability/linear-request.ts';
import { createDatabase } from '../support/postgres/postgres.ts';
import { casesOf, rerun, seed } from '../support/seed.ts';
import { startServer, type ServerProcess } from '../support/process/server-process.ts';

const PROCESSES = 3;
const CLIENTS = 9;
/** Each round has a doctor of its own. */
const ROUNDS = casesOf(12);

/** Starts another process on the database. */
type Start = () => Promise<ServerProcess>;

async function openProcesses(): Promise<{ start: Start; servers: ServerProcess[] }> {
  const { url } = await createDatabase();
  const start: Start = () =>
    startServer({ DATABASE_URL: url, WAITLIST_MAX: String(SMALL_DAY.waitlistMax) });
  const servers = [await start()];
  while (servers.length < PROCESSES) servers.push(await start());
  return { start, servers };
}

const urlsOf = (servers: readonly ServerProcess[]): string[] => servers.map(({ url }) => url);

it(`the answers of three processes are linearizable ${rerun}`, async () => {
  const { servers } = await openProcesses();
  const random = randomFrom(seed);
  const missing = new Set(KINDS);
  // The rounds go on until every kind of request was accepted, because a few random rounds may lack one.
  for (let round = 0; round < ROUNDS || missing.size > 0; round += 1) {
    const recorder = new Recorder(`d${round}`, SMALL_DAY, random);
    await recorder.open(found(servers[0]).url);
    await recorder.run(urlsOf(servers), CLIENTS, 400);
    expect(recorder.answered).toBe(400);
    expect(recorder.faults()).toEqual([]);
    for (const kind of recorder.accepted) missing.delete(kind);
  }
});

it(`the answers stay linearizable when processes are killed and requests have no answer ${rerun}`, async () => {
  const { start, servers } = await openProcesses();
  const random = randomFrom(seed);
  let unanswered = 0;
  // The rounds go on until a command has no answer, because a killed process may have had only reads in progress.
  for (let round = 0; round < ROUNDS || unanswered === 0; round += 1) {
    const recorder = new Recorder(`d${round}`, SMALL_DAY, random);
    await recorder.open(found(servers[0]).url);
    const victim = Math.floor(random() * PROCESSES);
    const enough = 50 + Math.floor(random() * 100);
    const clients = recorder.run(urlsOf(servers), CLIENTS, 250);
    await eventually(() => recorder.answered >= enough);
    await found(servers[victim]).stop('SIGKILL');
    await clients;
    servers[victim] = await start();
    await recorder.run(urlsOf(servers), CLIENTS, 60);
    expect(recorder.faults()).toEqual([]);
    unanswered += recorder.unanswered;
  }
});
