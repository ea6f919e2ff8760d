import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ScheduleView } from '../../src/http/resources/index.ts';
import { startComparedServer, type ComparedServer } from '../http/compared-servers.ts';
import { bodyOf, type Client } from '../lib/client.ts';
import { cpuTimeOf } from '../lib/cpu-time.ts';
import { median, ratio } from '../lib/format.ts';
import { startGenerator } from '../lib/load.ts';
import { parameter } from '../lib/parameter.ts';
import { forEachConcurrently } from '../lib/pool.ts';
import type { OnStep } from '../lib/progress.ts';
import type { Report } from '../lib/report.ts';
import { required } from '../lib/required.ts';
import { grouped } from '../lib/statistics.ts';
import { ToolError } from '../lib/tool.ts';
import type { ReadLoad } from './read-task.ts';

const READER = fileURLToPath(new URL('./read-task.ts', import.meta.url));
const BARE = fileURLToPath(new URL('./bare-server.ts', import.meta.url));
const CONNECTIONS = 32;
const SLOTS_A_DAY = 4;
const TOKENS = 100;
const TARGET = '1.50';
const DAY_MS = 86_400_000;

const dateIn = (days: number): string =>
  new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);

/** The schedule of two days of a doctor, from tomorrow on: their slots are the same at every time of the day. */
const pathOf = (doctorId: string): string =>
  `/schedule?doctor_id=${doctorId}&from=${dateIn(1)}&to=${dateIn(2)}`;

/** Gives a doctor 100 tokens in the slots of two days. */
async function fill(client: Client, doctorId: string): Promise<void> {
  const { slots } = bodyOf(await client.get(pathOf(doctorId)), 'GET /schedule') as ScheduleView;
  const bookings = Array.from({ length: TOKENS }, (_, nth) => ({
    doctor_id: doctorId,
    slot_id: required(slots[nth % slots.length]).id,
    patient_name: `Patient ${nth}`,
    patient_type: 'ONLINE_BOOKING',
    ...(nth % 2 === 0 ? { patient_id: `p-${nth}` } : {}),
  }));
  bodyOf(await client.post('/bookings', { bookings, all_or_nothing: true }), 'POST /bookings');
}

/** Starts the bare route with an answer as large as the service's. */
async function startBare(schedule: ScheduleView) {
  const child = fork(BARE);
  child.send(schedule);
  const [url] = (await once(child, 'message')) as [string];
  return { url, pid: required(child.pid), stop: () => void child.kill() };
}

interface Line {
  readonly what: string;
  readonly url: string;
  readonly pid: number;
  readonly paths: readonly string[];
}

const sizesOf = (): { rounds: number; reads: number; doctors: number } => ({
  rounds: parameter('SCHEDULE_ROUNDS', 1, 9),
  reads: parameter('SCHEDULE_READS', 32, 1_600),
  // More slots than the service remembers the texts of.
  doctors: parameter('SCHEDULE_DOCTORS', 2, 200),
});

async function measure(
  lines: readonly Line[],
  { rounds, reads }: { rounds: number; reads: number },
  onStep: OnStep,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const generator = startGenerator<ReadLoad, number>(READER);
  const costs = new Map<string, number[]>();
  try {
    for (let round = 0; round <= rounds; round += 1) {
      onStep('schedules, round', round + 1, rounds + 1);
      for (const { what, url, pid, paths } of round % 2 === 0 ? lines : lines.toReversed()) {
        const before = cpuTimeOf(pid);
        const failed = await generator.send({
          ...{ url, paths, count: reads, connections: CONNECTIONS },
        });
        if (failed > 0) throw new ToolError(`${failed} reads of ${what} failed.`);
        // In round 0 the code is compiled.
        if (round > 0)
          costs.set(what, [...(costs.get(what) ?? []), (cpuTimeOf(pid) - before) / reads]);
      }
    }
  } finally {
    generator.stop();
  }
  return costs;
}

async function scheduleIn(server: ComparedServer, doctorId: string): Promise<ScheduleView> {
  const { body } = await required(server.client).get(pathOf(doctorId));
  const schedule = body as ScheduleView;
  const shown = schedule.slots.flatMap(({ tokens, waitlist }) => [...tokens, ...waitlist]);
  if (new Set(shown.map(({ id }) => id)).size !== TOKENS)
    throw new Error(`The schedule shows ${shown.length} tokens instead of ${TOKENS}.`);
  return schedule;
}

/** Measures what a schedule costs in processor time, to a bare route with an equally large answer. */
export async function scheduleBench(onStep: OnStep): Promise<Report> {
  const sizes = sizesOf();
  const size = { doctors: sizes.doctors, sessions: SLOTS_A_DAY, capacity: 25 };
  const server = await startComparedServer('durable', size);
  const ids = [...new Set(server.targets.map(({ doctorId }) => doctorId))];
  await forEachConcurrently(ids, 8, (id) => fill(required(server.client), id));
  const [first = ''] = ids;
  const bare = await startBare(await scheduleIn(server, first));
  try {
    const { url, pid } = server;
    const lines: readonly Line[] = [
      { what: 'bare route', url: bare.url, pid: bare.pid, paths: ['/schedule'] },
      { what: 'a schedule that has not changed', url, pid, paths: [pathOf(first)] },
      { what: 'schedules of many doctors in turn', url, pid, paths: ids.map(pathOf) },
    ];
    const costs = await measure(lines, sizes, onStep);
    const of = (what: string): number => median(required(costs.get(what)));
    const text = JSON.stringify(await scheduleIn(server, first));
    return {
      title: 'What a schedule costs',
      remarks: [
        `Two days with ${2 * SLOTS_A_DAY} slots and ${TOKENS} tokens, ${grouped(text.length)} bytes. Medians of ${sizes.rounds} rounds of ${grouped(sizes.reads)} reads by ${CONNECTIONS} connections, one line after the other in each round. Processor time: of all threads of the server, for each read. The service is on SQLite.`,
        `The bare route has the same schema and answers a constant. The service remembers the texts of unchanged slots; those of ${ids.length} doctors are more than it remembers, so each is written again. Target: at most ${TARGET} of the bare route.`,
      ],
      head: ['what is read', 'µs a read', 'to bare route'],
      rows: lines.map(({ what }) => [what, of(what).toFixed(0), ratio(of(what), of('bare route'))]),
      checked: `every read answered; the schedule shows each of its ${TOKENS} tokens once.`,
    };
  } finally {
    bare.stop();
    await server.stop();
  }
}
