import autocannon from 'autocannon';
import { authorizationOf } from './client.ts';
import { Random } from './random.ts';

/** The requests of one round: bookings, and in a mixed round a cancel of a random token after each booking. */
export interface Load {
  /** The server, or several servers that share the connections evenly. */
  readonly url: string | readonly string[];
  readonly connections: number;
  /** The bodies in JSON; each is sent once. */
  readonly bookings: readonly string[];
  readonly isMixed: boolean;
  /** The secret of an access key; none by default. */
  readonly key?: string;
  /** The path of the bookings; `/book` by default. */
  readonly path?: string;
  /** Sets the tokens of this server that can be cancelled; later mixed rounds update them from the answers. */
  readonly tokenIds?: readonly string[];
}

export interface LoadResult {
  /** From the first request to the last answer. */
  readonly seconds: number;
  /** Milliseconds from each request to its answer. */
  readonly latencies: readonly number[];
  /** Number of answers with each status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Requests without an answer. */
  readonly errors: number;
  /** The load generator's processor time as a share of the round; near 1, the generator is the limit, not the server. */
  readonly busy: number;
}

const ID = /"id":"([^"]+)"/;

/** The tokens that can be cancelled, by server. */
const pools = new Map<string, string[]>();

/** Builds the requests before the measurement starts; only a cancel gets its body, with a random token, when it is sent. */
function requestsOf(load: Load, client: number): autocannon.Request[] {
  const headers = { 'content-type': 'application/json', ...authorizationOf(load.key) };
  const book = (body: string): autocannon.Request => ({
    method: 'POST',
    path: load.path ?? '/book',
    headers,
    body,
  });
  const own = load.bookings.filter((_, index) => index % load.connections === client);
  if (!load.isMixed) return own.map(book);
  const random = new Random(client);
  const pool = pools.get(String(load.url)) ?? [];
  const cancel: autocannon.Request = {
    method: 'POST',
    path: '/cancel',
    headers,
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

/** Removes and returns an item; the last item takes its place in the list. */
function take(items: string[], index: number): string {
  const last = items.pop() ?? '';
  const item = items[index] ?? last;
  if (index < items.length) items[index] = last;
  return item;
}

/** Starts autocannon; returns its event emitter and the promise of its result. */
function run(options: Omit<autocannon.Options, 'url'> & Pick<Load, 'url'>) {
  const { promise: finished, resolve, reject } = Promise.withResolvers<autocannon.Result>();
  // autocannon takes several URLs, as its manual says, but its types allow only one.
  const tracker = autocannon(options as autocannon.Options, (error: Error | null, result) => {
    if (error === null) resolve(result);
    else reject(error);
  });
  return { tracker, finished };
}

/** Sends the requests of one round with autocannon, each exactly once. */
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
    // autocannon checks at this interval, in milliseconds, whether all answers are there.
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
