import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_CLASSES } from '../../src/engine/index.ts';
import { Client } from '../lib/client.ts';
import { median } from '../lib/format.ts';
import { BENCH_SETTINGS, bookingsOf, openHospital, type HospitalSize } from '../lib/hospital.ts';
import { startGenerator, startLoadGenerator, type Generator } from '../lib/load.ts';
import { isSmoke, parameter } from '../lib/parameter.ts';
import type { OnStep } from '../lib/progress.ts';
import { Random } from '../lib/random.ts';
import type { Report } from '../lib/report.ts';
import { required } from '../lib/required.ts';
import { startServer, type ServerProcess } from '../lib/server.ts';
import { grouped } from '../lib/statistics.ts';
import { temporaryDirectory } from '../lib/temporary.ts';
import type { Probe, Subscribe, SubscriberOrder } from './subscribers-task.ts';

const SEED = 20_261_127;
const CONNECTIONS = 64;
const TASK = fileURLToPath(new URL('./subscribers-task.ts', import.meta.url));
const SIZE: HospitalSize = isSmoke
  ? { doctors: 2, sessions: 2, capacity: 2 }
  : { doctors: 100, sessions: 4, capacity: 25 };
/** Clock ticks of a second in `/proc/PID/stat`. */
const TICKS = 100;

/** Seconds of processor time of all threads of a process so far. */
function processorSeconds({ pid }: ServerProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

type Subscribers = Generator<SubscriberOrder, number | number[]>;

const subscribe = (subscribers: Subscribers, subscription: Subscribe['subscribe']) =>
  subscribers.send({ subscribe: subscription });

const probe = async (subscribers: Subscribers, order: Probe['probe']): Promise<number[]> =>
  (await subscribers.send({ probe: order })) as number[];

/** The value below which this share of the values is. */
const quantile = (values: readonly number[], share: number): number =>
  required(values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1]);

interface Bench {
  readonly server: ServerProcess;
  readonly targets: Awaited<ReturnType<typeof openHospital>>;
}

/** Milliseconds from answers until 1, 100 and 1,000 streams of the booked doctor have the event. */
async function delaysOf({ server, targets }: Bench, count: number, first: number) {
  const subscribers: Subscribers = startGenerator(TASK);
  try {
    const target = required(targets[0]);
    const port = Number(new URL(server.url).port);
    await subscribe(subscribers, { port, doctorIds: Array(count).fill(target.doctorId) });
    const probes = parameter('FEED_PROBES', 3, 200);
    const random = new Random(SEED + first);
    // No booking of the lowest class bumps another token, so each booking is one event.
    const lowest = () => required(DEFAULT_CLASSES.at(-1));
    const bookings = bookingsOf([target], { random, first, count: probes }, lowest);
    return await probe(subscribers, { url: server.url, bookings });
  } finally {
    subscribers.stop();
  }
}

/** Measures how fast events arrive, and what streams cost a booking. */
export async function feedBench(onStep: OnStep): Promise<Report> {
  const counts = isSmoke ? [1, 2] : [1, 100, 1_000];
  const rounds = parameter('FEED_ROUNDS', 1, 7);
  const requests = CONNECTIONS * Math.ceil(parameter('FEED_REQUESTS', 128, 6_400) / CONNECTIONS);
  const directory = temporaryDirectory();
  const generator = startLoadGenerator();
  const server = await startServer({
    ...BENCH_SETTINGS,
    DATABASE_URL: `sqlite:${join(directory.path, 'opd.db')}`,
    ...{ CONNECTIONS_MAX: '3000', LOG_LEVEL: 'warn' },
  });
  try {
    const client = new Client(server.url, 8);
    const targets = await openHospital(client, SIZE);
    const rows: string[][] = [];
    let booked = 0;
    for (const [index, count] of counts.entries()) {
      onStep('wait for streams', index + 1, counts.length);
      const times = await delaysOf({ server, targets }, count, booked);
      booked += times.length;
      const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)];
      rows.push([
        `until ${grouped(count)} have the event`,
        `${p50.toFixed(1)} ms`,
        `${p99.toFixed(1)} ms`,
      ]);
    }
    const costs = new Map<number, number[]>([
      [0, []],
      [counts.at(-1) ?? 0, []],
    ]);
    let received = 0;
    for (let round = 0; round <= rounds; round += 1)
      for (const [count, values] of costs) {
        onStep('book, round', round + 1, rounds + 1);
        const subscribers: Subscribers = startGenerator(TASK);
        const doctorIds = Array.from(
          { length: count },
          (_, index) => required(targets[index % targets.length]).doctorId,
        );
        await subscribe(subscribers, { port: Number(new URL(server.url).port), doctorIds });
        const bookings = bookingsOf(targets, {
          random: new Random(SEED + booked),
          first: booked,
          count: requests,
        });
        const before = processorSeconds(server);
        await generator.send({
          url: server.url,
          connections: CONNECTIONS,
          bookings,
          isMixed: false,
        });
        if (round > 0) values.push(((processorSeconds(server) - before) / requests) * 1e6);
        booked += requests;
        received += (await subscribers.send({ count: true })) as number;
        subscribers.stop();
      }
    client.close();
    if (received === 0) throw new Error('No stream has had an event.');
    const base = required(costs.get(0));
    for (const [count, values] of costs) {
      const more = values.map((us, round) => us / required(base[round]) - 1);
      rows.push([
        `a booking, ${grouped(count)} streams`,
        `${median(values).toFixed(1)} µs`,
        `${(median(more) * 100).toFixed(1)} %`,
      ]);
    }
    return {
      title: 'Live feed: how fast events arrive, and what streams cost a booking',
      remarks: [
        'SQLite. The first rows: p50 and p99 of the time from the answer to a booking until the last of so many streams of its doctor has the event, one booking at a time.',
        `The last rows: processor time of all threads of the server for a booking, and how much more that is than without streams; ${CONNECTIONS} connections, ${rounds} rounds of ${grouped(requests)} bookings, the streams spread over ${SIZE.doctors} doctors. Target: 10 % at most.`,
      ],
      head: ['what', 'p50, or time', 'p99, or more'],
      rows,
      checked: `every answer a success; every probed event came to every stream; ${grouped(received)} events came to streams under load.`,
    };
  } finally {
    generator.stop();
    await server.stop();
    directory.remove();
  }
}
