import autocannon from 'autocannon';
import { Random } from './random.ts';

/** What one round sends: these bookings; if it is mixed, after each of them a cancel of a random token. */
export interface Load {
  /** Where to; the connections are divided evenly among several. */
  readonly url: string | readonly string[];
  readonly connections: number;
  /** JSON, each sent once. */
  readonly bookings: readonly string[];
  readonly isMixed: boolean;
  /** Sets the tokens of this server that may be cancelled; mixed rounds keep them current from then on. */
  readonly tokenIds?: readonly string[];
}

export interface LoadResult {
  /** From the first request to the last answer. */
  readonly seconds: number;
  /** Milliseconds from each request to its answer. */
  readonly latencies: readonly number[];
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Requests without an answer. */
  readonly errors: number;
  /** The load generator's processor time as a share of the round: near 1, it is the limit and not the server. */
  readonly busy: number;
}

const HEADERS = { 'content-type': 'application/json' };
const ID = /"id":"([^"]+)"/;

/** The tokens that may be cancelled, by server. */
const pools = new Map<string, string[]>();

/** Requests are built before the clock starts; only a cancel, whose token is chosen then, is built when it is sent. */
function requestsOf(load: Load, client: number): autocannon.Request[] {
  const book = (body: string): autocannon.Request => ({
    method: 'POST',
    path: '/book',
    headers: HEADERS,
    body,
  });
  const own = load.bookings.filter((_, index) => index % load.connections === client);
  if (!load.isMixed) return own.map(book);
  const random = new Random(client);
  const pool = pools.get(String(load.url)) ?? [];
  const cancel: autocannon.Request = {
    method: 'POST',
    path: '/cancel',
    headers: HEADERS,
    setupRequest: (request) => ({
      ...request,
      body: `{"token_id":"${take(pool, random.below(pool.length))}"}`,
    }),
  };
  const onResponse = (_status: number, body: string): void => {
    pool.push(ID.exec(body)?.[1] ?? '');
  };
  return own.flatMap((body) => [{ ...book(body), onResponse }, cancel]);
}

/** Takes an item out; the last one fills its place. */
function take(items: string[], index: number): string {
  const last = items.pop() ?? '';
  const item = items[index] ?? last;
  if (index < items.length) items[index] = last;
  return item;
}

/** Starts autocannon: what tells of it while it runs, and its result. */
function run(options: Omit<autocannon.Options, 'url'> & Pick<Load, 'url'>) {
  const { promise: finished, resolve, reject } = Promise.withResolvers<autocannon.Result>();
  // It takes several URLs, as its manual says; its types know of one.
  const tracker = autocannon(options as autocannon.Options, (error: Error | null, result) => {
    if (error === null) resolve(result);
    else reject(error);
  });
  return { tracker, finished };
}

/** Sends one round's load with autocannon, every request exactly once. */
export async function sendLoad(load: Load): Promise<LoadResult> {
  const { url, connections, bookings, isMixed, tokenIds } = load;
  if (tokenIds !== undefined) pools.set(String(url), [...tokenIds]);
  const amount = bookings.length * (isMixed ? 2 : 1);
  const latencies: number[] = [];
  let clients = 0;
  let start = 0;
  let end = 0;
  let usage = process.cpuUsage();
  const { tracker, finished } = run({
    url,
    connections,
    amount,
    // Milliseconds between two looks at whether it is done.
    sampleInt: 50,
    setupClient: (client) => client.setRequests(requestsOf(load, clients++)),
  });
  tracker.on('start', () => {
    start = performance.now();
    usage = process.cpuUsage();
  });
  tracker.on('response', (_client, _status, _bytes, latency) => {
    if (latencies.push(latency) < amount) return;
    end = performance.now();
    usage = process.cpuUsage(usage);
  });
  const { errors, statusCodeStats } = await finished;
  const statuses = Object.entries(statusCodeStats ?? {});
  return {
    seconds: (end - start) / 1_000,
    latencies,
    statuses: Object.fromEntries(statuses.map(([status, { count = 0 }]) => [status, count])),
    errors,
    busy: (usage.user + usage.system) / 1_000 / (end - start),
  };
}

if (process.send !== undefined && import.meta.main)
  process.on('message', (load: Load) => {
    void sendLoad(load).then((result) => process.send?.(result));
  });
