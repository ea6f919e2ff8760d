import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '../lib/client.ts';
import { ask } from '../lib/child.ts';
import { median } from '../lib/format.ts';
import {
  boardsOf,
  bookingsOf,
  checkBoards,
  openHospital,
  type HospitalSize,
  type Target,
} from '../lib/hospital.ts';
import { startLoadGenerator, type LoadGenerator } from '../lib/load.ts';
import { isSmoke, parameter } from '../lib/parameter.ts';
import type { OnStep } from '../lib/progress.ts';
import { Random } from '../lib/random.ts';
import type { Report } from '../lib/report.ts';
import { required } from '../lib/required.ts';
import { grouped } from '../lib/statistics.ts';
import { temporaryDirectory } from '../lib/temporary.ts';
import { WATCHERS, type Watcher } from './watched-server.ts';

const SEED = 20_260_105;
const CONNECTIONS = 64;
const SERVER = fileURLToPath(new URL('./watched-server.ts', import.meta.url));
const SIZE: HospitalSize = isSmoke
  ? { doctors: 2, sessions: 2, capacity: 2 }
  : { doctors: 100, sessions: 4, capacity: 25 };

/** Receives traces and counts the requests that bring them. */
async function startReceiver(): Promise<{ server: Server; url: string; received: () => number }> {
  let received = 0;
  const server = createServer((request, response) => {
    received += 1;
    request.resume().on('end', () => response.end('{}'));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return { server, url: `http://127.0.0.1:${port}`, received: () => received };
}

/** The parts of a running measurement. */
interface Bench {
  readonly child: ChildProcess;
  readonly url: string;
  readonly generator: LoadGenerator;
  readonly targets: readonly Target[];
  readonly requests: number;
}

/** Sends bookings while this watcher counts; returns the microseconds of processor time of the server for each of them. */
async function measure(bench: Bench, watcher: Watcher, first: number): Promise<number> {
  const { child, url, generator, targets, requests: count } = bench;
  const random = new Random(SEED + first);
  const bookings = bookingsOf(targets, { random, first, count });
  const before = await ask<number>(child, watcher);
  await generator.send({ url, connections: CONNECTIONS, bookings, isMixed: false });
  return ((await ask<number>(child, 'nobody')) - before) / count;
}

/** Measures what metrics and traces cost a booking on SQLite. */
export async function metricsBench(onStep: OnStep): Promise<Report> {
  const rounds = parameter('METRICS_ROUNDS', 1, 15);
  const requests = CONNECTIONS * Math.ceil(parameter('METRICS_REQUESTS', 128, 3_200) / CONNECTIONS);
  const directory = temporaryDirectory();
  const receiver = await startReceiver();
  const child = fork(SERVER);
  const generator = startLoadGenerator();
  try {
    const databaseUrl = `sqlite:${join(directory.path, 'opd.db')}`;
    const url = await ask<string>(child, { databaseUrl, endpoint: receiver.url });
    const client = new Client(url, 8);
    const targets = await openHospital(client, SIZE);
    const bench: Bench = { child, url, generator, targets, requests };
    const times = new Map<Watcher, number[]>(WATCHERS.map((watcher) => [watcher, []]));
    let booked = 0;
    for (let round = 0; round <= rounds; round += 1) {
      onStep('book, round', round + 1, rounds + 1);
      // The order rotates, because a longer database makes each booking dearer than the one before.
      for (const place of WATCHERS.keys()) {
        const watcher = required(WATCHERS[(place + round) % WATCHERS.length]);
        const us = await measure(bench, watcher, booked);
        booked += requests;
        if (round > 0) required(times.get(watcher)).push(us);
      }
    }
    checkBoards(
      await boardsOf(client, [...new Set(targets.map(({ doctorId }) => doctorId))]),
      booked,
    );
    client.close();
    if (receiver.received() === 0) throw new Error('No trace has arrived.');
    return reportOf(times, { rounds, requests, booked });
  } finally {
    generator.stop();
    child.kill();
    receiver.server.close();
    receiver.server.closeAllConnections();
    directory.remove();
  }
}

function reportOf(
  times: ReadonlyMap<Watcher, readonly number[]>,
  size: { readonly rounds: number; readonly requests: number; readonly booked: number },
): Report {
  const base = required(times.get('nobody'));
  return {
    title: 'Metrics and traces: the processor time of a booking',
    remarks: [
      `SQLite, ${CONNECTIONS} connections, one server whose watchers change. ${size.rounds} rounds of ${grouped(size.requests)} bookings for each watcher, in rotating order. Processor time of all threads of the server.`,
      'More than nobody: the median of the differences within a round. Target: metrics cost 2 % at most.',
    ],
    head: ['watcher', 'µs a booking', 'more than nobody'],
    rows: Array.from(times, ([watcher, values]) => {
      const more = values.map((us, round) => us / required(base[round]) - 1);
      return [watcher, median(values).toFixed(1), `${(median(more) * 100).toFixed(1)} %`];
    }),
    checked: `every answer a success; ${grouped(size.booked)} live tokens read back: each once, every slot in the order of the rules.`,
  };
}
