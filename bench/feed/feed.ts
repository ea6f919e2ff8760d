import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_CLASSES } from '../../src/engine/index.ts';
import { Client } from '../lib/client.ts';
import { cpuTimeOf } from '../lib/cpu-time.ts';
import { median } from '../lib/format.ts';
import {
  BENCH_SETTINGS,
  bookingsOf,
  openHospital,
  type HospitalSize,
  type Target,
} from '../lib/hospital.ts';
import {
  startGenerator,
  startLoadGenerator,
  type Generator,
  type LoadGenerator,
} from '../lib/load.ts';
import { isSmoke, parameter } from '../lib/parameter.ts';
import type { OnStep } from '../lib/progress.ts';
import { Random } from '../lib/random.ts';
import type { Report } from '../lib/report.ts';
import { required } from '../lib/required.ts';
import { startServer, type ServerProcess } from '../lib/server.ts';
import { grouped } from '../lib/statistics.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../lib/temporary.ts';
import type { SubscriberOrder } from './subscribers-task.ts';

const SEED = 20_261_127;
const CONNECTIONS = 64;
const TASK = fileURLToPath(new URL('./subscribers-task.ts', import.meta.url));
const SIZE: HospitalSize = isSmoke
  ? { doctors: 2, sessions: 2, capacity: 2 }
  : { doctors: 100, sessions: 4, capacity: 25 };
/** Milliseconds before a booking whose event is waited for: at random, so that the feed's pauses are not met in step. */
const PAUSE_MS = { min: 20, max: 120 } as const;
/** The part of the connections of a service that may be streams. */
const STREAMS_SHARE = 0.8;

type Subscribers = Generator<SubscriberOrder, number | number[]>;

/** The value below which this share of the values is. */
const quantile = (values: readonly number[], share: number): number =>
  required(values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1]);

const milliseconds = (values: readonly number[]): string[] =>
  [0.5, 0.99].map((share) => quantile(values, share).toFixed(1));

function residentMiB({ pid }: ServerProcess): number {
  const [, size] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(size) / 1_024;
}

/** A service, the load on it, and its streams. */
class FeedBench {
  readonly #server: ServerProcess;
  readonly #directory: TemporaryDirectory;
  readonly #generator: LoadGenerator;
  readonly #targets: readonly Target[];
  /** Events that have come to streams. */
  received = 0;
  #booked = 0;
  #open: { readonly count: number; readonly subscribers: Subscribers } | null = null;

  private constructor(
    server: ServerProcess,
    directory: TemporaryDirectory,
    generator: LoadGenerator,
    targets: readonly Target[],
  ) {
    this.#server = server;
    this.#directory = directory;
    this.#generator = generator;
    this.#targets = targets;
  }

  /** Starts a service that takes so many streams. */
  static async start(streams: number, generator: LoadGenerator): Promise<FeedBench> {
    const directory = temporaryDirectory();
    const server = await startServer({
      ...BENCH_SETTINGS,
      DATABASE_URL: `sqlite:${join(directory.path, 'opd.db')}`,
      CONNECTIONS_MAX: String(Math.ceil(streams / STREAMS_SHARE) + 2 * CONNECTIONS),
      LOG_LEVEL: 'warn',
    });
    const client = new Client(server.url, 8);
    const targets = await openHospital(client, SIZE);
    client.close();
    return new FeedBench(server, directory, generator, targets);
  }

  async stop(): Promise<void> {
    try {
      if (this.#open !== null) await this.#count(this.#open.subscribers);
    } finally {
      this.#open?.subscribers.stop();
      await this.#server.stop();
      this.#directory.remove();
    }
  }

  /** Milliseconds from answers until all of so many streams of the booked doctor have the event. */
  async delays(count: number, probes: number, isLoaded: boolean): Promise<number[]> {
    const doctorIds = Array<string>(count).fill(this.#target(0).doctorId);
    return this.#withStreams(doctorIds, async (subscribers) => {
      const over = new AbortController();
      const probing = this.#probe(subscribers, count, probes).finally(() => over.abort());
      while (isLoaded && !over.signal.aborted) await this.#load(CONNECTIONS * 10);
      return probing;
    });
  }

  /** Opens so many streams of all doctors, for `cost`. They are open until the service stops. */
  async open(count: number): Promise<void> {
    this.#open = { count, subscribers: await this.#subscribe(this.#doctorIds(count)) };
  }

  /** Microseconds of processor time of the service for a booking, with the open streams. */
  async cost(requests: number): Promise<number> {
    const { count, subscribers } = required(this.#open);
    const beforeUs = cpuTimeOf(this.#server.pid);
    await this.#load(requests);
    // The events come in order: when a stream has the last one, the streams of its doctor have all.
    const [first, ...others] = this.#doctorIds(count);
    const streams = others.filter((id) => id === first).length + 1;
    if (first !== undefined) await this.#probe(subscribers, streams, 1);
    return (cpuTimeOf(this.#server.pid) - beforeUs) / requests;
  }

  /** MiB of memory of the service that so many streams take. */
  async memory(count: number): Promise<number> {
    const beforeMiB = residentMiB(this.#server);
    return this.#withStreams(this.#doctorIds(count), () =>
      Promise.resolve(residentMiB(this.#server) - beforeMiB),
    );
  }

  /** The doctors of so many streams. */
  #doctorIds(count: number): string[] {
    return Array.from({ length: count }, (_, index) => this.#target(index).doctorId);
  }

  #target(index: number): Target {
    return required(this.#targets[index % this.#targets.length]);
  }

  async #withStreams<T>(
    doctorIds: readonly string[],
    measure: (subscribers: Subscribers) => Promise<T>,
  ): Promise<T> {
    const subscribers = await this.#subscribe(doctorIds);
    try {
      const measured = await measure(subscribers);
      await this.#count(subscribers);
      return measured;
    } finally {
      subscribers.stop();
    }
  }

  /** Starts a process that opens a stream of each doctor. Whoever starts it stops it. */
  async #subscribe(doctorIds: readonly string[]): Promise<Subscribers> {
    const subscribers: Subscribers = startGenerator(TASK);
    const port = Number(new URL(this.#server.url).port);
    await subscribers.send({ subscribe: { port, doctorIds } });
    return subscribers;
  }

  async #count(subscribers: Subscribers): Promise<void> {
    this.received += (await subscribers.send({ count: true })) as number;
  }

  async #probe(subscribers: Subscribers, streams: number, probes: number): Promise<number[]> {
    const random = new Random(SEED + this.#booked);
    // No booking of the lowest class bumps another token, so each booking is one event.
    const lowest = () => required(DEFAULT_CLASSES.at(-1));
    const bookings = this.#bookings([this.#target(0)], probes, random, lowest);
    const pausesMs = bookings.map(() => PAUSE_MS.min + random.below(PAUSE_MS.max - PAUSE_MS.min));
    const { url } = this.#server;
    return (await subscribers.send({ probe: { url, bookings, streams, pausesMs } })) as number[];
  }

  async #load(requests: number): Promise<void> {
    const random = new Random(SEED + this.#booked);
    const bookings = this.#bookings(this.#targets, requests, random);
    const { url } = this.#server;
    await this.#generator.send({ url, connections: CONNECTIONS, bookings, isMixed: false });
  }

  #bookings(
    targets: readonly Target[],
    count: number,
    random: Random,
    ...classOf: [] | [() => (typeof DEFAULT_CLASSES)[number]]
  ): string[] {
    const first = this.#booked;
    this.#booked += count;
    return bookingsOf(targets, { random, first, count }, ...classOf);
  }
}

/** Measures how fast events arrive, idle and under load, and what streams cost a booking. */
export async function feedBench(onStep: OnStep): Promise<Report> {
  const streams = parameter('FEED_STREAMS', 2, 1_000);
  const counts = isSmoke ? [1, streams] : [1, 100, streams];
  const probes = parameter('FEED_PROBES', 2, 100);
  const rounds = parameter('FEED_ROUNDS', 1, 7);
  const requests = CONNECTIONS * Math.ceil(parameter('FEED_REQUESTS', 128, 12_800) / CONNECTIONS);
  const generator = startLoadGenerator();
  const rows: string[][] = [];
  let received = 0;
  let memory = 0;
  const withBench = async (measure: (bench: FeedBench) => Promise<void>): Promise<void> => {
    const bench = await FeedBench.start(streams, generator);
    try {
      await measure(bench);
    } finally {
      await bench.stop();
      received += bench.received;
    }
  };
  const timeDelays = async (bench: FeedBench): Promise<void> => {
    memory = await bench.memory(streams);
    for (const [index, count] of counts.entries()) {
      onStep('wait for streams', index + 1, counts.length);
      const idle = await bench.delays(count, probes, false);
      const loaded = await bench.delays(count, probes, true);
      const delays = [...milliseconds(idle), ...milliseconds(loaded)];
      rows.push([`until ${grouped(count)} have the event`, ...delays, '', '']);
    }
  };
  // Each number of streams has a service of its own, because streams that come and go cost more than open ones.
  const compareCosts = async (benches: ReadonlyMap<number, FeedBench>): Promise<void> => {
    const costs = new Map([...benches.keys()].map((count) => [count, [] as number[]]));
    for (const [count, bench] of benches) await bench.open(count);
    for (let round = 0; round <= rounds; round += 1) {
      onStep('book, round', round + 1, rounds + 1);
      for (const [count, bench] of benches) {
        const cost = await bench.cost(requests);
        // The first round is only to make the code warm.
        if (round > 0) required(costs.get(count)).push(cost);
      }
    }
    const base = required(costs.get(0));
    for (const [count, values] of costs) {
      const more = median(values.map((us, round) => us / required(base[round]) - 1)) * 100;
      const name = `a booking, ${grouped(count)} streams`;
      rows.push([name, '', '', '', '', median(values).toFixed(1), `${more.toFixed(1)} %`]);
    }
  };
  try {
    await withBench(timeDelays);
    await withBench((none) =>
      withBench((one) =>
        withBench((many) =>
          compareCosts(
            new Map([
              [0, none],
              [1, one],
              [streams, many],
            ]),
          ),
        ),
      ),
    );
    if (received === 0) throw new Error('No stream has had an event.');
    return {
      title: 'Live feed: how fast events arrive, and what streams cost a booking',
      remarks: [
        `SQLite. The first rows: milliseconds from the answer to a booking until the last of so many streams of its doctor has the event, ${grouped(probes)} bookings one at a time: idle, and while ${CONNECTIONS} connections book as fast as they can.`,
        `The last rows: processor time of all threads of the server for a booking, and how much more that is than without streams; ${CONNECTIONS} connections, ${rounds} rounds of ${grouped(requests)} bookings, the streams spread over ${SIZE.doctors} doctors. Each number of streams has a server of its own, and they take turns. Target: 10 % at most.`,
        `${grouped(streams)} streams on which nothing happens take ${memory.toFixed(1)} MiB of memory of the service.`,
      ],
      head: ['what', 'idle p50', 'p99', 'loaded p50', 'p99', 'processor µs', 'more'],
      rows,
      checked: `every answer a success; every awaited event came to every stream; ${grouped(received)} events came to streams.`,
    };
  } finally {
    generator.stop();
  }
}
