import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DayLedger } from '../support/process/day-ledger.ts';
import { eventually } from '../support/eventually.ts';
import { randomFrom } from '../support/engine/line-pair.ts';
import { rerun, seed } from '../support/seed.ts';
import { startServer, type ServerProcess } from '../support/process/server-process.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { runTool } from '../support/process/tool.ts';

const CLIENTS = 12;
const ROUNDS = 3;

/** Plays a clinic day until `answers` more commands are acknowledged, then kills the process. */
async function playAndKill(server: ServerProcess, day: DayLedger, answers: number): Promise<void> {
  await day.open(server, 8);
  const clients = Array.from({ length: CLIENTS }, () => day.client(server));
  const enough = day.acknowledged + answers;
  await eventually(() => day.acknowledged >= enough);
  await day.reachEveryKind(server);
  expect(await server.stop('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
  await Promise.all(clients);
}

it(`kill -9 in the middle of a clinic day loses no acknowledged command ${rerun}`, async () => {
  const random = randomFrom(seed);
  const settings = { DATABASE_URL: `sqlite:${join(tempDir(), 'opd.db')}` };
  const day = new DayLedger(random);
  let server = await startServer(settings);
  for (let round = 0; round < ROUNDS; round += 1) {
    await playAndKill(server, day, 60 + Math.floor(random() * 120));
    server = await startServer(settings);
    expect(await day.faults(server)).toEqual([]);
  }
  await server.stop();
  const verified = await runTool('src/cli/verify.ts', [], settings);
  expect(verified).toMatchObject({
    code: 0,
    output: expect.stringMatching(/\nclean\n$/) as string,
  });
});

it('the same kill of a service in memory is detected as a loss', async () => {
  const day = new DayLedger(randomFrom(seed));
  const settings = { DATABASE_URL: 'memory:' };
  await playAndKill(await startServer(settings), day, 40);
  const server = await startServer(settings);
  const faults = await day.faults(server);
  for (const found of [/^token \S+ is lost$/, /^slot slot-\d is lost$/, /^\/book was /])
    expect(faults.some((fault) => found.test(fault))).toBe(true);
  await server.stop();
});
