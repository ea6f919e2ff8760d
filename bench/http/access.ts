import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '../lib/client.ts';
import { ask } from '../lib/child.ts';
import { median } from '../lib/format.ts';
import { boardsOf, bookingsOf, checkBoards, openHospital, type Target } from '../lib/hospital.ts';
import { startLoadGenerator, type LoadGenerator } from '../lib/load.ts';
import { isSmoke, parameter } from '../lib/parameter.ts';
import type { OnStep } from '../lib/progress.ts';
import { Random } from '../lib/random.ts';
import type { Report } from '../lib/report.ts';
import { required } from '../lib/required.ts';
import { grouped } from '../lib/statistics.ts';
import { temporaryDirectory } from '../lib/temporary.ts';
import { ACCESSES, type Access, type AccessServer } from './access-server.ts';

const SEED = 20_260_105;
const CONNECTIONS = 64;
const SERVER = fileURLToPath(new URL('./access-server.ts', import.meta.url));
const SIZE = isSmoke
  ? { doctors: 2, sessions: 2, capacity: 2 }
  : { doctors: 100, sessions: 4, capacity: 25 };

/** What one load has cost. */
interface Cost {
  /** Microseconds of processor time of the server for each booking. */
  readonly us: number;
  /** Bookings a second. */
  readonly rate: number;
}

/** The parts of a running measurement. */
interface Bench {
  readonly child: ChildProcess;
  readonly server: AccessServer;
  readonly generator: LoadGenerator;
  readonly targets: readonly Target[];
  readonly requests: number;
}

async function measure(bench: Bench, access: Access, first: number): Promise<Cost> {
  const { child, server, generator, targets, requests: count } = bench;
  const bookings = bookingsOf(targets, { random: new Random(SEED + first), first, count });
  const load = { url: server.urls[access], connections: CONNECTIONS, bookings, isMixed: false };
  const before = await ask<number>(child, 'used');
  const { seconds } = await generator.send(
    access === 'without a key' ? load : { ...load, key: server.secret },
  );
  const used = (await ask<number>(child, 'used')) - before;
  return { us: used / count, rate: count / seconds };
}

/** Measures what an access key and rate limits cost a booking on SQLite. */
export async function accessBench(onStep: OnStep): Promise<Report> {
  const rounds = parameter('ACCESS_ROUNDS', 1, 15);
  const requests = CONNECTIONS * Math.ceil(parameter('ACCESS_REQUESTS', 128, 3_200) / CONNECTIONS);
  const directory = temporaryDirectory();
  const child = fork(SERVER);
  const generator = startLoadGenerator();
  try {
    const server = await ask<AccessServer>(child, `sqlite:${join(directory.path, 'opd.db')}`);
    const client = new Client(server.urls['with a key'], 8, server.secret);
    const targets = await openHospital(client, SIZE);
    const bench: Bench = { child, server, generator, targets, requests };
    const costs = new Map<Access, Cost[]>(ACCESSES.map((access) => [access, []]));
    let booked = 0;
    for (let round = 0; round <= rounds; round += 1) {
      onStep('book, round', round + 1, rounds + 1);
      // The order rotates, because a longer database makes each booking dearer than the one before.
      for (const place of ACCESSES.keys()) {
        const access = required(ACCESSES[(place + round) % ACCESSES.length]);
        const cost = await measure(bench, access, booked);
        booked += requests;
        if (round > 0) required(costs.get(access)).push(cost);
      }
    }
    const doctors = [...new Set(targets.map(({ doctorId }) => doctorId))];
    checkBoards(await boardsOf(client, doctors), booked);
    client.close();
    return reportOf(costs, { rounds, requests, booked });
  } finally {
    generator.stop();
    child.kill();
    directory.remove();
  }
}

function reportOf(
  costs: ReadonlyMap<Access, readonly Cost[]>,
  size: { readonly rounds: number; readonly requests: number; readonly booked: number },
): Report {
  const base = required(costs.get('without a key'));
  return {
    title: 'Access: the processor time of a booking',
    remarks: [
      `SQLite, ${CONNECTIONS} connections, one process with one service and an address for each line. ${size.rounds} rounds of ${grouped(size.requests)} bookings for each line, in rotating order. Processor time of all threads of the server.`,
      'More than without: the median of the differences within a round. Target: a key and limits cost 5 % at most.',
    ],
    head: ['access', 'µs a booking', 'more than without', 'bookings/s'],
    rows: Array.from(costs, ([access, list]) => {
      const more = list.map(({ us }, round) => us / required(base[round]).us - 1);
      return [
        access,
        median(list.map(({ us }) => us)).toFixed(1),
        `${(median(more) * 100).toFixed(1)} %`,
        grouped(median(list.map(({ rate }) => rate))),
      ];
    }),
    checked: `every answer a success; ${grouped(size.booked)} live tokens read back: each once, every slot in the order of the rules.`,
  };
}
