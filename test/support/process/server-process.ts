import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { bundleOf } from './bundle-of.ts';
import { eventually } from '../eventually.ts';

export const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const LAZY_COMPILERS = new URL('./lazy-compilers.ts', import.meta.url).href;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process of the service and its output so far. */
export class ServerProcess {
  readonly exited: Promise<Exit>;
  /** The URL on which the service listens; empty until it is known. */
  url = '';
  /** Everything that the process has written to stdout. */
  log = '';
  /** Everything that the process has written to stderr. */
  errors = '';
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.log += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
    this.exited = new Promise((resolve) => {
      child.on('close', (code, signal) => resolve({ code, signal }));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Sends a signal; resolves when the process has ended and its output is read. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.#child.kill(signal);
    return this.exited;
  }

  /** Stops reading the process's stdout, like a log collector that hangs. */
  pauseLog(): void {
    this.#child.stdout?.pause();
  }

  resumeLog(): void {
    this.#child.stdout?.resume();
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  get(path: string): Promise<Response> {
    return fetch(this.url + path);
  }
}

const started = new Set<ServerProcess>();

/** Kills the servers that a failed test has left running. */
export async function killServers(): Promise<void> {
  for (const server of started) {
    server.resumeLog();
    await server.stop('SIGKILL');
  }
  started.clear();
}

/**
 * A time zone in which the tests begin between 3 and 4 o'clock, whatever the time in UTC. The sessions of the demo roster
 * are in the zone of the process, so while the tests run, no day of its doctors begins and no session of theirs ends.
 */
function earlyZone(): string {
  const aheadHours = ((3 - new Date().getUTCHours() + 36) % 24) - 12;
  // The sign of these zones is reversed: Etc/GMT-5 is five hours ahead of UTC.
  return `Etc/GMT${aheadHours > 0 ? '-' : '+'}${Math.abs(aheadHours)}`;
}

const EARLY_ZONE = earlyZone();

type Environment = Readonly<Record<string, string>>;

/** The environment of a process of the service: these settings and no others, and a free port if no PORT is set. */
export function environmentOf(settings: Environment): Environment {
  const { PATH = '', TZ = EARLY_ZONE, NODE_COMPILE_CACHE = '' } = process.env;
  return { PATH, NODE_COMPILE_CACHE, TZ, PORT: '0', ...settings };
}

/** How a process is started. */
export interface Spawning {
  /** The file descriptor of its standard output; by default the test reads it as `log`. */
  readonly output?: number | 'pipe';
  /** How many files the process may open at the same time, if not as many as this process. */
  readonly openFiles?: number;
  /** The file that the process runs, if not the bundle of `src/main.ts`. */
  readonly program?: string;
}

/** Starts the service with these settings and no others. */
export function spawnServer(
  settings: Environment,
  { output = 'pipe', openFiles, program = bundleOf('src/main.ts') }: Spawning = {},
): ServerProcess {
  const env = environmentOf(settings);
  const node = [process.execPath, '--import', LAZY_COMPILERS, program] as const;
  const [command, ...args] =
    openFiles === undefined
      ? node
      : ['sh', '-c', `ulimit -n ${openFiles} && exec "$0" "$@"`, ...node];
  const child = spawn(command, args, { env, stdio: ['ignore', output, 'pipe'] });
  const server = new ServerProcess(child);
  started.add(server);
  return server;
}

/**
 * Starts the service and waits until it takes commands. The settings must name a PORT if the log is silent or the test
 * does not read it.
 * @param output the file descriptor of its standard output; by default the test reads it as `log`
 * @throws Error with the output of the process, when the process ends before that
 */
export async function startServer(
  settings: Environment,
  spawning: Spawning = {},
): Promise<ServerProcess> {
  const server = spawnServer(settings, spawning);
  const { PORT = '0' } = settings;
  await eventually(async () => {
    if (server.hasExited) throw new Error(`The server has ended: ${server.errors}${server.log}`);
    server.url =
      PORT === '0'
        ? (/"url":"(http:\/\/[\d.]+:\d+)"/.exec(server.log)?.[1] ?? '')
        : `http://127.0.0.1:${PORT}`;
    return server.url !== '' && (await server.get('/ready').catch(() => null))?.status === 200;
  });
  return server;
}
