import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { eventually } from '../eventually.ts';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process of the service and what it has said so far. */
export class ServerProcess {
  readonly exited: Promise<Exit>;
  /** Where it listens; empty until that is known. */
  url = '';
  /** Everything on stdout. */
  log = '';
  /** Everything on stderr. */
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

  get hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Sends a signal; resolves when the process has ended and its output is read. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.#child.kill(signal);
    return this.exited;
  }

  /** Stops reading what it writes to stdout, as a log collector that hangs. */
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

/** Ends what a test that failed has left behind. */
export async function killServers(): Promise<void> {
  for (const server of started) {
    server.resumeLog();
    await server.stop('SIGKILL');
  }
  started.clear();
}

type Environment = Readonly<Record<string, string>>;

/** A process of `src/main.ts` with these settings and no others, on a free port if none is set. */
export function spawnServer(settings: Environment): ServerProcess {
  const { PATH = '', TZ, NODE_COMPILE_CACHE = '' } = process.env;
  const zone = TZ === undefined ? {} : { TZ };
  const env = { PATH, NODE_COMPILE_CACHE, ...zone, PORT: '0', ...settings };
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const server = new ServerProcess(child);
  started.add(server);
  return server;
}

/**
 * Starts the service and waits until it takes commands. Settings that silence its log must name a PORT.
 * @throws Error with what the process wrote, when it ends instead
 */
export async function startServer(settings: Environment): Promise<ServerProcess> {
  const server = spawnServer(settings);
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

/** A port of 127.0.0.1 that nobody listens on right now. */
export async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return String(port);
}
