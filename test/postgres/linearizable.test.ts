import { expect, it } from 'vitest';
import { found } from '../support/engine/clinic.ts';
import { eventually } from '../support/eventually.ts';
import { randomFrom } from '../support/engine/line-pair.ts';
import { KINDS, Recorder } from '../support/linearizability/linear-recorder.ts';
import { SMALL_DAY } from '../support/linearizability/linear-request.ts';
import { createDatabase } from '../support/postgres/postgres.ts';
import { casesOf, rerun, seed } from '../support/seed.ts';
import { freePort } from '../../bench/lib/free-port.ts';
import { startServer } from '../support/process/server-process.ts';

const PROCESSES = 3;
const CLIENTS = 9;
/** Each round has a doctor of its own. */
const ROUNDS = casesOf(12);

/** A round starts a process, which takes long on a loaded machine. */
const DEADLINE_MS = 120_000 + ROUNDS * 60_000;

it(
  `the answers of three processes are linearizable, also when a process is killed and requests have no answer ${rerun}`,
  { timeout: DEADLINE_MS },
  async () => {
    const { url } = await createDatabase();
    const settings = { DATABASE_URL: url, WAITLIST_MAX: String(SMALL_DAY.waitlistMax) };
    // The clients may still ask at the port of a killed process, so no other process may get it.
    const start = async () => startServer({ ...settings, PORT: await freePort() });
    const servers = [await start()];
    while (servers.length < PROCESSES) servers.push(await start());
    const urls = () => servers.map((server) => server.url);
    const random = randomFrom(seed);
    const missing = new Set(KINDS);
    let unanswered = 0;
    // The rounds go on until every kind of request was accepted and a command has no answer, because a few random rounds
    // may lack one, and a killed process may have had only reads in progress.
    for (let round = 0; round < ROUNDS || missing.size > 0 || unanswered === 0; round += 1) {
      const recorder = new Recorder(`d${round}`, SMALL_DAY, random);
      await recorder.open(found(servers[0]).url);
      await recorder.run(urls(), CLIENTS, 150);
      expect(recorder.answered).toBe(150);
      const victim = Math.floor(random() * PROCESSES);
      const enough = 180 + Math.floor(random() * 60);
      const clients = recorder.run(urls(), CLIENTS, 150);
      await eventually(() => recorder.answered >= enough);
      await found(servers[victim]).stop('SIGKILL');
      await clients;
      servers[victim] = await start();
      await recorder.run(urls(), CLIENTS, 40);
      expect(recorder.faults()).toEqual([]);
      for (const kind of recorder.accepted) missing.delete(kind);
      unanswered += recorder.unanswered;
    }
  },
);
