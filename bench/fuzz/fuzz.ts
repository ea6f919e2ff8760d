import { join } from 'node:path';
import { PostgresServer } from '../../test/support/postgres/postgres-server.ts';
import { runSql } from '../../test/support/store/run-sql.ts';
import { Progress } from '../lib/progress.ts';
import { Random } from '../lib/random.ts';
import { required } from '../lib/required.ts';
import { grouped } from '../lib/statistics.ts';
import { temporaryDirectory } from '../lib/temporary.ts';
import { print, runTool, seedOf, wholeNumber, type Values } from '../lib/tool.ts';
import { Findings } from './findings.ts';
import { reportLines } from './fuzz-report.ts';
import { FuzzedService } from './fuzzed-service.ts';
import type { Operation } from './operations.ts';
import { Round, STARTS } from './round.ts';

const HELP = `npm run fuzz -- [options]

Sends random requests to the service, made from its own description (/openapi.json): valid, nearly valid and hostile ones,
and bytes that are no HTTP. Every answer must be described, fit its schema, and be no 5xx, and no request may hang. After
each round of requests every slot must be as the rules say, and npm run verify must find the database clean. The rounds
take turns on a database in memory, on SQLite and, one in ten, on PostgreSQL. The service runs in the process of this
program, with a clock of its own.

Prints how often each operation was answered with each status, which operations never succeeded, and each fault with a
command that repeats it. Exits with 1 when there is a fault.

  --requests N   how many requests are sent (100,000)
  --seed N       repeats a run
  --help         prints this text
  --version      prints the version`;

const options = {
  requests: { type: 'string', default: '100000' },
  seed: { type: 'string' },
} as const;

/** Requests of a round, which has a database of its own: a longer round slows down, because its database grows. */
const ROUND_REQUESTS = 2_500;

/** The databases of the rounds, in turns. */
const DATABASES = [
  ...['memory', 'SQLite', 'SQLite', 'memory', 'SQLite', 'SQLite', 'memory', 'SQLite', 'PostgreSQL'],
  'SQLite',
] as const;

/** Makes the databases of the rounds. */
class Databases {
  readonly #directory = temporaryDirectory();
  #postgres: PostgresServer | undefined;

  /** The URL of an empty database. */
  async url(kind: (typeof DATABASES)[number], nth: number): Promise<string> {
    if (kind === 'memory') return 'memory:';
    if (kind === 'SQLite') return `sqlite:${join(this.#directory.path, `${nth}.db`)}`;
    this.#postgres ??= await PostgresServer.start();
    const url = new URL(this.#postgres.url);
    url.pathname = `fuzz_${nth}`;
    await runSql(this.#postgres.url, `CREATE DATABASE fuzz_${nth} TEMPLATE template0`);
    return url.href;
  }

  async remove(): Promise<void> {
    await this.#postgres?.remove();
    this.#directory.remove();
  }
}

async function run(values: Values<typeof options>): Promise<number> {
  const requests = wholeNumber('requests', values.requests, 1, 100_000_000);
  const seed = seedOf(values.seed);
  print(`${grouped(requests)} requests; repeat them with --seed ${seed} --requests ${requests}`);
  const findings = new Findings();
  const progress = new Progress(process.stderr);
  const databases = new Databases();
  const random = new Random(seed);
  const rounds = Math.ceil(requests / ROUND_REQUESTS);
  let operations: readonly Operation[] = [];
  try {
    for (let nth = 0; nth < rounds; nth += 1) {
      const kind = required(DATABASES[nth % DATABASES.length]);
      progress.part(`${kind}, ${grouped(findings.requests)} requests so far`, nth + 1, rounds);
      const service = await FuzzedService.open(await databases.url(kind, nth), random.pick(STARTS));
      const round = await Round.begin(service, { seed: random.below(2 ** 32), findings });
      await round.run(Math.min(ROUND_REQUESTS, requests - nth * ROUND_REQUESTS));
      await service.close();
      ({ operations } = round);
    }
  } finally {
    progress.clear();
    await databases.remove();
  }
  for (const line of ['', ...reportLines(operations, findings)]) print(line);
  const { length } = findings.all;
  print(
    length === 0
      ? 'No fault was found (expected: 0 faults).'
      : `${length} kinds of faults (expected: 0). Repeat the run with --seed ${seed} --requests ${requests}.`,
  );
  return length === 0 ? 0 : 1;
}

await runTool({ help: HELP, options, run });
