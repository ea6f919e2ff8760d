import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startServer, type ServerProcess } from '../lib/server.ts';
import { temporaryDirectory } from '../lib/temporary.ts';
import type { Violations } from '../lib/violations.ts';
import { required } from '../lib/required.ts';

const PROBE = new URL('./probe-task.ts', import.meta.url).href;

/** Seconds that the service gives to slow clients. They are short, so that the soak meets these bounds often. */
export const PATIENCE = { headerSeconds: 2, requestSeconds: 4 } as const;

const POLL_MS = 10;
/** The service must be ready again this long after a fault is over. */
const READY_MS = 60_000;
const KIB = 1_024;
/** Log lines of this level (`error` of pino) or above are faults of the service. */
const ERROR_LEVEL = 50;

interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly err?: { readonly stack: string };
}

/** What the process of the service takes at one instant. */
export interface Measurement {
  /** Bytes of the heap and of buffers outside it, after a garbage collection. */
  readonly heap: number;
  /** Bytes of resident memory. */
  readonly resident: number;
  /** Open files, connections included. */
  readonly descriptors: number;
}

/** The service under soak: a process that is killed, stopped and started again, always on the same port. */
export class Service {
  /** The messages of the log at `error` or above, with their number. */
  readonly errors = new Map<string, number>();
  readonly #directory = temporaryDirectory();
  readonly #settings: Readonly<Record<string, string>>;
  readonly #violations: Violations;
  #process: ServerProcess | undefined;
  #url = '';
  #aheadMs = 0;
  #isEnding = false;
  /** The beginning of a log line whose end has not arrived yet. */
  #unread = '';

  constructor(databaseUrl: string, violations: Violations) {
    this.#violations = violations;
    this.#settings = {
      DATABASE_URL: databaseUrl,
      LOG_LEVEL: 'error',
      HEADER_SECONDS: String(PATIENCE.headerSeconds),
      REQUEST_SECONDS: String(PATIENCE.requestSeconds),
      NODE_OPTIONS: `--import=${PROBE}`,
      PROBE_FILE: this.#file,
    };
  }

  get url(): string {
    return this.#url;
  }

  get pid(): number {
    return required(this.#process).pid;
  }

  /** Starts the process, with the clock as it was set last; resolves when it is ready for commands. */
  async start(): Promise<void> {
    this.#order();
    this.#unread = '';
    const port = this.#url === '' ? {} : { PORT: new URL(this.#url).port };
    const server = await startServer({ ...this.#settings, ...port }, (text) => this.#read(text));
    this.#process = server;
    this.#url = server.url;
    this.#isEnding = false;
    void server.exited.then((code) => {
      if (!this.#isEnding) this.#violations.add(`the service has ended by itself with ${code}`);
    });
  }

  /** Ends the process as a power cut does. */
  async kill(): Promise<void> {
    this.#isEnding = true;
    process.kill(this.pid, 'SIGKILL');
    await required(this.#process).exited;
  }

  /** Ends the process in order. */
  async stop(): Promise<void> {
    this.#isEnding = true;
    const code = await required(this.#process).stop();
    this.#violations.same('the exit code after SIGTERM', code, 0);
  }

  /** Whether the process runs, as far as the soak has not ended it. */
  get isRunning(): boolean {
    return !this.#isEnding;
  }

  /** Lets the process do nothing for a time, as a machine does whose memory is on disk. */
  async freeze(meanwhile: () => Promise<void>): Promise<void> {
    process.kill(this.pid, 'SIGSTOP');
    await meanwhile();
    if (this.isRunning) process.kill(this.pid, 'SIGCONT');
  }

  /** Sets the clock of the service, of its next process if none runs. */
  async setClock(aheadMs: number): Promise<void> {
    this.#aheadMs = aheadMs;
    if (this.isRunning) await this.#ask();
  }

  /** Resolves when the service takes commands. */
  async untilReady(): Promise<void> {
    const deadline = performance.now() + READY_MS;
    while (!(await this.#isReady())) {
      if (performance.now() > deadline) {
        this.#violations.add(`the service was not ready ${READY_MS / 1_000} s after a fault`);
        return;
      }
      await pause(POLL_MS);
    }
  }

  async measure(): Promise<Measurement> {
    const heap = await this.#ask();
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return {
      heap,
      resident: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * KIB,
      descriptors: readdirSync(`/proc/${this.pid}/fd`).length,
    };
  }

  /** Ends what is left of the process and removes the files of the soak. */
  async remove(): Promise<void> {
    this.#isEnding = true;
    await this.#process?.stop();
    this.#directory.remove();
  }

  async #isReady(): Promise<boolean> {
    const answer = await fetch(`${this.#url}/ready`, { headers: { connection: 'close' } }).catch(
      () => undefined,
    );
    await answer?.body?.cancel();
    return answer?.status === 200;
  }

  get #file(): string {
    return join(this.#directory.path, 'probe');
  }

  #order(): void {
    writeFileSync(this.#file, JSON.stringify({ aheadMs: this.#aheadMs }));
  }

  /** Gives the order to the process; returns the bytes of its heap after a garbage collection. */
  async #ask(): Promise<number> {
    const answer = `${this.#file}.answer`;
    rmSync(answer, { force: true });
    this.#order();
    process.kill(this.pid, 'SIGWINCH');
    while (!existsSync(answer)) await pause(POLL_MS);
    return Number(readFileSync(answer, 'utf8'));
  }

  #read(text: string): void {
    const lines = (this.#unread + text).split('\n');
    this.#unread = lines.pop() ?? '';
    for (const line of lines) {
      const { level, msg, err } = JSON.parse(line) as LogLine;
      if (level < ERROR_LEVEL) continue;
      const error = err === undefined ? msg : `${msg}: ${err.stack}`;
      this.errors.set(error, (this.errors.get(error) ?? 0) + 1);
    }
  }
}
