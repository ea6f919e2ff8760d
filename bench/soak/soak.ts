import { print, runTool, seedOf, ToolError, type Values } from '../lib/tool.ts';
import { DATABASES, isDatabaseName, type DatabaseName } from './databases.ts';
import { reportLines } from './report.ts';
import { soak } from './run.ts';

const HELP = `npm run soak -- [options]

Runs the service for a time with everything that can go wrong: front desks that book, move, call and cancel, an office
that opens, changes and closes slots, readers, and rude clients, while the process is stopped, killed and started again,
its clock jumps, its disk is full, and its database cuts the connections or crashes. Then it reads everything back: no
acknowledged command is lost, nothing was shown that is not on record, no seat is sold twice, npm run verify is clean,
and the process has not grown. Prints a report with a verdict. Exits with 1 when the verdict is bad.

  --minutes N        how long the load lasts on each database (10); a part of a minute too, such as 0.5
  --seed N           repeats the choices of a run, but not the order of its concurrent requests
  --database NAMES   sqlite, postgres, or both, separated by a comma (sqlite,postgres); memory shows that the soak works,
                     because there a kill loses everything
  --help             prints this text
  --version          prints the version`;

const options = {
  minutes: { type: 'string', default: '10' },
  seed: { type: 'string' },
  database: { type: 'string', default: 'sqlite,postgres' },
} as const;

const MINUTES_MAX = 10_000;
const MINUTE_MS = 60_000;

/**
 * Reads the values of the options.
 * @throws ToolError that names the option with a wrong value
 */
function checked({ minutes, seed, database }: Values<typeof options>) {
  return {
    durationMs: minutesOf(minutes) * MINUTE_MS,
    seed: seedOf(seed),
    databases: database.split(',').map(databaseOf),
  };
}

function minutesOf(text: string): number {
  const minutes = /^\d{1,5}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (minutes > 0 && minutes <= MINUTES_MAX) return minutes;
  throw new ToolError(
    `--minutes=${text} is not valid: it takes a number above 0, up to ${MINUTES_MAX}; see --help.`,
  );
}

function databaseOf(name: string): DatabaseName {
  if (isDatabaseName(name)) return name;
  throw new ToolError(
    `--database=${name} is not valid: it takes ${Object.keys(DATABASES).join(', ')}; see --help.`,
  );
}

async function run(values: Values<typeof options>): Promise<number> {
  const { databases, ...given } = checked(values);
  let exitCode = 0;
  for (const database of databases) {
    const startedAt = performance.now();
    const onPart = (part: string): void => {
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0);
      process.stderr.write(`${database}, ${seconds} s: ${part}\n`);
    };
    const result = await soak({ database, ...given, onPart });
    for (const line of [...reportLines(result), '']) print(line);
    if (result.violations.count > 0) exitCode = 1;
  }
  return exitCode;
}

await runTool({ help: HELP, options, run });
