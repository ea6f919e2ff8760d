import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { UndoneView } from '../../src/http/resources/index.ts';
import { found } from '../support/engine/clinic.ts';
import { eventually } from '../support/eventually.ts';
import { randomFrom } from '../support/engine/line-pair.ts';
import { KINDS, Recorder } from '../support/linearizability/linear-recorder.ts';
import { SMALL_DAY } from '../support/linearizability/linear-request.ts';
import { startLyingProxy, type Lie } from '../support/process/lying-proxy.ts';
import { casesOf, rerun, seed } from '../support/seed.ts';
import { startServer, type ServerProcess } from '../support/process/server-process.ts';
import { tempDir } from '../support/process/temp-dir.ts';

const CLIENTS = 8;
/** Each round has a doctor of its own. */
const ROUNDS = casesOf(12);

const settings = () => ({
  DATABASE_URL: `sqlite:${join(tempDir(), 'opd.db')}`,
  WAITLIST_MAX: String(SMALL_DAY.waitlistMax),
});

it(`the answers to 8 clients are linearizable (R1, R5, R10) ${rerun}`, async () => {
  const server = await startServer(settings());
  const random = randomFrom(seed);
  const missing = new Set(KINDS);
  // The rounds go on until every kind of request was accepted, because a few random rounds may lack one.
  for (let round = 0; round < ROUNDS || missing.size > 0; round += 1) {
    const recorder = new Recorder(`d${round}`, SMALL_DAY, random);
    await recorder.open(server.url);
    await recorder.run([server.url], CLIENTS, 400);
    expect(recorder.answered).toBe(400);
    expect(recorder.faults()).toEqual([]);
    for (const kind of recorder.accepted) missing.delete(kind);
  }
  await server.stop();
});

it(`the answers stay linearizable when the process is killed and restarted, round after round ${rerun}`, async () => {
  const same = settings();
  const random = randomFrom(seed);
  let server = await startServer(same);
  for (let round = 0; round < ROUNDS; round += 1) {
    const recorder = new Recorder(`d${round}`, SMALL_DAY, random);
    await recorder.open(server.url);
    const clients = recorder.run([server.url], CLIENTS, Infinity);
    await eventually(() => recorder.answered >= 150);
    await server.stop('SIGKILL');
    await clients;
    server = await startServer(same);
    await recorder.run([server.url], CLIENTS, 100);
    expect(recorder.faults()).toEqual([]);
  }
  await server.stop();
});

/** Answers with the answer before this one. */
function stale(): Lie {
  let last: string | null = null;
  return (body) => {
    const older = last ?? body;
    last = body;
    return older;
  };
}

/** The commands that make a change which an undo took back. */
const AGAIN: Readonly<Record<string, string>> = {
  cancelled: '/cancel',
  checked_in: '/check-in',
  completed: '/complete',
  no_show: '/no-show',
  skipped: '/skip',
  started: '/start',
};

/** Makes the change again that an undo took back. */
const lost =
  (server: ServerProcess): Lie =>
  async (body) => {
    const { id, undone } = JSON.parse(body) as UndoneView;
    await server.post(found(AGAIN[undone]), { token_id: id });
    return body;
  };

it.each<[fault: string, path: string, kind: string, lieOf: (server: ServerProcess) => Lie]>([
  ['a schedule that is one read too old', '/schedule', 'schedule: 200', stale],
  ['a queue that is one read too old', '/queue', 'queue: 200', stale],
  ['a call that gives the patient of the call before', '/call-next', 'callNext .*: 200', stale],
  ['an undo that is lost after its answer', '/undo', '', lost],
])(`%s is found ${rerun}`, async (_, path, kind, lieOf) => {
  const server = await startServer(settings());
  const url = await startLyingProxy(server.url, path, lieOf(server));
  const recorder = new Recorder('d0', SMALL_DAY, randomFrom(seed));
  await recorder.open(server.url);
  await recorder.run([url], CLIENTS, 300);
  const fault = new RegExp(`^not linearizable: .*none of these .* ${kind}`, 's');
  expect(recorder.faults()).toEqual([expect.stringMatching(fault)]);
  await server.stop();
});
