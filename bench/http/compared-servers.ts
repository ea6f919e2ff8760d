import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '../lib/client.ts';
import { BENCH_SETTINGS, openHospital, type HospitalSize, type Target } from '../lib/hospital.ts';
import { required } from '../lib/required.ts';
import { startServer } from '../lib/server.ts';
import { temporaryDirectory } from '../lib/temporary.ts';

const CEILING = fileURLToPath(new URL('./ceiling-server.ts', import.meta.url));

/** The servers that the bench compares, in the order of the table. */
export const COMPARED_SERVERS = ['ceiling', 'memory', 'durable', 'durable, logs on'] as const;
export type ComparedServerName = (typeof COMPARED_SERVERS)[number];

/** A running server of the comparison. */
export interface ComparedServer {
  readonly name: ComparedServerName;
  readonly url: string;
  readonly pid: number;
  /** Reads the slots; null for the ceiling, which has no slots. */
  readonly client: Client | null;
  /** The slots to book; empty for the ceiling. */
  readonly targets: readonly Target[];
  /** The live tokens that its slots must show. */
  live: number;
  stop(): Promise<void>;
}

/** Starts a server and adds its doctors. */
export async function startComparedServer(
  name: ComparedServerName,
  size: HospitalSize,
): Promise<ComparedServer> {
  if (name === 'ceiling') return startCeiling();
  const directory = temporaryDirectory();
  const server = await startServer({
    ...BENCH_SETTINGS,
    DATABASE_URL: name === 'memory' ? 'memory:' : `sqlite:${join(directory.path, 'opd.db')}`,
    LOG_LEVEL: name === 'durable, logs on' ? 'info' : 'warn',
  });
  const client = new Client(server.url, 8);
  const targets = await openHospital(client, size);
  const stop = async (): Promise<void> => {
    client.close();
    await server.stop();
    directory.remove();
  };
  const { url, pid } = server;
  return { name, url, pid, client, targets, live: 0, stop };
}

async function startCeiling(): Promise<ComparedServer> {
  const child = fork(CEILING);
  const [url] = (await once(child, 'message')) as [string];
  const stop = async (): Promise<void> => {
    const exited = once(child, 'exit');
    child.kill();
    await exited;
  };
  const pid = required(child.pid);
  return { name: 'ceiling', url, pid, client: null, targets: [], live: 0, stop };
}
