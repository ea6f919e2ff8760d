import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { inFreshProcess } from '../lib/child.ts';
import { Client } from '../lib/client.ts';
import { median } from '../lib/format.ts';
import { parameter } from '../lib/parameter.ts';
import type { OnStep } from '../lib/progress.ts';
import type { Report } from '../lib/report.ts';
import { startServer } from '../lib/server.ts';
import { grouped } from '../lib/statistics.ts';
import { temporaryDirectory } from '../lib/temporary.ts';
import type { Filled, Hospital } from './fill-task.ts';
import { Prober, type Watched } from './prober.ts';
import { pipeline, readsOf, type Read } from './requests.ts';

const TURNS = new URL('./turns.ts', import.meta.url).href;
const FILL_TASK = fileURLToPath(new URL('./fill-task.ts', import.meta.url));

/** Milliseconds without a read. */
const IDLE_MS = 300;
/** The longest time that any read may keep another answer waiting. */
const TARGET_MS = 50;

/** Measures how long large reads keep other answers waiting, and how much memory they take. */
export async function readsBench(onStep: OnStep): Promise<Report> {
  const directory = temporaryDirectory();
  const hospital: Hospital = {
    path: join(directory.path, 'opd.db'),
    past: parameter('READS_PAST', 2_000, 100_000),
    live: parameter('READS_LIVE', 2_000, 50_000),
    slots: parameter('READS_SLOTS', 10, 100),
    crowded: parameter('READS_CROWDED', 1_000, 50_000),
    history: parameter('READS_HISTORY', 1_000, 20_000),
    doctors: parameter('READS_DOCTORS', 500, 5_000),
  };
  try {
    const filled = await inFreshProcess<Filled>(FILL_TASK, hospital);
    return await measure(hospital, filled, join(directory.path, 'turns'), onStep);
  } finally {
    directory.remove();
  }
}

async function measure(
  hospital: Hospital,
  filled: Filled,
  turnsFile: string,
  onStep: OnStep,
): Promise<Report> {
  const rounds = parameter('READS_ROUNDS', 1, 7);
  const pipelined = parameter('READS_PIPELINED', 20, 1_000);
  const pipelineSeconds = parameter('READS_PIPELINE_SECONDS', 1, 10);
  const server = await startServer({
    DATABASE_URL: `sqlite:${hospital.path}`,
    LOG_LEVEL: 'warn',
    WAITLIST_MAX: '1000000',
    HORIZON_DAYS: '1',
    NODE_OPTIONS: `--import=${TURNS}`,
    TURNS_FILE: turnsFile,
  });
  const client = new Client(server.url, 1);
  const prober = new Prober(server, turnsFile);
  try {
    const reads = readsOf(hospital, filled);
    const rows: string[][] = [];
    const small: number[] = [];
    for (let nth = 0; nth < parameter('READS_SMALL', 20, 500); nth += 1)
      small.push((await client.timedText(smallPath(filled))).ms);
    const idle: Watched<unknown>[] = [];
    for (let round = 0; round < rounds; round += 1)
      idle.push(await prober.watch(() => pause(IDLE_MS)));
    rows.push(rowOf('nothing', idle));
    for (const [index, read] of reads.entries()) {
      onStep(read.name, index + 1, reads.length + 1);
      const watched: Watched<number>[] = [];
      for (let round = 0; round < rounds; round += 1)
        watched.push(await prober.watch(() => send(client, read)));
      rows.push(rowOf(read.name, watched));
    }
    onStep('pipelined', reads.length + 1, reads.length + 1);
    const path = `/schedule?doctor_id=live&date=${filled.liveDate}`;
    const many = await prober.watch(() => pipeline(server.url, path, pipelined, pipelineSeconds));
    rows.push(rowOf(`${grouped(pipelined)} of it, pipelined`, [many]));
    const after = await prober.watch(() =>
      send(client, { name: '', path: '/ready', isRight: () => true }),
    );
    rows.push(rowOf('after it', [after]));
    return {
      title: 'Large reads',
      remarks: [
        `The answers to /health are measured by another process while one large answer is read from one server with SQLite; medians of ${rounds} rounds. The first line is without a read: it shows how long an answer waits because of the machine. The longest turn is the processor time for which the service could answer nothing, in the worst round; it does not depend on what else the machine does. Target: no answer waits longer than ${TARGET_MS} ms.`,
        `Before that, /schedule of a usual day of 100 tokens takes ${(median(small) * 1_000).toFixed(0)} µs (median of ${small.length}).`,
      ],
      head: ['read', 'its time ms', 'longest wait ms', 'p99 ms', 'longest turn ms', 'peak MiB'],
      rows,
      checked: `each answer has the number of tokens, changes or doctors that the database has.`,
    };
  } finally {
    prober.stop();
    client.close();
    await server.stop();
  }
}

const smallPath = ({ liveDate }: Filled): string => `/schedule?doctor_id=clinic&date=${liveDate}`;

async function send(client: Client, { name, method, path, body, isRight }: Read): Promise<number> {
  const { status, text } = await client.text(method ?? 'GET', path, body);
  if (status !== 200 || !isRight(text))
    throw new Error(`The answer to ${name} is wrong: ${status} ${text.slice(0, 200)}`);
  return text.length;
}

const rowOf = (name: string, watched: readonly Watched<unknown>[]): string[] => [
  name,
  median(watched.map(({ ms }) => ms)).toFixed(0),
  median(watched.map(({ longestMs }) => longestMs)).toFixed(1),
  median(watched.map(({ p99Ms }) => p99Ms)).toFixed(1),
  Math.max(...watched.map(({ longestTurnMs }) => longestTurnMs)).toFixed(1),
  Math.max(...watched.map(({ peakMiB }) => peakMiB)).toFixed(0),
];
