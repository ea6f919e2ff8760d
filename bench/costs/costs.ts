import { fileURLToPath } from 'node:url';
import {
  startComparedServer,
  type ComparedServer,
  type ComparedServerName,
} from '../http/compared-servers.ts';
import { inFreshProcess } from '../lib/child.ts';
import { cpuTimeOf } from '../lib/cpu-time.ts';
import { median, ratio } from '../lib/format.ts';
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
import { grouped, percentile } from '../lib/statistics.ts';
import type { WriterCost, WriterWork } from './writer-task.ts';

const WRITER_TASK = fileURLToPath(new URL('./writer-task.ts', import.meta.url));
const SEED = 20_260_105;
const CONNECTIONS = 64;
const PER_LIST = 50;
const SERVERS = ['ceiling', 'memory', 'durable'] as const;
type ServerName = (typeof SERVERS)[number] & ComparedServerName;

const MANY: HospitalSize = isSmoke
  ? { doctors: 2, sessions: 2, capacity: 2 }
  : { doctors: 100, sessions: 4, capacity: 25 };
const FEW: HospitalSize = { doctors: 2, sessions: 3, capacity: 25 };

/** The kinds of load. `one` is a single client; `list` books 50 patients with each request. */
const LOADS = ['many', 'few', 'one', 'list'] as const;
type LoadName = (typeof LOADS)[number];

interface Measured {
  /** Microseconds of processor time of all threads of the server for each booking. */
  readonly cpu: number;
  /** Bookings a second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

interface Server extends ComparedServer {
  /** The slots to book: many of many doctors, and six of two doctors. */
  readonly slots: { readonly many: readonly Target[]; readonly few: readonly Target[] };
}

async function startServer(name: ServerName): Promise<Server> {
  const server = await startComparedServer(name, MANY);
  if (server.client === null) return { ...server, slots: { many: [], few: [] } };
  const all = await openHospital(server.client, FEW, 'few');
  const few = [...Map.groupBy(all, ({ doctorId }) => doctorId).values()];
  return {
    ...server,
    slots: { many: server.targets, few: few.flatMap((slots) => slots.slice(0, FEW.sessions)) },
  };
}

class CostsBench {
  readonly results = new Map<string, Measured[]>();
  #booked = 0;
  readonly #generator: LoadGenerator;
  readonly #requests: number;

  constructor(generator: LoadGenerator, requests: number) {
    this.#generator = generator;
    this.#requests = requests;
  }

  /** Sends the same loads to one server after the other, in reversed order every second round; round 0 is not counted. */
  async round(servers: readonly Server[], nth: number): Promise<void> {
    const { slots } = required(servers.at(-1));
    for (const load of LOADS) {
      const count = load === 'one' ? Math.ceil(this.#requests / 16) : this.#requests;
      const random = new Random(SEED + this.#booked);
      const targets = slots[load === 'many' || load === 'list' ? 'many' : 'few'];
      const bookings = bookingsOf(targets, { random, first: this.#booked, count });
      this.#booked += count;
      for (const server of nth % 2 === 0 ? servers : servers.toReversed()) {
        if (load === 'list' && server.client === null) continue;
        const measured = await this.#send(server, load, bookings);
        const key = `${server.name} ${load}`;
        if (nth > 0) this.results.set(key, [...(this.results.get(key) ?? []), measured]);
      }
    }
  }

  async #send(server: Server, load: LoadName, bookings: readonly string[]): Promise<Measured> {
    const bodies = load === 'list' ? listsOf(bookings) : bookings;
    const before = cpuTimeOf(server.pid);
    const { latencies, seconds } = await this.#generator.send({
      ...{ url: server.url, bookings: bodies, isMixed: false },
      path: load === 'list' ? '/bookings' : '/book',
      connections: load === 'one' ? 1 : Math.min(CONNECTIONS, bodies.length),
    });
    server.live += bookings.length;
    return {
      cpu: (cpuTimeOf(server.pid) - before) / bookings.length,
      rate: bookings.length / seconds,
      p50: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
    };
  }
}

/** The bodies of `POST /bookings` for the bodies of `POST /book`. */
function listsOf(bookings: readonly string[]): string[] {
  const lists: string[] = [];
  for (let from = 0; from < bookings.length; from += PER_LIST)
    lists.push(`{"bookings":[${bookings.slice(from, from + PER_LIST).join()}]}`);
  return lists;
}

const boardsOfServer = ({ client, slots }: Server) =>
  boardsOf(required(client), [
    ...new Set([...slots.many, ...slots.few].map(({ doctorId }) => doctorId)),
  ]);

/** A line of the table: a target, with the numbers that it is the ratio of. */
type Line = readonly [what: string, measured: string, target: string, from: string];

function linesOf(results: ReadonlyMap<string, readonly Measured[]>): Line[] {
  const of = (key: string, field: keyof Measured): number =>
    median(required(results.get(key)).map((each) => each[field]));
  const line = (
    what: string,
    target: string,
    field: keyof Measured,
    keys: readonly [string, string],
  ): Line => {
    const [value, to] = [of(keys[0], field), of(keys[1], field)];
    const digits = field === 'cpu' || field === 'rate' ? 0 : 2;
    const unit = { cpu: 'µs', rate: '/s', p50: 'ms', p99: 'ms' }[field];
    const numbers = `${value.toFixed(digits)} ${unit} to ${to.toFixed(digits)} ${unit}`;
    return [what, ratio(value, to), target, numbers];
  };
  const table: Line[] = [];
  for (const [load, slots, target] of [
    ['many', '2,800 slots', '0.80'],
    ['few', 'six slots', '0.90'],
  ] as const)
    table.push(
      line(`durable to memory, rate, ${slots}`, target, 'rate', [
        `durable ${load}`,
        `memory ${load}`,
      ]),
      line(`durable to ceiling, processor time, ${slots}`, '2.0', 'cpu', [
        `durable ${load}`,
        `ceiling ${load}`,
      ]),
      line(`memory to ceiling, processor time, ${slots}`, '1.4', 'cpu', [
        `memory ${load}`,
        `ceiling ${load}`,
      ]),
      line(`durable to memory, p99, ${slots}`, '', 'p99', [`durable ${load}`, `memory ${load}`]),
    );
  table.push(
    line('durable to memory, p50 of one client', '2.0', 'p50', ['durable one', 'memory one']),
    line(
      `durable, a booking of a list of ${PER_LIST} to a single one, processor time`,
      '0.4',
      'cpu',
      ['durable list', 'durable many'],
    ),
  );
  return table;
}

/** Measures the writer thread alone: with 2,800 slots and with six. */
async function writerLines(rounds: number, onStep: OnStep): Promise<Line[]> {
  const size = { warmUp: isSmoke ? 1 : 300, batches: isSmoke ? 2 : 600 };
  const works: readonly (readonly [string, string, WriterWork])[] = [
    ['2,800 slots', '17 µs', { ...size, doctors: MANY.doctors, slotsPerDoctor: isSmoke ? 2 : 28 }],
    ['six slots', '13 µs', { ...size, doctors: 2, slotsPerDoctor: 3 }],
  ];
  const costs = new Map<string, WriterCost[]>(works.map(([name]) => [name, []]));
  for (let round = 1; round <= rounds; round += 1) {
    onStep('the writer, round', round, rounds);
    for (const [name, , work] of works)
      required(costs.get(name)).push(await inFreshProcess<WriterCost>(WRITER_TASK, work));
  }
  return works.map(([name, target]) => {
    const measured = required(costs.get(name));
    return [
      `the writer thread, a booking, ${name}`,
      `${median(measured.map(({ usPerBooking }) => usPerBooking)).toFixed(1)} µs`,
      target,
      `${median(measured.map(({ msPerBatch }) => msPerBatch)).toFixed(2)} ms a batch of 32`,
    ];
  });
}

/** Measures what a booking costs in processor time, as ratios with their targets. */
export async function costsBench(onStep: OnStep): Promise<Report> {
  const rounds = parameter('COSTS_ROUNDS', 1, 5);
  const requests = CONNECTIONS * Math.ceil(parameter('COSTS_REQUESTS', 64, 9_600) / CONNECTIONS);
  const writer = await writerLines(rounds, onStep);
  const generator = startLoadGenerator();
  const servers: Server[] = [];
  try {
    for (const name of SERVERS) servers.push(await startServer(name));
    const bench = new CostsBench(generator, requests);
    for (let round = 0; round <= rounds; round += 1) {
      onStep('book, round', round + 1, rounds + 1);
      await bench.round(servers, round);
    }
    for (const server of servers)
      if (server.client !== null) checkBoards(await boardsOfServer(server), server.live);
    const live = servers.reduce((sum, server) => sum + (server.client ? server.live : 0), 0);
    return {
      title: 'What a booking costs',
      remarks: [
        `Medians of ${rounds} rounds of ${grouped(requests)} bookings by ${CONNECTIONS} connections, one server after the other in each round and the same bookings to each. Processor time: of all threads of the server, for each booking.`,
        'Ceiling: Fastify routes with the same schemas and a constant answer. The writer thread: batches of 32 bookings without HTTP and service, each round in a new process.',
      ],
      head: ['what', 'measured', 'target', 'from'],
      rows: [...writer, ...linesOf(bench.results)],
      checked: `every answer a success; ${grouped(live)} live tokens read back: each once, every slot in the order of the rules.`,
    };
  } finally {
    generator.stop();
    await Promise.all(servers.map((server) => server.stop()));
  }
}
