import autocannon from 'autocannon';
import { STATUS_CODES } from 'node:http';
import { join } from 'node:path';
import { PROBLEMS } from '../../src/http/problem.ts';
import { startServer } from '../lib/server.ts';
import { temporaryDirectory } from '../lib/temporary.ts';
import { print, runTool, serverUrl, wholeNumber, type Values } from '../lib/tool.ts';
import { mixOf, REQUEST_NAMES, requestsOf, type RequestName } from './requests.ts';
import { openTargets } from './targets.ts';

const HELP = `npm run load -- [options]

Sends requests to a running server with autocannon, as fast as the server answers them, and prints the rate, the
latencies, and every status and error code that came back, with its meaning. The server gets new doctors whose ids
begin with load-, because a load test must not book the slots of real patients; they stay there with their tokens. If
the server does not take them, as the original service, the slots of the demo roster are booked. Exits with 1 when a
request got no answer, or an answer with a status from 500 on, except 503, which refuses a request that may be
repeated.

  --url URL           a running server; without it, a server is started on a temporary SQLite file
  --key SECRET        an access key of an administrator, if the running server needs one
  --connections N     connections, each with one request in flight (64)
  --seconds N         how long requests are sent (10)
  --mix LIST          what each connection sends in turn: ${REQUEST_NAMES.join(', ')}, each as often as it is
                      named (${REQUEST_NAMES.join(',')})
  --help              prints this text
  --version           prints the version`;

const options = {
  url: { type: 'string' },
  key: { type: 'string' },
  connections: { type: 'string', default: '64' },
  seconds: { type: 'string', default: '10' },
  mix: { type: 'string', default: REQUEST_NAMES.join(',') },
} as const;

/** Answers of one kind. */
interface AnswerCount {
  readonly name: RequestName;
  readonly status: number;
  /** The code of a problem; empty when the answer has none. */
  readonly code: string;
  count: number;
}

const CODE = /"code":"([a-z_]+)"/;

/** Counts answers by request, status and code. */
class AnswerCounts {
  readonly #counts = new Map<string, AnswerCount>();

  add(name: RequestName, status: number, body: string): void {
    const code = status < 400 ? '' : (CODE.exec(body)?.[1] ?? '');
    const key = `${name} ${status} ${code}`;
    const counted = this.#counts.get(key);
    if (counted === undefined) this.#counts.set(key, { name, status, code, count: 1 });
    else counted.count += 1;
  }

  /** The counts, in the order of the requests and the statuses. */
  get all(): readonly AnswerCount[] {
    const order = ({ name, status }: AnswerCount): number =>
      REQUEST_NAMES.indexOf(name) * 1_000 + status;
    return [...this.#counts.values()].sort((a, b) => order(a) - order(b));
  }
}

const meaningOf = ({ status, code }: AnswerCount): string =>
  code in PROBLEMS ? PROBLEMS[code as keyof typeof PROBLEMS].title : (STATUS_CODES[status] ?? '');

const hasFailed = ({ status }: AnswerCount): boolean => status >= 500 && status !== 503;

/** What the options say, when all of them are valid. */
interface Load {
  readonly key: string | undefined;
  readonly connections: number;
  readonly seconds: number;
  readonly mix: readonly RequestName[];
}

async function run({
  url,
  key,
  connections,
  seconds,
  mix,
}: Values<typeof options>): Promise<number> {
  const given = {
    key,
    connections: wholeNumber('connections', connections, 1, 10_000),
    seconds: wholeNumber('seconds', seconds, 1, 86_400),
    mix: mixOf(mix),
  };
  const running = url === undefined ? undefined : serverUrl(url);
  const code = running === undefined ? await loadNewServer(given) : await load(running, given);
  const address = running === undefined ? '' : `--url ${running} `;
  // The secret itself is not printed.
  const access = key === undefined ? '' : '--key SECRET ';
  print(
    `Repeat: npm run load -- ${address}${access}--connections ${connections} --seconds ${seconds} --mix ${mix}`,
  );
  return code;
}

async function loadNewServer(given: Load): Promise<number> {
  const directory = temporaryDirectory();
  const server = await startServer({ DATABASE_URL: `sqlite:${join(directory.path, 'load.db')}` });
  try {
    return await load(server.url, given);
  } finally {
    await server.stop();
    directory.remove();
  }
}

/** Sends the load and prints the result; returns the exit code. */
async function load(url: string, { key, connections, seconds, mix }: Load): Promise<number> {
  const targets = await openTargets(url, connections, key);
  const counts = new AnswerCounts();
  const onAnswer = counts.add.bind(counts);
  let clients = 0;
  const { latency, duration, errors } = await autocannon({
    url,
    connections,
    duration: seconds,
    setupClient: (client) =>
      client.setRequests(requestsOf(mix, targets, { client: clients++, key, onAnswer })),
  });
  const answers = counts.all.reduce((sum, { count }) => sum + count, 0);
  print(
    `${Math.round(answers / duration)} answers/s over ${duration} s on ${connections} connections`,
  );
  print(
    `latency in ms: p50 ${latency.p50}, p90 ${latency.p90}, p99 ${latency.p99}, longest ${latency.max}`,
  );
  print();
  for (const answer of counts.all)
    print(
      `${`${answer.name} ${answer.status}`.padEnd(14)}${String(answer.count).padStart(9)}  ` +
        `${answer.code.padEnd(24)}${meaningOf(answer)}`,
    );
  print(`${'no answer'.padEnd(14)}${String(errors).padStart(9)}`);
  print();
  return errors > 0 || counts.all.some(hasFailed) ? 1 : 0;
}

await runTool({ help: HELP, options, run });
