import { PostgresServer } from '../test/support/postgres/postgres-server.ts';
import { must } from './lib/clinic.ts';
import { median, milliseconds, ratio } from './lib/format.ts';
import { boardsOf, bookingsOf, checkBoards, type HospitalSize } from './lib/hospital.ts';
import type { LoadResult } from './lib/load-task.ts';
import { startLoadGenerator, type LoadGenerator } from './lib/load.ts';
import { isSmoke, parameter } from './lib/parameter.ts';
import { startContestant, type Contestant, type Way } from './lib/postgres-contestants.ts';
import { Random } from './lib/random.ts';
import type { Report } from './lib/report.ts';
import { grouped, percentile } from './lib/statistics.ts';

const SEED = 20_260_105;
const CONNECTIONS = 64;

/** A server that keeps what it has committed through a power cut, and has room to work in. */
const SETTINGS = {
  fsync: 'on',
  autovacuum: 'on',
  shared_buffers: '256MB',
  max_wal_size: '4GB',
} as const;

/** Doctors with as many seats together as the one: fewer than there are bookings in the end. */
const MANY: HospitalSize = isSmoke
  ? { doctors: 2, sessions: 2, capacity: 2 }
  : { doctors: 200, sessions: 4, capacity: 10 };
const ONE: HospitalSize = { ...MANY, doctors: 1, capacity: MANY.doctors * MANY.capacity };

const SQLITE: Way = {
  name: 'SQLite',
  isPostgres: false,
  processes: 1,
  connections: CONNECTIONS,
};
const POSTGRES: Way = { ...SQLITE, name: 'PostgreSQL', isPostgres: true };
const TWO_PROCESSES: Way = { ...POSTGRES, name: 'PostgreSQL, two processes', processes: 2 };
/**
 * What one transaction a booking gives: while the booking of one client is carried out, that of the other waits for their
 * doctor, and there is never a third to share a transaction with.
 */
const UNSHARED: Way = { ...POSTGRES, name: 'PostgreSQL, 2 clients', connections: 2 };

/** The measured rounds of one way of serving. */
interface Measured {
  readonly name: string;
  readonly rounds: readonly LoadResult[];
  /** For each booking, those of the first round too; null where it is not known. */
  readonly transactions: number | null;
  /** Milliseconds of reads that show next to nothing, one after another. */
  readonly reads: readonly number[];
  /** On the disk for each token, with its change records and all indexes; null where it is not known. */
  readonly bytes: number | null;
}

/** Reads by each contestant, in as many rounds as there are of bookings. */
const READS = isSmoke ? 2 : 200;

class PostgresBench {
  readonly #generator: LoadGenerator;
  readonly #rounds: number;
  /** Requests of each client in a round. */
  readonly #requests: number;
  /** Tokens whose boards were found right. */
  live = 0;

  constructor(generator: LoadGenerator, size: { rounds: number; requests: number }) {
    this.#generator = generator;
    this.#rounds = size.rounds;
    this.#requests = size.requests;
  }

  /** Rounds of bookings to each in turn, the order reversed every other round; the first round warms up. */
  async run(contestants: readonly Contestant[]): Promise<Measured[]> {
    const results = contestants.map(() => [] as LoadResult[]);
    for (let round = 0; round <= this.#rounds; round += 1) {
      const order = [...contestants.entries()];
      for (const [index, contestant] of round % 2 === 0 ? order : order.toReversed()) {
        const result = await this.#send(contestant, round);
        if (round > 0) must(results[index]).push(result);
      }
    }
    const reads = await this.#read(contestants);
    const measured: Measured[] = [];
    for (const [index, contestant] of contestants.entries()) {
      const bookings = (this.#rounds + 1) * this.#requests * contestant.connections;
      await checkAll(contestant, bookings);
      this.live += bookings;
      const count = await contestant.transactions();
      const size = await contestant.bytes();
      measured.push({
        name: contestant.name,
        rounds: must(results[index]),
        transactions: count === null ? null : count / bookings,
        reads: must(reads[index]),
        bytes: size === null ? null : size / bookings,
      });
    }
    return measured;
  }

  /** Asks each in turn for a doctor without slots: what a read costs beside what it shows. */
  async #read(contestants: readonly Contestant[]): Promise<number[][]> {
    const times = contestants.map(() => [] as number[]);
    for (let round = 0; round <= this.#rounds; round += 1)
      for (const [index, { clients, targets }] of contestants.entries())
        for (let nth = 0; nth < READS; nth += 1) {
          const client = must(clients[nth % clients.length]);
          const { doctorId } = must(targets[nth % targets.length]);
          const start = performance.now();
          await client.get(`/doctors/${doctorId}`);
          if (round > 0) must(times[index]).push(performance.now() - start);
        }
    return times;
  }

  /** The same bookings to all; where there are fewer clients, the first ones only: each client sends as many as any other. */
  #send({ urls, targets, connections }: Contestant, round: number): Promise<LoadResult> {
    const count = this.#requests * connections;
    const random = new Random(SEED + round);
    const bookings = bookingsOf(targets, { random, first: round * count, count });
    return this.#generator.send({ url: urls, connections, bookings, isMixed: false });
  }
}

/** Every process shows every booking, whichever of them has made it. */
async function checkAll({ clients, targets }: Contestant, bookings: number): Promise<void> {
  const doctorIds = [...new Set(targets.map(({ doctorId }) => doctorId))];
  for (const client of clients) checkBoards(await boardsOf(client, doctorIds), bookings);
}

function rowsOf(kind: string, measured: readonly Measured[]): string[][] {
  const rateOf = ({ rounds }: Measured): number =>
    median(rounds.map(({ latencies, seconds }) => latencies.length / seconds));
  const to = (way: Way, rate: number): string => {
    const other = measured.find(({ name }) => name === way.name);
    return other === undefined ? '-' : ratio(rate, rateOf(other));
  };
  return measured.map((each) => {
    const latencies = each.rounds.flatMap((round) => round.latencies);
    return [
      `${kind}, ${each.name}`,
      grouped(rateOf(each)),
      to(SQLITE, rateOf(each)),
      to(UNSHARED, rateOf(each)),
      each.transactions?.toFixed(3) ?? '-',
      milliseconds(percentile(latencies, 0.5)),
      milliseconds(percentile(latencies, 0.99)),
      `${(median(each.rounds.map(({ busy }) => busy)) * 100).toFixed(0)} %`,
      milliseconds(percentile(each.reads, 0.5)),
      each.bytes === null ? '-' : grouped(each.bytes),
    ];
  });
}

/** `/book` on SQLite, and on PostgreSQL through one process and through two: many doctors, and one that all want. */
export async function postgresBench(): Promise<Report> {
  const rounds = parameter('POSTGRES_ROUNDS', 1, 5);
  const requests = Math.ceil(parameter('POSTGRES_REQUESTS', 128, 10_000) / CONNECTIONS);
  const postgres = await PostgresServer.start(SETTINGS);
  const generator = startLoadGenerator();
  const bench = new PostgresBench(generator, { rounds, requests });
  const contestants: Contestant[] = [];
  const measure = async (ways: readonly Way[], size: HospitalSize): Promise<Measured[]> => {
    for (const way of ways) contestants.push(await startContestant(way, postgres, size));
    const measured = await bench.run(contestants);
    await Promise.all(contestants.splice(0).map((contestant) => contestant.stop()));
    return measured;
  };
  try {
    const many = await measure([SQLITE, POSTGRES, TWO_PROCESSES], MANY);
    const one = await measure([SQLITE, POSTGRES, TWO_PROCESSES, UNSHARED], ONE);
    const settings = Object.entries(SETTINGS).map(([name, value]) => `${name}=${value}`);
    return {
      title: `PostgreSQL: autocannon, ${CONNECTIONS} connections`,
      remarks: [
        `As many seats with the one doctor as with the ${MANY.doctors} together, random classes. Medians of ${rounds} interleaved rounds of ${grouped(requests)} bookings by each client, the same to all with as many clients; latencies over all rounds. The database is beside the service, with ${settings.join(', ')}. Two processes share the clients evenly.`,
        'With 2 clients, the booking of one is carried out while that of the other waits for their doctor: what one transaction a booking gives, no time lost between them. Transactions: those that wrote a booking, for each booking. Generator: how busy autocannon kept its core. Read: `GET /doctors/{id}`, one after another, median. Bytes: tables and indexes, for each token.',
        `Targets: ${MANY.doctors} doctors at least 0.5 of SQLite; one doctor at least 10 times the rate of 2 clients.`,
      ],
      head: [
        'load',
        'bookings/s',
        'to SQLite',
        'to 2 clients',
        'transactions',
        'p50 ms',
        'p99 ms',
        'generator',
        'read ms',
        'bytes',
      ],
      rows: [...rowsOf(`${MANY.doctors} doctors`, many), ...rowsOf('one doctor', one)],
      checked: `every answer a success; ${grouped(bench.live)} live tokens read back, from each process: each once, nobody over capacity, every board as the one sentence has it.`,
    };
  } finally {
    generator.stop();
    await Promise.all(contestants.map((contestant) => contestant.stop()));
    await postgres.remove();
  }
}
