import { existsSync, readdirSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { openFilesMax } from '../../src/cli/open-files.ts';
import { WEBHOOK_SOCKETS_MAX } from '../../src/webhooks/index.ts';
import { eventually } from '../support/eventually.ts';
import { openHospital, SLOTS } from '../support/store/hospital.ts';
import { spawnServer, startServer, type ServerProcess } from '../support/process/server-process.ts';
import { tempDir } from '../support/process/temp-dir.ts';

const FLOOD = 15_000;
/** Connections that a flood opens at the same time. */
const OPENING = 250;
/** Files that this process may need beside the connections of a flood. */
const OTHERS = 1_000;
const noFiles = existsSync('/proc/self/fd') ? null : 'the system does not show the open files';
const noFlood =
  openFilesMax() < FLOOD + OTHERS
    ? `a process may open only ${openFilesMax()} files here`
    : noFiles;
const because = (reason: string | null): string =>
  reason === null ? '' : `, skipped because ${reason}`;

/** The descriptors that a process has open. Linux alone shows them. */
const descriptorsOf = ({ pid }: ServerProcess): number => readdirSync(`/proc/${pid}/fd`).length;

/** Clients that send the beginning of a request and never its end. */
class Flood {
  /** How many connections got an answer with this status; 0 stands for no answer. */
  readonly statuses: Record<number, number> = {};
  closed = 0;

  constructor(server: ServerProcess, count: number, bytes: string) {
    const { port, hostname } = new URL(server.url);
    let opened = 0;
    const open = () => {
      if (opened === count) return;
      opened += 1;
      const socket = connect(Number(port), hostname);
      onTestFinished(() => void socket.destroy());
      let status = 0;
      socket.once('connect', open);
      socket.on('data', (chunk) => (status ||= Number(chunk.toString().slice(9, 12))));
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.closed += 1;
        this.statuses[status] = (this.statuses[status] ?? 0) + 1;
      });
      socket.write(bytes);
    };
    // The system would drop connections beyond the queue of the server, and repeat them only after seconds.
    for (let started = 0; started < OPENING; started += 1) open();
  }
}

/** A client with one connection, which it keeps. */
class KnownClient {
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  /** The connections that the client has opened. */
  connections = 0;

  constructor({ url }: ServerProcess) {
    this.#url = url;
    onTestFinished(() => this.#agent.destroy());
  }

  /** Sends a GET, or a POST if there is a body. Resolves with the status of the answer. */
  send(path: string, body?: object): Promise<number | undefined> {
    const options = {
      agent: this.#agent,
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'content-type': 'application/json' },
    };
    return new Promise((resolve, reject) => {
      const sent = request(this.#url + path, options, (response) => {
        void text(response).then(() => resolve(response.statusCode), reject);
      });
      sent.once('socket', () => (this.connections += sent.reusedSocket ? 0 : 1));
      sent.on('error', reject);
      sent.end(body && JSON.stringify(body));
    });
  }
}

it.skipIf(noFlood !== null)(
  `a known client is served while ${FLOOD} connections send half requests, and all of them end${because(noFlood)}`,
  async () => {
    const server = await startServer({
      DATABASE_URL: 'memory:',
      CONNECTIONS_MAX: '1000',
      HEADER_SECONDS: '2',
    });
    const idle = descriptorsOf(server);
    const known = new KnownClient(server);
    expect(await known.send('/health')).toBe(200);
    const flood = new Flood(server, FLOOD, 'GET /health HTTP/1.1\r\nX: ');
    let most = 0;
    while (flood.closed < FLOOD) {
      expect(await known.send('/schedule?doctor_id=doc1')).toBe(200);
      most = Math.max(most, descriptorsOf(server));
    }
    expect(known.connections).toBe(1);
    expect(flood.statuses[400]).toBeGreaterThan(0);
    expect(flood.statuses[503]).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(idle + 1_000 + 510);
    await eventually(() => descriptorsOf(server) <= idle + 1);
    expect((await server.get('/health')).status).toBe(200);
    expect(server.log).toContain('new ones are refused');
    await server.stop();
  },
);

const BOOKING = { doctor_id: 'doc1', slot_id: SLOTS[1], patient_type: 'WALK_IN' };

it.skipIf(noFiles !== null)(
  `a service that may open few files refuses connections early and goes on storing bookings${because(noFiles)}`,
  async () => {
    const settings = { DATABASE_URL: `sqlite:${join(tempDir(), 'opd.db')}` };
    const server = await openHospital(settings, { openFiles: 292 });
    expect(server.log).toContain('instead of CONNECTIONS_MAX=1000');
    const known = new KnownClient(server);
    expect(await known.send('/health')).toBe(200);
    const flood = new Flood(server, 300, '');
    await eventually(() => flood.closed >= 270);
    for (const patient_name of ['a', 'b', 'c'])
      expect(await known.send('/book', { ...BOOKING, patient_name })).toBe(201);
    expect(known.connections).toBe(1);
    // The files of webhooks, which it does not have, stay free.
    expect(descriptorsOf(server)).toBeLessThan(292 - WEBHOOK_SOCKETS_MAX);
    await server.stop();
  },
);

it('a service that may open too few files says so and does not start', async () => {
  const server = spawnServer({ DATABASE_URL: 'memory:' }, { openFiles: 70 });
  expect(await server.exited).toEqual({ code: 1, signal: null });
  expect(server.errors).toBe(
    'The system lets this process open only 70 files at the same time: allow more with ulimit -n.\n',
  );
});
