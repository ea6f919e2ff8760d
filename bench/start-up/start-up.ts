import { statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inFreshProcess } from '../lib/child.ts';
import { Client } from '../lib/client.ts';
import { median, milliseconds } from '../lib/format.ts';
import { boardsOf, checkBoards } from '../lib/hospital.ts';
import { parameter } from '../lib/parameter.ts';
import type { OnStep } from '../lib/progress.ts';
import type { Report } from '../lib/report.ts';
import { startServer } from '../lib/server.ts';
import { grouped } from '../lib/statistics.ts';
import { temporaryDirectory } from '../lib/temporary.ts';
import type { History, HistoryResult } from './history-task.ts';
import type { LoadedStore } from './load-store-task.ts';

const HISTORY_TASK = fileURLToPath(new URL('./history-task.ts', import.meta.url));
const LOAD_TASK = fileURLToPath(new URL('./load-store-task.ts', import.meta.url));
const HORIZON_DAYS = 14;

/** Returns the milliseconds from the start of the process until `/ready` answers 200; then checks the slots. */
async function timeOfStart(
  path: string,
  doctorIds: readonly string[],
  live: number,
): Promise<number> {
  const begun = performance.now();
  const server = await startServer({ DATABASE_URL: `sqlite:${path}`, LOG_LEVEL: 'warn' });
  const ms = performance.now() - begun;
  const client = new Client(server.url, 8);
  try {
    checkBoards(await boardsOf(client, doctorIds), live);
  } finally {
    client.close();
    await server.stop();
  }
  return ms;
}

/** Measures the start of the service on a large database. */
export async function startUpBench(onStep: OnStep): Promise<Report> {
  const tokens = parameter('START_TOKENS', 2_000, 1_000_000);
  const live = parameter('START_LIVE', 200, 50_000);
  const doctors = parameter('START_DOCTORS', 2, 200);
  const rounds = parameter('START_ROUNDS', 1, 5);
  const directory = temporaryDirectory();
  try {
    const path = join(directory.path, 'opd.db');
    const history: History = {
      path,
      doctors,
      past: tokens - live,
      live,
      horizonDays: HORIZON_DAYS,
    };
    const written = await inFreshProcess<HistoryResult>(HISTORY_TASK, history);
    const doctorIds = Array.from({ length: doctors }, (_, index) => `doctor-${index}`);
    const starts: number[] = [];
    const loads: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      onStep('round', round + 1, rounds);
      starts.push(await timeOfStart(path, doctorIds, written.live));
      const loaded = await inFreshProcess<LoadedStore>(LOAD_TASK, path);
      if (loaded.live !== written.live)
        throw new Error(`${loaded.live} live tokens were loaded instead of ${written.live}.`);
      loads.push(loaded.ms);
    }
    const row = (name: string, values: readonly number[]): string[] => [
      name,
      milliseconds(median(values)),
      milliseconds(Math.min(...values)),
      milliseconds(Math.max(...values)),
    ];
    return {
      title: 'Start-up on a large database',
      remarks: [
        `${grouped(written.tokens)} tokens in ${grouped(written.changes)} changes of ${grouped(doctors)} doctors (${grouped(statSync(path).size / 2 ** 20)} MiB); ${grouped(written.live)} tokens are live. ${rounds} starts; the operating system has the file in its cache.`,
        'Target: process start to /ready in less than 2 s.',
      ],
      head: ['milliseconds', 'median', 'least', 'most'],
      rows: [
        row('process start to /ready', starts),
        row('of it opening and loading the store', loads),
      ],
      checked: `after every start ${grouped(written.live)} live tokens, every slot in the order of the rules.`,
    };
  } finally {
    directory.remove();
  }
}
