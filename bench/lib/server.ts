import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ToolError } from './tool.ts';

export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** Stops it as an operator would; resolves with its exit code, null when it had to be killed. */
  stop(): Promise<number | null>;
}

type ServerChild = ChildProcessByStdio<null, Readable, Readable>;

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const START_MS = 60_000;
const STOP_MS = 20_000;
const POLL_MS = 20;
/** Levels at which the server says where it listens. */
const TELLING_LEVELS: readonly string[] = ['info', 'debug', 'trace'];

/**
 * Starts the service as a process of its own on 127.0.0.1 and waits until it takes commands.
 * @param environment the server's settings and nothing else, except PATH, TZ and NODE_COMPILE_CACHE; without PORT, any free port
 * @throws ToolError with what the server said when it does not start
 */
export async function startServer(
  environment: Readonly<Record<string, string>>,
  nodeOptions: readonly string[] = [],
): Promise<ServerProcess> {
  const isTelling = TELLING_LEVELS.includes(environment['LOG_LEVEL'] ?? 'info');
  const port = environment['PORT'] ?? (isTelling ? '0' : String(await freePort()));
  const { PATH = '', TZ, NODE_COMPILE_CACHE } = process.env;
  const child = spawn(process.execPath, [...nodeOptions, MAIN], {
    env: {
      PATH,
      ...(TZ === undefined ? {} : { TZ }),
      // Only the tests set it: they start hundreds of processes of the same files.
      ...(NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE }),
      HOST: '127.0.0.1',
      ...environment,
      PORT: port,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.on('exit', kill);
  const exited = once(child, 'exit').then(() => process.off('exit', kill));
  const ended = endOf(child);
  const giveUp = setTimeout(kill, START_MS);
  try {
    const url = port === '0' ? await urlTold(child, ended) : `http://127.0.0.1:${port}`;
    // Its log goes on: unread, it would fill the pipe.
    child.stdout.resume();
    await untilReady(child, url, ended);
    return { url, pid: child.pid ?? 0, stop: () => stop(child, exited) };
  } finally {
    clearTimeout(giveUp);
  }
}

/** A port that nothing listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Rejects when the server ends, with what it said last. */
function endOf(child: ServerChild): Promise<never> {
  let said = '';
  child.stderr
    .setEncoding('utf8')
    .on('data', (chunk: string) => (said = (said + chunk).slice(-4_000)));
  const ended = once(child, 'close').then(() => {
    throw new ToolError(`The server did not start: ${said.trim() || 'it took too long'}`);
  });
  // Once the server is ready, its end is no failure.
  ended.catch(() => undefined);
  return ended;
}

async function urlTold({ stdout }: ServerChild, ended: Promise<never>): Promise<string> {
  for await (const line of createInterface({ input: stdout })) {
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
    if (line.includes('Server listening at') && url !== undefined) return url;
  }
  return ended;
}

async function untilReady(child: ServerChild, url: string, ended: Promise<never>): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    const answer = await fetch(`${url}/ready`, { headers: { connection: 'close' } }).catch(
      () => undefined,
    );
    await answer?.body?.cancel();
    if (answer?.status === 200) return;
    await pause(POLL_MS);
  }
  return ended;
}

async function stop(child: ServerChild, exited: Promise<unknown>): Promise<number | null> {
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await exited;
  clearTimeout(killer);
  return child.exitCode;
}
