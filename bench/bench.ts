import { clinicDayBench } from './clinic-day/clinic-day.ts';
import { deepHttpBench } from './http/deep-http.ts';
import { deepWaitlistBench } from './engine/deep-waitlist.ts';
import { engineBench } from './engine/engine.ts';
import { httpBench } from './http/http.ts';
import { print as format, type Report } from './lib/report.ts';
import { print, readOptions, runTool, ToolError } from './lib/tool.ts';
import { memoryBench } from './engine/memory.ts';
import { postgresBench } from './postgres/postgres.ts';
import { startUpBench } from './start-up/start-up.ts';

/** The parts, in the order in which they run. */
export const BENCHES: Readonly<Record<string, () => Promise<Report>>> = {
  engine: engineBench,
  deep: deepWaitlistBench,
  'deep-http': deepHttpBench,
  http: httpBench,
  postgres: postgresBench,
  'clinic-day': clinicDayBench,
  'start-up': startUpBench,
  memory: memoryBench,
};

const HELP = `npm run bench -- [--only ${Object.keys(BENCHES).join(',')}]

Measures the service part by part and checks every answer while doing so. Sizes are set in the environment, such as
HTTP_ROUNDS=9: see parameter(...) in the files under bench/.`;

async function main(): Promise<number> {
  const { only, help } = readOptions({ only: { type: 'string' }, help: { type: 'boolean' } });
  if (help === true) {
    print(HELP);
    return 0;
  }
  const names = only?.split(',') ?? Object.keys(BENCHES);
  const unknown = names.find((name) => BENCHES[name] === undefined);
  if (unknown !== undefined)
    throw new ToolError(`--only=${unknown} is not a part. --help lists them.`);
  for (const name of names) {
    const report = await BENCHES[name]?.();
    if (report !== undefined) print(format(report));
  }
  return 0;
}

if (import.meta.main) await runTool(main);
