import { join } from 'node:path';
import type { PostgresServer } from '../../test/support/postgres/postgres-server.ts';
import { startBalancer, type Balancer } from '../../test/support/process/balancer.ts';
import { runSql } from '../../test/support/store/run-sql.ts';
import { Client } from '../lib/client.ts';
import { BENCH_SETTINGS, openHospital, type HospitalSize, type Target } from '../lib/hospital.ts';
import { required } from '../lib/required.ts';
import { startServer, type ServerProcess } from '../lib/server.ts';
import { temporaryDirectory } from '../lib/temporary.ts';

/** How the service is run: the database, the processes on it, and the clients, which the processes share evenly. */
export interface Deployment {
  readonly name: string;
  readonly isPostgres: boolean;
  readonly processes: number;
  readonly connections: number;
  /** Whether the clients reach the processes through HAProxy by deploy/haproxy.cfg; otherwise they share them evenly. */
  readonly isBalanced: boolean;
}

export interface RunningDeployment extends Deployment {
  /** The addresses of the clients: that of the balancer, or of each process. */
  readonly urls: readonly string[];
  /** One client for each process, which reads the slots. */
  readonly clients: readonly Client[];
  readonly targets: readonly Target[];
  /** Reads the number of transactions that wrote bookings; null for SQLite, which does not record it. */
  readonly transactions: () => Promise<number | null>;
  /** Reads the bytes of tokens and change records on disk, with all indexes; null for SQLite. */
  readonly bytes: () => Promise<number | null>;
  readonly stop: () => Promise<void>;
}

interface Database {
  readonly url: string;
  readonly transactions: RunningDeployment['transactions'];
  readonly bytes: RunningDeployment['bytes'];
  readonly remove: () => void;
}

/** Starts the processes on a new database and adds the doctors. */
export async function startDeployment(
  deployment: Deployment,
  postgres: PostgresServer,
  size: HospitalSize,
): Promise<RunningDeployment> {
  const { url, transactions, bytes, remove } = deployment.isPostgres
    ? await postgresDatabase(postgres)
    : sqliteDatabase();
  const settings = { ...BENCH_SETTINGS, DATABASE_URL: url, LOG_LEVEL: 'warn' };
  const servers: ServerProcess[] = [];
  for (let left = deployment.processes; left > 0; left -= 1)
    servers.push(await startServer(settings));
  const processes = servers.map((server) => server.url);
  const clients = processes.map((each) => new Client(each, 8));
  const balancer = deployment.isBalanced ? await balancerOf(processes) : undefined;
  const urls = balancer === undefined ? processes : [balancer.url];
  const targets = await openHospital(required(clients[0]), size);
  const stop = async (): Promise<void> => {
    for (const client of clients) client.close();
    await balancer?.stop();
    await Promise.all(servers.map((server) => server.stop()));
    remove();
  };
  return { ...deployment, urls, clients, targets, transactions, bytes, stop };
}

async function balancerOf(urls: readonly string[]): Promise<Balancer> {
  // HAProxy reads its settings only at its start.
  const directory = temporaryDirectory();
  const addresses = urls.map((each) => new URL(each).host);
  return startBalancer(directory.path, addresses).finally(() => directory.remove());
}

function sqliteDatabase(): Database {
  const directory = temporaryDirectory();
  return {
    url: `sqlite:${join(directory.path, 'opd.db')}`,
    transactions: () => Promise.resolve(null),
    bytes: () => Promise.resolve(null),
    remove: () => directory.remove(),
  };
}

let databases = 0;

/** Creates a database, which is removed with its server. */
async function postgresDatabase(server: PostgresServer): Promise<Database> {
  const url = new URL(server.url);
  url.pathname = `bench_${(databases += 1)}`;
  await runSql(server.url, `CREATE DATABASE ${url.pathname.slice(1)} TEMPLATE template0`);
  // The column xmin of a row names the transaction that wrote it. This count is exact; the statistics of the server are
  // late and include reads.
  const count = `SELECT count(DISTINCT xmin::text)::int AS transactions FROM changes WHERE kind = 'booked'`;
  const size = `SELECT (pg_total_relation_size('tokens') + pg_total_relation_size('changes'))::int AS bytes`;
  return {
    url: url.href,
    bytes: async () => Number((await runSql(url.href, size))[0]?.['bytes']),
    transactions: async () => Number((await runSql(url.href, count))[0]?.['transactions']),
    remove: () => undefined,
  };
}
