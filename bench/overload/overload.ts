import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '../lib/client.ts';
import { median, milliseconds, ratio } from '../lib/format.ts';
import {
  BENCH_SETTINGS,
  boardsOf,
  bookingsOf,
  checkBoards,
  openHospital,
  type HospitalSize,
} from '../lib/hospital.ts';
import { startGenerator } from '../lib/load.ts';
import { isSmoke, parameter } from '../lib/parameter.ts';
import type { OnStep } from '../lib/progress.ts';
import { Random } from '../lib/random.ts';
import type { Report } from '../lib/report.ts';
import { startServer } from '../lib/server.ts';
import { grouped, percentile } from '../lib/statistics.ts';
import { temporaryDirectory } from '../lib/temporary.ts';
import { ToolError } from '../lib/tool.ts';
import type { OpenLoad, OpenLoadResult } from './open-load-task.ts';

const TASK = fileURLToPath(new URL('./open-load-task.ts', import.meta.url));
const SEED = 20_260_105;
const SIZE: HospitalSize = isSmoke
  ? { doctors: 2, sessions: 2, capacity: 2 }
  : { doctors: 100, sessions: 4, capacity: 25 };
const PEAK_CONNECTIONS = isSmoke ? 4 : 64;
/** How many times the peak the flood wants to send. */
const FLOOD = 10;
/** The part of the peak that is sent after the flood. */
const AFTERWARDS = 0.5;
/** Milliseconds from one look at the memory of the server to the next. */
const MEMORY_MS = 100;
const MEBIBYTE = 1_048_576;

/** The loads, in the order of the table. */
const LOADS = ['peak', 'flood', 'afterwards'] as const;
type LoadName = (typeof LOADS)[number];

interface Measured extends OpenLoadResult {
  /** The most resident memory of the server, in MiB; NaN where the system does not tell it. */
  readonly memoryMiB: number;
}

/** Measures what happens when clients send ten times as many bookings as the service can store. */
export async function overloadBench(onStep: OnStep): Promise<Report> {
  const rounds = parameter('OVERLOAD_ROUNDS', 1, 3);
  const seconds = parameter('OVERLOAD_SECONDS', 0.2, 5);
  const connections = parameter('OVERLOAD_CONNECTIONS', 80, 900);
  const directory = temporaryDirectory();
  const server = await startServer({
    ...BENCH_SETTINGS,
    DATABASE_URL: `sqlite:${join(directory.path, 'opd.db')}`,
    LOG_LEVEL: 'error',
    ...(isSmoke ? { REQUESTS_MAX: '4', CONNECTIONS_MAX: '60' } : {}),
  });
  const client = new Client(server.url, 8);
  const generator = startGenerator<OpenLoad, OpenLoadResult>(TASK);
  try {
    const targets = await openHospital(client, SIZE);
    // Without patient ids, because the bookings are sent more than once.
    const bookings = bookingsOf(targets, { random: new Random(SEED), first: 0, count: 10_000 }).map(
      (booking) => booking.replace(/,"patient_id":"[^"]*"/, ''),
    );
    const send = async (load: Pick<OpenLoad, 'connections' | 'rate'>): Promise<Measured> => {
      const memory = watchMemory(server.pid);
      const result = await generator.send({ ...load, url: server.url, seconds, bookings });
      return { ...result, memoryMiB: memory.stop() };
    };
    const measured: Record<LoadName, Measured[]> = { peak: [], flood: [], afterwards: [] };
    for (let round = 0; round <= rounds; round += 1) {
      onStep('round', round + 1, rounds + 1);
      // As fast as the connections can: a rate that no server reaches.
      const peak = await send({ connections: PEAK_CONNECTIONS, rate: 1_000_000 });
      const rate = rateOf(peak, 201);
      const flood = await send({ connections, rate: rate * FLOOD });
      const afterwards = await send({ connections: PEAK_CONNECTIONS, rate: rate * AFTERWARDS });
      for (const [name, result] of Object.entries({ peak, flood, afterwards }))
        measured[name as LoadName].push(result);
    }
    const all = Object.values(measured).flat();
    const booked = all.reduce((sum, result) => sum + latenciesOf(result, 201).length, 0);
    assertAnswered(all);
    const doctorIds = [...new Set(targets.map(({ doctorId }) => doctorId))];
    checkBoards(await boardsOf(client, doctorIds), booked);
    return {
      title: 'Overload: bookings at a fixed rate, SQLite',
      remarks: [
        `Medians of ${rounds} rounds of ${seconds} s for each load, after a round that is not counted; percentiles over all rounds. Peak: as many bookings as ${PEAK_CONNECTIONS} connections can send. Flood: ${grouped(connections)} clients want to send ten times the peak. Each has one connection and one request at a time, so they send what the answers allow; a client sends again at once when its request was refused, and connects again after a second when its connection was refused. Afterwards: half the peak, from the end of the flood on.`,
        'Memory: the most resident memory of the service; it includes the bookings stored so far.',
        'Targets of the flood: bookings at least 0.8 of the peak, their p99 under 500 ms, p99 of refusals under 100 ms. Target of the load afterwards: no refusal.',
      ],
      head: [
        'load',
        'wanted/s',
        'sent/s',
        'bookings/s',
        'to peak',
        'p50 ms',
        'p99 ms',
        'refused/s',
        'p50 ms',
        'p99 ms',
        'connections refused/s',
        'p99 ms',
        'memory MiB',
      ],
      rows: LOADS.map((name) => rowOf(name, measured[name].slice(1), measured.peak.slice(1))),
      checked: `every answer 201 or 503; ${grouped(booked)} live tokens read back: each once, no slot over its capacity, every slot in the order of the rules.`,
    };
  } finally {
    generator.stop();
    client.close();
    await server.stop();
    directory.remove();
  }
}

const latenciesOf = ({ answers }: OpenLoadResult, status: number): number[] =>
  answers.filter((answer) => answer.status === status).map(({ ms }) => ms);

const rateOf = (result: OpenLoadResult, status: number): number =>
  latenciesOf(result, status).length / result.seconds;

/** @throws ToolError when a request got no answer, or another one than a booking or a refusal */
function assertAnswered(results: readonly OpenLoadResult[]): void {
  const errors = results.reduce((sum, result) => sum + result.errors, 0);
  const others = results.flatMap(({ answers }) =>
    answers.filter(({ status }) => status !== 201 && status !== 503).map(({ status }) => status),
  );
  if (errors > 0 || others.length > 0)
    throw new ToolError(
      `${errors} requests have no answer, and these have another status: ${others.slice(0, 5).join(', ') || 'none'}.`,
    );
}

function rowOf(name: LoadName, results: readonly Measured[], peaks: readonly Measured[]): string[] {
  const all = (status: number): number[] =>
    results.flatMap((result) => latenciesOf(result, status));
  const peak = median(peaks.map((result) => rateOf(result, 201)));
  const bookings = median(results.map((result) => rateOf(result, 201)));
  return [
    name,
    name === 'peak'
      ? ''
      : grouped(median(results.map(({ sent, unsent, seconds }) => (sent + unsent) / seconds))),
    grouped(median(results.map(({ sent, seconds }) => sent / seconds))),
    grouped(bookings),
    ratio(bookings, peak),
    milliseconds(percentile(all(201), 0.5)),
    milliseconds(percentile(all(201), 0.99)),
    grouped(median(results.map((result) => rateOf(result, 503)))),
    milliseconds(percentile(all(503), 0.5)),
    milliseconds(percentile(all(503), 0.99)),
    grouped(
      median(
        results.map(
          (result) => (result.refusedConnections.length + result.closed) / result.seconds,
        ),
      ),
    ),
    milliseconds(
      percentile(
        results.flatMap(({ refusedConnections }) => refusedConnections),
        0.99,
      ),
    ),
    memoryText(Math.max(...results.map(({ memoryMiB }) => memoryMiB))),
  ];
}

const memoryText = (mebibytes: number): string => (mebibytes > 0 ? mebibytes.toFixed(0) : '');

/** Watches the resident memory of a process, where the system tells it. */
function watchMemory(pid: number): { stop(): number } {
  let most = residentMiB(pid);
  const timer = setInterval(() => (most = Math.max(most, residentMiB(pid))), MEMORY_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return most;
    },
  };
}

function residentMiB(pid: number): number {
  try {
    const [, kibibytes] =
      /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return (Number(kibibytes) * 1_024) / MEBIBYTE;
  } catch {
    return NaN;
  }
}
