import {
  CONTESTANTS,
  startContestant,
  type Contestant,
  type ContestantName,
} from './compared-servers.ts';
import { must } from '../lib/engine-clinic.ts';
import { median, milliseconds, ratio } from '../lib/format.ts';
import { boardsOf, bookingsOf, checkBoards, type HospitalSize } from '../lib/hospital.ts';
import type { Load, LoadResult } from '../lib/load-task.ts';
import { startLoadGenerator, type LoadGenerator } from '../lib/load.ts';
import { isSmoke, parameter } from '../lib/parameter.ts';
import { Random } from '../lib/random.ts';
import type { Report } from '../lib/report.ts';
import { grouped, percentile } from '../lib/statistics.ts';

const SEED = 20_260_105;
const CONNECTIONS = 64;
const SIZE: HospitalSize = isSmoke
  ? { doctors: 2, sessions: 2, capacity: 2 }
  : { doctors: 100, sessions: 4, capacity: 25 };

/** The measured rounds of one kind of load, by server. */
type Rounds = ReadonlyMap<ContestantName, readonly LoadResult[]>;

class HttpBench {
  readonly #generator: LoadGenerator;
  readonly #rounds: number;
  readonly #requests: number;
  /** Bookings made so far: no two are the same. */
  #booked = 0;

  constructor(generator: LoadGenerator, size: { rounds: number; requests: number }) {
    this.#generator = generator;
    this.#rounds = size.rounds;
    this.#requests = size.requests;
  }

  /** The same requests to each server in turn, the order reversed every other round; the first round warms up. */
  async run(contestants: readonly Contestant[], isMixed: boolean): Promise<Rounds> {
    const results = new Map(contestants.map(({ name }) => [name, [] as LoadResult[]]));
    const targets = must(contestants.at(-1)).targets;
    const count = isMixed ? this.#requests / 2 : this.#requests;
    for (let round = 0; round <= this.#rounds; round += 1) {
      const random = new Random(SEED + this.#booked);
      const bookings = bookingsOf(targets, { random, first: this.#booked, count });
      this.#booked += count;
      for (const contestant of round % 2 === 0 ? contestants : contestants.toReversed()) {
        const { url } = contestant;
        const load: Load = { url, connections: CONNECTIONS, bookings, isMixed };
        const tokenIds = isMixed && round === 0 ? await tokenIdsOf(contestant) : undefined;
        const result = await this.#generator.send({ ...load, ...(tokenIds && { tokenIds }) });
        if (!isMixed) contestant.live += count;
        if (round > 0) must(results.get(contestant.name)).push(result);
      }
    }
    for (const contestant of contestants)
      if (contestant.client !== null) checkBoards(await boards(contestant), contestant.live);
    return results;
  }
}

const boards = ({ client, targets }: Contestant) =>
  boardsOf(must(client), [...new Set(targets.map(({ doctorId }) => doctorId))]);

/** Everybody who may be cancelled. */
async function tokenIdsOf(contestant: Contestant): Promise<string[]> {
  if (contestant.client === null) return [];
  const slots = await boards(contestant);
  return slots.flatMap((slot) => [...slot.tokens, ...slot.waitlist].map(({ id }) => id));
}

function rowsOf(kind: string, rounds: Rounds): string[][] {
  const rate = (name: ContestantName): number =>
    median(must(rounds.get(name)).map(({ latencies, seconds }) => latencies.length / seconds));
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

/** `/book` alone and mixed with `/cancel`: durable, in memory, and the ceiling. */
export async function httpBench(): Promise<Report> {
  const rounds = parameter('HTTP_ROUNDS', 1, 5);
  // The same number for each connection, and an even one, so that each sends its own requests exactly once.
  const requests =
    CONNECTIONS * 2 * Math.ceil(parameter('HTTP_REQUESTS', 256, 20_000) / (CONNECTIONS * 2));
  const generator = startLoadGenerator();
  const contestants: Contestant[] = [];
  try {
    for (const name of CONTESTANTS) contestants.push(await startContestant(name, SIZE));
    const bench = new HttpBench(generator, { rounds, requests });
    const book = await bench.run(contestants, false);
    const silent = contestants.filter(({ name }) => name !== 'durable, logs on');
    const mixed = await bench.run(silent, true);
    const live = contestants.reduce((sum, contestant) => sum + contestant.live, 0);
    return {
      title: `HTTP: autocannon, ${CONNECTIONS} connections`,
      remarks: [
        `${SIZE.doctors} doctors, ${grouped(must(contestants.at(-1)).targets.length)} slots of ${SIZE.capacity} seats, random classes. Medians of ${rounds} interleaved rounds of ${grouped(requests)} requests each, the same to every server; latencies over all rounds. Mixed: half the requests book, half cancel a random token.`,
        'Ceiling: bare Fastify routes with the same schemas, answering a constant at once. Request logs are off but in the line that says so. Generator: how busy autocannon kept its core; near 100 % it is the limit, not the server.',
        'Targets: durable at least 0.75 of memory and 0.65 of the ceiling, p99 under 25 ms.',
      ],
      head: ['load', 'requests/s', 'to memory', 'to ceiling', 'p50 ms', 'p99 ms', 'generator'],
      rows: [...rowsOf('book', book), ...rowsOf('mixed', mixed)],
      checked: `every answer a success; ${grouped(live)} live tokens read back: each once, nobody over capacity, every board as the one sentence has it.`,
    };
  } finally {
    generator.stop();
    await Promise.all(contestants.map((contestant) => contestant.stop()));
  }
}
