import { PostgresServer } from '../../test/support/postgres/postgres-server.ts';
import { median, milliseconds, ratio } from '../lib/format.ts';
import { whyMissing } from '../../test/support/process/installed.ts';
import { boardsOf, bookingsOf, checkBoards, type HospitalSize } from '../lib/hospital.ts';
import type { LoadResult } from '../lib/load-task.ts';
import { startLoadGenerator, type LoadGenerator } from '../lib/load.ts';
import { isSmoke, parameter } from '../lib/parameter.ts';
import type { OnStep } from '../lib/progress.ts';
import { Random } from '../lib/random.ts';
import type { Report } from '../lib/report.ts';
import { required } from '../lib/required.ts';
import { grouped, percentile } from '../lib/statistics.ts';
import { startDeployment, type RunningDeployment, type Deployment } from './deployments.ts';

const SEED = 20_260_105;
const CONNECTIONS = 64;

/** Settings of a server that loses no commit at a power cut and has enough memory for the load. */
const SETTINGS = {
  fsync: 'on',
  autovacuum: 'on',
  shared_buffers: '256MB',
  max_wal_size: '4GB',
} as const;

/** Many doctors, or one doctor with as many seats; in both cases there are more bookings than seats. */
const MANY: HospitalSize = isSmoke
  ? { doctors: 2, sessions: 2, capacity: 2 }
  : { doctors: 200, sessions: 4, capacity: 10 };
const ONE: HospitalSize = { ...MANY, doctors: 1, capacity: MANY.doctors * MANY.capacity };

const SQLITE: Deployment = {
  name: 'SQLite',
  isPostgres: false,
  processes: 1,
  connections: CONNECTIONS,
  isBalanced: false,
};
const POSTGRES: Deployment = { ...SQLITE, name: 'PostgreSQL', isPostgres: true };
const TWO_PROCESSES: Deployment = { ...POSTGRES, name: 'PostgreSQL, two processes', processes: 2 };
const BALANCED: Deployment = {
  ...TWO_PROCESSES,
  name: 'PostgreSQL, two processes, balancer',
  isBalanced: true,
};
/** The deployment with a balancer; none without HAProxy on this machine. */
const WITH_BALANCER = whyMissing('haproxy', '-v') === null ? [BALANCED] : [];
/**
 * Measures one transaction for each booking: while the booking of one client is decided, the booking of the other waits
 * for the same doctor, and there is no third booking to share its transaction.
 */
const UNSHARED: Deployment = { ...POSTGRES, name: 'PostgreSQL, 2 clients', connections: 2 };

/** The measured rounds of one deployment. */
interface Measured {
  readonly name: string;
  readonly rounds: readonly LoadResult[];
  /** Transactions for each booking, with the bookings of round 0; null for SQLite. */
  readonly transactions: number | null;
  /** Milliseconds of reads with a very short answer, one after another. */
  readonly reads: readonly number[];
  /** Bytes on disk for each token, with its change records and all indexes; null for SQLite. */
  readonly bytes: number | null;
}

/** Reads from each deployment in each round. */
const READS = isSmoke ? 2 : 200;

class PostgresBench {
  readonly #generator: LoadGenerator;
  readonly #rounds: number;
  /** Requests of each client in a round. */
  readonly #requests: number;
  readonly #onStep: OnStep;
  /** Number of tokens whose slots were checked. */
  live = 0;

  constructor(
    generator: LoadGenerator,
    size: { rounds: number; requests: number },
    onStep: OnStep,
  ) {
    this.#generator = generator;
    this.#rounds = size.rounds;
    this.#requests = size.requests;
    this.#onStep = onStep;
  }

  /** Sends bookings to one deployment after the other, in reversed order every second round; round 0 is not counted. */
  async run(load: string, deployments: readonly RunningDeployment[]): Promise<Measured[]> {
    const results = deployments.map(() => [] as LoadResult[]);
    for (let round = 0; round <= this.#rounds; round += 1) {
      this.#onStep(`${load}, round`, round + 1, this.#rounds + 1);
      const order = [...deployments.entries()];
      for (const [index, deployment] of round % 2 === 0 ? order : order.toReversed()) {
        const result = await this.#send(deployment, round);
        if (round > 0) required(results[index]).push(result);
      }
    }
    const reads = await this.#read(deployments);
    const measured: Measured[] = [];
    for (const [index, deployment] of deployments.entries()) {
      const bookings = (this.#rounds + 1) * this.#requests * deployment.connections;
      await checkAll(deployment, bookings);
      this.live += bookings;
      const count = await deployment.transactions();
      const size = await deployment.bytes();
      measured.push({
        name: deployment.name,
        rounds: required(results[index]),
        transactions: count === null ? null : count / bookings,
        reads: required(reads[index]),
        bytes: size === null ? null : size / bookings,
      });
    }
    return measured;
  }

  /** Reads a doctor without slots from each deployment, to measure the time of a read without the time of its answer. */
  async #read(deployments: readonly RunningDeployment[]): Promise<number[][]> {
    const times = deployments.map(() => [] as number[]);
    for (let round = 0; round <= this.#rounds; round += 1)
      for (const [index, { clients, targets }] of deployments.entries())
        for (let nth = 0; nth < READS; nth += 1) {
          const client = required(clients[nth % clients.length]);
          const { doctorId } = required(targets[nth % targets.length]);
          const start = performance.now();
          await client.get(`/doctors/${doctorId}`);
          if (round > 0) required(times[index]).push(performance.now() - start);
        }
    return times;
  }

  /** Sends the same bookings to each deployment; one with fewer clients gets only the first, as many for each client. */
  #send({ urls, targets, connections }: RunningDeployment, round: number): Promise<LoadResult> {
    const count = this.#requests * connections;
    const random = new Random(SEED + round);
    const bookings = bookingsOf(targets, { random, first: round * count, count });
    return this.#generator.send({ url: urls, connections, bookings, isMixed: false });
  }
}

/** Every process shows every booking, also those that another process made. */
async function checkAll({ clients, targets }: RunningDeployment, bookings: number): Promise<void> {
  const doctorIds = [...new Set(targets.map(({ doctorId }) => doctorId))];
  for (const client of clients) checkBoards(await boardsOf(client, doctorIds), bookings);
}

function rowsOf(kind: string, measured: readonly Measured[]): string[][] {
  const rateOf = ({ rounds }: Measured): number =>
    median(rounds.map(({ latencies, seconds }) => latencies.length / seconds));
  const to = (base: Deployment, rate: number): string => {
    const other = measured.find(({ name }) => name === base.name);
    return other === undefined ? '-' : ratio(rate, rateOf(other));
  };
  return measured.map((each) => {
    const latencies = each.rounds.flatMap((round) => round.latencies);
    return [
      `${kind}, ${each.name}`,
      grouped(rateOf(each)),
      to(SQLITE, rateOf(each)),
      to(UNSHARED, rateOf(each)),
      to(POSTGRES, rateOf(each)),
      each.transactions?.toFixed(3) ?? '-',
      milliseconds(percentile(latencies, 0.5)),
      milliseconds(percentile(latencies, 0.99)),
      `${(median(each.rounds.map(({ busy }) => busy)) * 100).toFixed(0)} %`,
      milliseconds(percentile(each.reads, 0.5)),
      each.bytes === null ? '-' : grouped(each.bytes),
    ];
  });
}

/** Measures `/book` on SQLite, and on PostgreSQL through one process and through two, with many doctors and with one. */
export async function postgresBench(onStep: OnStep): Promise<Report> {
  const rounds = parameter('POSTGRES_ROUNDS', 1, 5);
  const requests = Math.ceil(parameter('POSTGRES_REQUESTS', 128, 10_000) / CONNECTIONS);
  const postgres = await PostgresServer.start(SETTINGS);
  const generator = startLoadGenerator();
  const bench = new PostgresBench(generator, { rounds, requests }, onStep);
  const deployments: RunningDeployment[] = [];
  const measure = async (
    load: string,
    kinds: readonly Deployment[],
    size: HospitalSize,
  ): Promise<Measured[]> => {
    for (const kind of kinds) deployments.push(await startDeployment(kind, postgres, size));
    const measured = await bench.run(load, deployments);
    await Promise.all(deployments.splice(0).map((deployment) => deployment.stop()));
    return measured;
  };
  try {
    const many = await measure(
      'many doctors',
      [SQLITE, POSTGRES, TWO_PROCESSES, ...WITH_BALANCER],
      MANY,
    );
    const one = await measure('one doctor', [SQLITE, POSTGRES, TWO_PROCESSES, UNSHARED], ONE);
    const settings = Object.entries(SETTINGS).map(([name, value]) => `${name}=${value}`);
    return {
      title: `PostgreSQL: autocannon, ${CONNECTIONS} connections`,
      remarks: [
        `The one doctor has as many seats as the ${MANY.doctors} doctors together; random classes. Medians of ${rounds} rounds of ${grouped(requests)} bookings by each client, one deployment after the other in each round; latencies over all rounds. The database runs on the same machine as the service, with ${settings.join(', ')}. Two processes share the clients evenly; the balancer, HAProxy by deploy/haproxy.cfg, sends a doctor to one of them.`,
        'With 2 clients, one booking is decided while the other waits for the same doctor, so each booking has its own transaction without a pause between two. Transactions: transactions that wrote a booking, divided by the bookings. Generator: the share of a core that autocannon used. Read: `GET /doctors/{id}`, one after another, median. Bytes: tables and indexes, divided by the tokens.',
        `Targets: with ${MANY.doctors} doctors at least 0.5 of the rate of SQLite; with one doctor at least 10 times the rate of 2 clients; with the balancer at least 1.25 of one process.`,
      ],
      head: [
        'load',
        'bookings/s',
        'to SQLite',
        'to 2 clients',
        'to one process',
        'transactions',
        'p50 ms',
        'p99 ms',
        'generator',
        'read ms',
        'bytes',
      ],
      rows: [...rowsOf(`${MANY.doctors} doctors`, many), ...rowsOf('one doctor', one)],
      checked: `every answer a success; ${grouped(bench.live)} live tokens read back from each process: each once, no slot over its capacity, every slot in the order of the rules.`,
    };
  } finally {
    generator.stop();
    await Promise.all(deployments.map((deployment) => deployment.stop()));
    await postgres.remove();
  }
}
