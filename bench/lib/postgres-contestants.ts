import { join } from 'node:path';
import type { PostgresServer } from '../../test/support/postgres/postgres-server.ts';
import { runSql } from '../../test/support/store/run-sql.ts';
import { Client } from './client.ts';
import { must } from './clinic.ts';
import { ROOMY } from './contestants.ts';
import { openHospital, type HospitalSize, type Target } from './hospital.ts';
import { startServer, type ServerProcess } from './server.ts';
import { temporaryDirectory } from './temporary.ts';

/** A way of serving: so many processes on one database, and the clients that they share evenly. */
export interface Way {
  readonly name: string;
  readonly isPostgres: boolean;
  readonly processes: number;
  readonly connections: number;
}

export interface Contestant extends Way {
  /** Of each process. */
  readonly urls: readonly string[];
  /** To read the boards of each process with. */
  readonly clients: readonly Client[];
  readonly targets: readonly Target[];
  /** How many transactions have booked so far; null where they leave no trace. */
  readonly transactions: () => Promise<number | null>;
  /** What tokens and their change records take on disk, with all indexes; null where nobody says. */
  readonly bytes: () => Promise<number | null>;
  readonly stop: () => Promise<void>;
}

interface Database {
  readonly url: string;
  readonly transactions: Contestant['transactions'];
  readonly bytes: Contestant['bytes'];
  readonly remove: () => void;
}

/** Starts the processes on a new database and sets the doctors up. */
export async function startContestant(
  way: Way,
  postgres: PostgresServer,
  size: HospitalSize,
): Promise<Contestant> {
  const { url, transactions, bytes, remove } = way.isPostgres
    ? await postgresDatabase(postgres)
    : sqliteDatabase();
  const settings = { ...ROOMY, DATABASE_URL: url, LOG_LEVEL: 'warn' };
  const servers: ServerProcess[] = [];
  for (let left = way.processes; left > 0; left -= 1) servers.push(await startServer(settings));
  const urls = servers.map((server) => server.url);
  const clients = urls.map((each) => new Client(each, 8));
  const targets = await openHospital(must(clients[0]), size);
  const stop = async (): Promise<void> => {
    for (const client of clients) client.close();
    await Promise.all(servers.map((server) => server.stop()));
    remove();
  };
  return { ...way, urls, clients, targets, transactions, bytes, stop };
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

/** A database of the server's, which goes with the server. */
async function postgresDatabase(server: PostgresServer): Promise<Database> {
  const url = new URL(server.url);
  url.pathname = `bench_${(databases += 1)}`;
  await runSql(server.url, `CREATE DATABASE ${url.pathname.slice(1)} TEMPLATE template0`);
  // Every row names the transaction that has written it: exact, where the server's statistics lag and count reads too.
  const count = `SELECT count(DISTINCT xmin::text)::int AS transactions FROM changes WHERE kind = 'booked'`;
  const size = `SELECT (pg_total_relation_size('tokens') + pg_total_relation_size('changes'))::int AS bytes`;
  return {
    url: url.href,
    bytes: async () => Number((await runSql(url.href, size))[0]?.['bytes']),
    transactions: async () => Number((await runSql(url.href, count))[0]?.['transactions']),
    remove: () => undefined,
  };
}
