import { join } from 'node:path';
import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { randomFrom } from '../support/engine/line-pair.ts';
import { Recorder } from '../support/linearizability/linear-recorder.ts';
import { SMALL_DAY } from '../support/linearizability/linear-doctor.ts';
import { startLyingProxy } from '../support/process/lying-proxy.ts';
import { rerun, seed } from '../support/seed.ts';
import { startServer } from '../support/process/server-process.ts';
import { tempDir } from '../support/process/temp-dir.ts';

const CLIENTS = 8;
const ROUNDS = 3;

const settings = () => ({
  DATABASE_URL: `sqlite:${join(tempDir(), 'opd.db')}`,
  WAITLIST_MAX: String(SMALL_DAY.waitlistMax),
});

it(`what 2,000 requests of 8 clients are answered is linearizable ${rerun}`, async () => {
  const server = await startServer(settings());
  const recorder = new Recorder(SMALL_DAY, randomFrom(seed));
  await recorder.open(server.url);
  await recorder.run([server.url], CLIENTS, 2_000);
  expect(recorder.answered).toBe(2_000);
  expect(recorder.faults()).toEqual([]);
  await server.stop();
});

it(`it stays so over kill -9, round after round, whatever became of the unanswered ${rerun}`, async () => {
  const kept = settings();
  const recorder = new Recorder(SMALL_DAY, randomFrom(seed));
  let server = await startServer(kept);
  await recorder.open(server.url);
  for (let round = 0; round < ROUNDS; round += 1) {
    const enough = recorder.answered + 100;
    const clients = recorder.run([server.url], CLIENTS, Infinity);
    await eventually(() => recorder.answered >= enough);
    await server.stop('SIGKILL');
    await clients;
    server = await startServer(kept);
  }
  await recorder.run([server.url], CLIENTS, 200);
  expect(recorder.faults()).toEqual([]);
  await server.stop();
});

it('a schedule that is one reading old is found out', async () => {
  const server = await startServer(settings());
  let last: string | null = null;
  const url = await startLyingProxy(server.url, '/schedule', (body) => {
    const told = last ?? body;
    last = body;
    return told;
  });
  const recorder = new Recorder(SMALL_DAY, randomFrom(seed));
  await recorder.open(server.url);
  await recorder.run([url], CLIENTS, 500);
  expect(recorder.faults()).toEqual([
    expect.stringMatching(/^not linearizable: .* schedule: 200/s),
  ]);
  await server.stop();
});
