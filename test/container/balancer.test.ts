import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { booking, openApp } from '../support/app/app.ts';
import { listen } from '../support/app/sockets.ts';
import { eventually } from '../support/eventually.ts';
import { startBalancer } from '../support/process/balancer.ts';
import { freePort } from '../../bench/lib/free-port.ts';
import { DEBIAN_ENV, skipNote, whyMissing } from '../support/process/installed.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { BALANCER } from './compose.ts';

const env = DEBIAN_ENV;
const noBalancer = whyMissing('haproxy', '-v');

/** How an instance responds to every request except `GET /ready`. */
type Behaviour = 'answers' | 'breaks off' | 'refuses';

/** A fake instance of the service. It is always ready, and it records the paths of the requests that it receives. */
class Instance {
  readonly seen: string[] = [];
  /** The hosts that the health checks named. */
  readonly checkedHosts = new Set<string | undefined>();
  /** How many health checks it has answered. */
  checks = 0;
  readonly server: Server;
  #port = 0;

  constructor(behaviour: Behaviour) {
    this.server = createServer((request, response) => {
      if (request.url === '/ready') {
        this.checkedHosts.add(request.headers.host);
        this.checks += 1;
        return response.end();
      }
      this.seen.push(request.url ?? '');
      if (behaviour === 'breaks off') return request.socket.destroy();
      return response.writeHead(behaviour === 'refuses' ? 503 : 201).end();
    });
    onTestFinished(() => this.stop());
  }

  /** Listens at a port that no other process takes while the instance is away. */
  async listen(): Promise<string> {
    this.#port ||= Number(await freePort());
    await once(this.server.listen(this.#port, '127.0.0.1'), 'listening');
    return `127.0.0.1:${this.#port}`;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

/** Starts a balancer of these instances. Resolves with its URL when it takes requests. */
const balance = async (...instances: readonly Instance[]): Promise<string> =>
  balanceAddresses(...(await Promise.all(instances.map((instance) => instance.listen()))));

/** Starts a balancer of the instances at these addresses until the test ends. */
async function balanceAddresses(...addresses: readonly string[]): Promise<string> {
  const { url, stop } = await startBalancer(tempDir(), addresses);
  onTestFinished(stop);
  return url;
}

/** The paths of the requests, one per request. They are so many that each instance gets some of them. */
const PATHS = Array.from({ length: 8 }, (_, index) => `/${index}`);

/** Sends a request to each of these paths. Resolves with the paths that were answered with success. */
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

describe.skipIf(noBalancer !== null)(`the load balancer${skipNote(noBalancer)}`, () => {
  it('accepts its settings', () => {
    const file = join(tempDir(), 'haproxy.cfg');
    writeFileSync(file, BALANCER);
    const { status, stderr } = spawnSync('haproxy', ['-c', '-f', file], { env });
    expect(status, stderr.toString()).toBe(0);
  });

  it.each<[Behaviour, string, RequestInit]>([
    ['breaks off', 'a question', {}],
    ['breaks off', 'a command with a key', KEYED],
    ['refuses', 'a question', {}],
    ['refuses', 'a command with a key', KEYED],
  ])('retries at the other instance when an instance %s: %s', async (behaviour, _, request) => {
    const [bad, good] = [new Instance(behaviour), new Instance('answers')];
    expect(await answered(await balance(bad, good), request)).toEqual(PATHS);
    expect(bad.seen).not.toEqual([]);
    expect(good.seen).toEqual(PATHS);
  });

  it.each<[Behaviour, string, RequestInit]>([
    ['breaks off', 'a command without a key', COMMAND],
    ['breaks off', 'a revision', REVISION],
    ['refuses', 'a command without a key', COMMAND],
    ['refuses', 'a revision', REVISION],
  ])('sends nothing twice when an instance %s: %s', async (behaviour, _, request) => {
    const [bad, good] = [new Instance(behaviour), new Instance('answers')];
    expect(await answered(await balance(bad, good), request)).toEqual(good.seen);
    expect(bad.seen).not.toEqual([]);
    expect([...bad.seen, ...good.seen].toSorted()).toEqual(PATHS);
  });

  const DOCTORS = Array.from({ length: 24 }, (_, nth) => `dr:${nth}`);
  /** Each way to name a doctor, and one that names only a token. */
  const NAMED: readonly ((doctor: string) => [path: string, request?: RequestInit])[] = [
    (doctor) => [`/queue?doctor_id=${doctor}`],
    (doctor) => [`/slots?date=2026-11-23&doctor_id=${encodeURIComponent(doctor)}`],
    (doctor) => [`/doctors/${encodeURIComponent(doctor)}/break`, COMMAND],
    (doctor) => ['/book', { method: 'POST', body: JSON.stringify({ age: 7, doctor_id: doctor }) }],
  ];

  /** The instance, by its place, that gets all requests that name this doctor. */
  async function instanceOf(url: string, instances: readonly Instance[], doctor: string) {
    const places = new Set<number>();
    for (const named of NAMED) {
      const before = instances.map(({ seen }) => seen.length);
      const [path, request = {}] = named(doctor);
      expect((await fetch(url + path, request)).status).toBe(201);
      places.add(instances.findIndex(({ seen }, place) => seen.length > (before[place] ?? 0)));
    }
    expect([doctor, places.size]).toEqual([doctor, 1]);
    return [...places][0];
  }

  it('sends a doctor to one instance, to another one while it is away, and leaves the other doctors where they are', async () => {
    const instances = Array.from({ length: 3 }, () => new Instance('answers'));
    const url = await balance(...instances);
    const places = async () => {
      const found: unknown[] = [];
      for (const doctor of DOCTORS) found.push(await instanceOf(url, instances, doctor));
      return found;
    };
    const before = await places();
    expect(new Set(before)).toEqual(new Set([0, 1, 2]));
    const [away] = instances;
    away?.stop();
    const meanwhile = await places();
    expect(meanwhile).not.toContain(0);
    expect(meanwhile.filter((_, nth) => before[nth] !== 0)).toEqual(
      before.filter((place) => place !== 0),
    );
    await away?.listen();
    const checks = away?.checks ?? 0;
    // The balancer asks once a second, and one answer makes the instance ready.
    await eventually(() => (away?.checks ?? 0) > checks + 1);
    expect(await places()).toEqual(before);
  });

  it('sends requests that name only a token to every instance', async () => {
    const instances = [new Instance('answers'), new Instance('answers')];
    const url = await balance(...instances);
    const request = { method: 'POST', body: '{"token_id":"t1"}' };
    expect(await answered(url, request)).toEqual(PATHS);
    for (const { seen } of instances) expect(seen).not.toEqual([]);
  });

  it('names a host that every instance knows when it asks whether the instance is ready', async () => {
    const instance = new Instance('answers');
    await balance(instance);
    await eventually(() => Promise.resolve(instance.checkedHosts.has('localhost')));
    expect(instance.checkedHosts).not.toContain(undefined);
  });

  it('passes on a list of bookings that is larger than its buffer', async () => {
    const opd = await openApp();
    const { port } = await listen(opd);
    const url = await balanceAddresses(`127.0.0.1:${port}`);
    const bookings = Array.from({ length: 500 }, (_, nth) => booking(`W${nth}`.padEnd(190, 'x')));
    const answer = await fetch(`${url}/bookings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ bookings }),
    });
    const { outcomes } = (await answer.json()) as { readonly outcomes: readonly object[] };
    expect([answer.status, outcomes.length]).toEqual([200, 500]);
  });

  it('passes on the host that a client names, so that the service can refuse it', async () => {
    const opd = await openApp();
    const { port } = await listen(opd);
    const url = new URL(await balanceAddresses(`127.0.0.1:${port}`));
    const statusOf = async (host: string): Promise<number | undefined> => {
      const headers = { host };
      const [answer] = (await once(get(new URL('/doctors', url), { headers }), 'response')) as [
        IncomingMessage,
      ];
      answer.resume();
      return answer.statusCode;
    };
    expect(await statusOf(url.host)).toBe(200);
    expect(await statusOf('evil.example')).toBe(421);
  });

  it('loses no request when an instance has stopped', async () => {
    const [stopped, good] = [new Instance('answers'), new Instance('answers')];
    const url = await balance(stopped, good);
    stopped.stop();
    expect(await answered(url, COMMAND)).toEqual(PATHS);
    expect(good.seen).toEqual(PATHS);
  });
});
