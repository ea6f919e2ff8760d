import { clinicDayBench } from './clinic-day/clinic-day.ts';
import { deepWaitlistBench } from './engine/deep-waitlist.ts';
import { engineBench } from './engine/engine.ts';
import { memoryBench } from './engine/memory.ts';
import { accessBench } from './http/access.ts';
import { costsBench } from './costs/costs.ts';
import { deepHttpBench } from './http/deep-http.ts';
import { feedBench } from './feed/feed.ts';
import { httpBench } from './http/http.ts';
import { metricsBench } from './http/metrics.ts';
import { Progress, type OnStep } from './lib/progress.ts';
import { print as format, type Report } from './lib/report.ts';
import { print, runTool, ToolError, type Values } from './lib/tool.ts';
import { overloadBench } from './overload/overload.ts';
import { postgresBench } from './postgres/postgres.ts';
import { readsBench } from './reads/reads.ts';
import { scheduleBench } from './schedule/schedule.ts';
import { startUpBench } from './start-up/start-up.ts';
import { webhooksBench } from './webhooks/webhooks.ts';

/** The parts of the bench, in the order in which they run. */
export const BENCHES: Readonly<Record<string, (onStep: OnStep) => Promise<Report>>> = {
  engine: engineBench,
  deep: deepWaitlistBench,
  'deep-http': deepHttpBench,
  http: httpBench,
  costs: costsBench,
  schedule: scheduleBench,
  overload: overloadBench,
  metrics: metricsBench,
  access: accessBench,
  feed: feedBench,
  postgres: postgresBench,
  'clinic-day': clinicDayBench,
  reads: readsBench,
  webhooks: webhooksBench,
  'start-up': startUpBench,
  memory: memoryBench,
};

const HELP = `npm run bench -- [options]

Measures the service in parts and checks the answers of each part. The results go to standard output, the progress to
standard error. Exits with 1 when an answer is wrong; a missed target is no failure.

  --only PARTS   the parts to run, separated by commas; without it, all parts run
  --help         prints this text
  --version      prints the version

Parts:
  engine         bookings and cancels in the engine alone, by the length of a slot
  deep           promotions and bumps in the engine alone, by the length of the waitlist
  deep-http      the same over HTTP, one request at a time
  http           bookings and cancels over HTTP, in memory and on SQLite
  costs          the processor time of a booking, as ratios with their targets
  schedule       the processor time of GET /schedule, to a bare route with an equally large answer
  overload       ten times as many bookings as the service can store
  metrics        what metrics and traces cost a booking over HTTP
  access         what an access key and rate limits cost a booking over HTTP
  feed           how fast events arrive, and what streams of events cost a booking
  postgres       bookings over HTTP on PostgreSQL, through one process and through two
  clinic-day     calls and schedules of a busy doctor, and the end of many slots
  reads          the answers to others while large schedules, reports and histories are read
  webhooks       events that are sent to another system
  start-up       the start of the service on a large database
  memory         the memory of a live token

Environment variables set the size of a part, for example HTTP_ROUNDS=9; parameter(...) in the files of a part names
them.`;

const options = { only: { type: 'string' } } as const;

async function run({ only }: Values<typeof options>): Promise<number> {
  const names = only?.split(',') ?? Object.keys(BENCHES);
  const unknown = names.find((name) => BENCHES[name] === undefined);
  if (unknown !== undefined)
    throw new ToolError(
      `--only=${unknown} is not a part of the bench. --help describes the parts: ${Object.keys(BENCHES).join(', ')}.`,
    );
  const progress = new Progress(process.stderr);
  for (const [index, name] of names.entries()) {
    const report = await BENCHES[name]?.(progress.part(name, index + 1, names.length));
    progress.clear();
    if (report !== undefined) print(format(report));
  }
  return 0;
}

if (import.meta.main) await runTool({ help: HELP, options, run });
