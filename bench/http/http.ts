import { median, milliseconds, ratio } from '../lib/format.ts';
import { boardsOf, bookingsOf, checkBoards, type HospitalSize } from '../lib/hospital.ts';
import type { Load, LoadResult } from '../lib/load-task.ts';
import { startLoadGenerator, type LoadGenerator } from '../lib/load.ts';
import { isSmoke, parameter } from '../lib/parameter.ts';
import type { OnStep } from '../lib/progress.ts';
import { Random } from '../lib/random.ts';
import type { Report } from '../lib/report.ts';
import { required } from '../lib/required.ts';
import { grouped, percentile } from '../lib/statistics.ts';
import {
  COMPARED_SERVERS,
  startComparedServer,
  type ComparedServer,
  type ComparedServerName,
} from './compared-servers.ts';

const SEED = 20_260_105;
const CONNECTIONS = 64;
const SIZE: HospitalSize = isSmoke
  ? { doctors: 2, sessions: 2, capacity: 2 }
  : { doctors: 100, sessions: 4, capacity: 25 };

/** The measured rounds of one kind of load, by server. */
type Rounds = ReadonlyMap<ComparedServerName, readonly LoadResult[]>;

class HttpBench {
  readonly #generator: LoadGenerator;
  readonly #rounds: number;
  readonly #requests: number;
  readonly #onStep: OnStep;
  /** Number of bookings made so far, because each booking gets its own patient. */
  #booked = 0;

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

  /** Sends the same requests to one server after the other, in reversed order every second round; round 0 is not counted. */
  async run(servers: readonly ComparedServer[], isMixed: boolean): Promise<Rounds> {
    const results = new Map(servers.map(({ name }) => [name, [] as LoadResult[]]));
    const targets = required(servers.at(-1)).targets;
    const count = isMixed ? this.#requests / 2 : this.#requests;
    for (let round = 0; round <= this.#rounds; round += 1) {
      this.#onStep(isMixed ? 'mixed, round' : 'book, round', round + 1, this.#rounds + 1);
      const random = new Random(SEED + this.#booked);
      const bookings = bookingsOf(targets, { random, first: this.#booked, count });
      this.#booked += count;
      for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
        const { url } = server;
        const load: Load = { url, connections: CONNECTIONS, bookings, isMixed };
        const tokenIds = isMixed && round === 0 ? await tokenIdsOf(server) : undefined;
        const result = await this.#generator.send({ ...load, ...(tokenIds && { tokenIds }) });
        if (!isMixed) server.live += count;
        if (round > 0) required(results.get(server.name)).push(result);
      }
    }
    for (const server of servers)
      if (server.client !== null) checkBoards(await boards(server), server.live);
    return results;
  }
}

const boards = ({ client, targets }: ComparedServer) =>
  boardsOf(required(client), [...new Set(targets.map(({ doctorId }) => doctorId))]);

/** Reads the ids of all live tokens, which can be cancelled. */
async function tokenIdsOf(server: ComparedServer): Promise<string[]> {
  if (server.client === null) return [];
  const slots = await boards(server);
  return slots.flatMap((slot) => [...slot.tokens, ...slot.waitlist].map(({ id }) => id));
}

function rowsOf(kind: string, rounds: Rounds): string[][] {
  const rate = (name: ComparedServerName): number =>
    median(required(rounds.get(name)).map(({ latencies, seconds }) => latencies.length / seconds));
  return Array.from(rounds, ([name, results]) => {
    const latencies = results.flatMap((result) => result.latencies);
    return [
      `${kind}, ${name}`,
      grouped(rate(name)),
      ratio(rate(name), rate('memory')),
      ratio(rate(name), rate('ceiling')),
      milliseconds(percentile(latencies, 0.5)),
      milliseconds(percentile(latencies, 0.99)),
      `${(median(results.map(({ busy }) => busy)) * 100).toFixed(0)} %`,
    ];
  });
}

/** Measures `/book` alone and mixed with `/cancel`: on SQLite, in memory, and the ceiling. */
export async function httpBench(onStep: OnStep): Promise<Report> {
  const rounds = parameter('HTTP_ROUNDS', 1, 5);
  // An even number for each connection, so that each connection sends its own requests exactly once.
  const requests =
    CONNECTIONS * 2 * Math.ceil(parameter('HTTP_REQUESTS', 256, 20_000) / (CONNECTIONS * 2));
  const generator = startLoadGenerator();
  const servers: ComparedServer[] = [];
  try {
    for (const name of COMPARED_SERVERS) servers.push(await startComparedServer(name, SIZE));
    const bench = new HttpBench(generator, { rounds, requests }, onStep);
    const book = await bench.run(servers, false);
    const silent = servers.filter(({ name }) => name !== 'durable, logs on');
    const mixed = await bench.run(silent, true);
    const live = servers.reduce((sum, server) => sum + server.live, 0);
    return {
      title: `HTTP: autocannon, ${CONNECTIONS} connections`,
      remarks: [
        `${SIZE.doctors} doctors, ${grouped(required(servers.at(-1)).targets.length)} slots of ${SIZE.capacity} seats, random classes. Medians of ${rounds} rounds of ${grouped(requests)} requests, one server after the other in each round and the same requests to each; latencies over all rounds. Mixed: half of the requests book, half cancel a random token.`,
        'Ceiling: Fastify routes with the same schemas and a constant answer. Memory: the service without a file. Durable: the service with a SQLite file. The log of requests is off except in the line "logs on". Generator: the share of a core that autocannon used; near 100 % the generator is the limit, not the server.',
        'Targets: durable at least 0.75 of memory and 0.65 of the ceiling, p99 under 25 ms.',
      ],
      head: ['load', 'requests/s', 'to memory', 'to ceiling', 'p50 ms', 'p99 ms', 'generator'],
      rows: [...rowsOf('book', book), ...rowsOf('mixed', mixed)],
      checked: `every answer a success; ${grouped(live)} live tokens read back: each once, no slot over its capacity, every slot in the order of the rules.`,
    };
  } finally {
    generator.stop();
    await Promise.all(servers.map((server) => server.stop()));
  }
}
