import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';
import { required } from './required.ts';
import { ToolError } from './tool.ts';

export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** Resolves when the process has ended, with its exit code, or null if a signal has ended it. */
  readonly exited: Promise<number | null>;
  /** Stops the server with SIGTERM; resolves with its exit code, or null when it did not stop in time and was killed. */
  stop(): Promise<number | null>;
}

type ServerChild = ChildProcessByStdio<null, Readable, Readable>;

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const START_MS = 60_000;
const STOP_MS = 20_000;
const POLL_MS = 20;
/** Log levels at which the server logs its address. */
const ADDRESS_LEVELS: readonly string[] = ['info', 'debug', 'trace'];

/**
 * Starts the service as a new process on 127.0.0.1 and waits until it is ready for commands.
 * @param environment the settings of the server; only PATH, TZ and NODE_COMPILE_CACHE are added; without PORT it takes a free port
 * @param onLog gets the text of the server's log; without PORT, not the lines before the address
 * @throws ToolError with the server's error output when it does not start
 */
export async function startServer(
  environment: Readonly<Record<string, string>>,
  onLog: (text: string) => void = () => undefined,
): Promise<ServerProcess> {
  const logsAddress = ADDRESS_LEVELS.includes(environment['LOG_LEVEL'] ?? 'info');
  const port = environment['PORT'] ?? (logsAddress ? '0' : await freePort());
  const { PATH = '', TZ, NODE_COMPILE_CACHE } = process.env;
  const child = spawn(process.execPath, [MAIN], {
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
  const exited = once(child, 'exit').then(() => {
    process.off('exit', kill);
    return child.exitCode;
  });
  const ended = endOf(child);
  const timeout = setTimeout(kill, START_MS);
  try {
    const url = port === '0' ? await loggedUrl(child, ended) : `http://127.0.0.1:${port}`;
    // The log must still be read, because a full pipe would block the server.
    child.stdout.setEncoding('utf8').on('data', onLog).resume();
    await untilReady(child, url, ended);
    return { url, pid: required(child.pid), exited, stop: () => stop(child, exited) };
  } finally {
    clearTimeout(timeout);
  }
}

/** Rejects with the server's last error output when the server ends. */
function endOf(child: ServerChild): Promise<never> {
  let errorOutput = '';
  child.stderr
    .setEncoding('utf8')
    .on('data', (chunk: string) => (errorOutput = (errorOutput + chunk).slice(-4_000)));
  const ended = once(child, 'close').then(() => {
    throw new ToolError(
      `The server did not start: ${errorOutput.trim() || 'it was not ready in time'}`,
    );
  });
  // After the server was ready, its end is not a failure.
  ended.catch(() => undefined);
  return ended;
}

/** Returns the first address of 127.0.0.1 in the server's log. */
async function loggedUrl({ stdout }: ServerChild, ended: Promise<never>): Promise<string> {
  for await (const line of createInterface({ input: stdout })) {
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
    if (url !== undefined) return url;
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

async function stop(child: ServerChild, exited: Promise<number | null>): Promise<number | null> {
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  const code = await exited;
  clearTimeout(killer);
  return code;
}
