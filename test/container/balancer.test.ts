import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/process/server-process.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { composeWith } from './compose.ts';

const { content } = composeWith('').configs.balancer;

const isInstalled = spawnSync('haproxy', ['-v']).status === 0;
/** Why the balancer cannot be tried here; null when it can. */
const noBalancer = isInstalled ? null : 'haproxy is not installed here';
const needsBalancer = noBalancer === null ? '' : ` (skipped: ${noBalancer})`;

/** How an instance treats what it is asked, but for its readiness. */
type Manner = 'answers' | 'breaks off' | 'refuses';

/** What stands for an instance: ready at all times, and it notes what it was asked. */
class Instance {
  readonly seen: string[] = [];
  readonly server: Server;

  constructor(manner: Manner) {
    this.server = createServer((request, response) => {
      if (request.url === '/ready') return response.end();
      this.seen.push(request.url ?? '');
      if (manner === 'breaks off') return request.socket.destroy();
      return response.writeHead(manner === 'refuses' ? 503 : 201).end();
    });
    onTestFinished(() => this.stop());
  }

  async listen(): Promise<string> {
    await once(this.server.listen(0, '127.0.0.1'), 'listening');
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

/** Starts the balancer of compose.yaml before these instances; resolves with its URL when it takes requests. */
async function balance(...instances: readonly Instance[]): Promise<string> {
  const port = await freePort();
  let settings = content.replace('bind :8080', `bind 127.0.0.1:${port}`);
  for (const [index, instance] of instances.entries())
    settings = settings.replace(`opd-${index + 1}:8080`, await instance.listen());
  const file = join(tempDir(), 'haproxy.cfg');
  writeFileSync(file, settings);
  const balancer = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' });
  const ended = once(balancer, 'exit');
  onTestFinished(async () => {
    balancer.kill('SIGKILL');
    await ended;
  });
  const url = `http://127.0.0.1:${port}`;
  await eventually(async () => (await fetch(`${url}/ready`).catch(() => null))?.ok ?? false);
  return url;
}

/** Requests enough that an instance gets some of them, each with a path of its own. */
const PATHS = Array.from({ length: 8 }, (_, index) => `/${index}`);

/** Which of them are answered with success. */
async function answered(url: string, request: RequestInit): Promise<string[]> {
  const paths: string[] = [];
  for (const path of PATHS) {
    const answer = await fetch(url + path, request).catch(() => null);
    if (answer?.status === 201) paths.push(path);
  }
  return paths;
}

const COMMAND = { method: 'POST', body: '{}' };
const KEYED = { ...COMMAND, headers: { 'Idempotency-Key': 'a key' } };
const REVISION = { method: 'PATCH', body: '{}' };

describe.skipIf(noBalancer !== null)(`the load balancer${needsBalancer}`, () => {
  it('takes its settings', () => {
    const file = join(tempDir(), 'haproxy.cfg');
    writeFileSync(file, content);
    const { status, stderr } = spawnSync('haproxy', ['-c', '-f', file]);
    expect(status, stderr.toString()).toBe(0);
  });

  it.each<[Manner, string, RequestInit]>([
    ['breaks off', 'a question', {}],
    ['breaks off', 'a command with a key', KEYED],
    ['refuses', 'a question', {}],
    ['refuses', 'a command with a key', KEYED],
  ])('has an instance that %s, and asks the other one: %s', async (manner, _, request) => {
    const [bad, good] = [new Instance(manner), new Instance('answers')];
    expect(await answered(await balance(bad, good), request)).toEqual(PATHS);
    expect(bad.seen).not.toEqual([]);
    expect(good.seen).toEqual(PATHS);
  });

  it.each<[Manner, string, RequestInit]>([
    ['breaks off', 'a command without a key', COMMAND],
    ['breaks off', 'a revision', REVISION],
    ['refuses', 'a command without a key', COMMAND],
    ['refuses', 'a revision', REVISION],
  ])('has an instance that %s, and sends nothing twice: %s', async (manner, _, request) => {
    const [bad, good] = [new Instance(manner), new Instance('answers')];
    expect(await answered(await balance(bad, good), request)).toEqual(good.seen);
    expect(bad.seen).not.toEqual([]);
    expect([...bad.seen, ...good.seen].toSorted()).toEqual(PATHS);
  });

  it('has an instance that is gone, and loses no request', async () => {
    const [gone, good] = [new Instance('answers'), new Instance('answers')];
    const url = await balance(gone, good);
    gone.stop();
    expect(await answered(url, COMMAND)).toEqual(PATHS);
    expect(good.seen).toEqual(PATHS);
  });
});
