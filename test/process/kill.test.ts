import { join } from 'node:path';
import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { openHospital, SLOTS } from '../support/store/hospital.ts';
import { Ledger } from '../support/process/ledger.ts';
import { randomFrom } from '../support/engine/line-pair.ts';
import { rerun, seed } from '../support/seed.ts';
import { startServer, type ServerProcess } from '../support/process/server-process.ts';
import { tempDir } from '../support/process/temp-dir.ts';

const CLIENTS = 12;
const ROUNDS = 3;

/** Lets clients send commands until `answers` more are acknowledged, then kills the process. */
async function loadAndKill(server: ServerProcess, ledger: Ledger, answers: number): Promise<void> {
  const clients = Array.from({ length: CLIENTS }, () => ledger.client(server));
  const enough = ledger.acknowledged + answers;
  await eventually(() => ledger.acknowledged >= enough);
  expect(await server.stop('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
  await Promise.all(clients);
}

it(`kill -9 under load loses no acknowledged command, in several rounds ${rerun}`, async () => {
  const random = randomFrom(seed);
  const settings = { DATABASE_URL: `sqlite:${join(tempDir(), 'opd.db')}` };
  const ledger = new Ledger(random, SLOTS);
  let server = await openHospital(settings);
  for (let round = 0; round < ROUNDS; round += 1) {
    await loadAndKill(server, ledger, 20 + Math.floor(random() * 80));
    server = await startServer(settings);
    expect(await ledger.faults(server)).toEqual([]);
    await ledger.repeatUnanswered(server);
    expect(await ledger.faults(server)).toEqual([]);
  }
  await server.stop();
});

it('the same kill of a service in memory is detected as a loss', async () => {
  const ledger = new Ledger(randomFrom(seed), SLOTS);
  const settings = { DATABASE_URL: 'memory:' };
  await loadAndKill(await openHospital(settings), ledger, 20);
  const server = await startServer(settings);
  const faults = await ledger.faults(server);
  expect(faults.some((fault) => /^token \S+ is lost: 404$/.test(fault))).toBe(true);
  expect(faults).toContain('a slot is lost');
  await server.stop();
});
