import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '../lib/client.ts';
import { openHospital, type HospitalSize, type Target } from '../lib/hospital.ts';
import { startServer } from '../lib/server.ts';
import { temporaryDirectory } from '../lib/temporary.ts';

const CEILING = fileURLToPath(new URL('./ceiling-server.ts', import.meta.url));

/** The servers compared, in the order of the table. */
export const CONTESTANTS = ['ceiling', 'memory', 'durable', 'durable, logs on'] as const;
export type ContestantName = (typeof CONTESTANTS)[number];

export interface Contestant {
  readonly name: ContestantName;
  readonly url: string;
  /** To read the boards with; null of the ceiling, which has none. */
  readonly client: Client | null;
  /** Empty of the ceiling. */
  readonly targets: readonly Target[];
  /** Live tokens that its boards must show. */
  live: number;
  stop(): Promise<void>;
}

/** Settings of a server whose waitlists never are too long for a bench. */
export const ROOMY = { WAITLIST_MAX: '1000000', HORIZON_DAYS: '7' } as const;

/** Starts a server and sets its doctors up. */
export async function startContestant(
  name: ContestantName,
  size: HospitalSize,
): Promise<Contestant> {
  if (name === 'ceiling') return startCeiling();
  const directory = temporaryDirectory();
  const server = await startServer({
    ...ROOMY,
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
  return { name, url: server.url, client, targets, live: 0, stop };
}

async function startCeiling(): Promise<Contestant> {
  const child = fork(CEILING);
  const [url] = (await once(child, 'message')) as [string];
  const stop = async (): Promise<void> => {
    const exited = once(child, 'exit');
    child.kill();
    await exited;
  };
  return { name: 'ceiling', url, client: null, targets: [], live: 0, stop };
}
