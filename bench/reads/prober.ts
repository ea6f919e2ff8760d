import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ServerProcess } from '../lib/server.ts';
import type { Probed, ProbeOrder } from './probe-task.ts';

const TASK = fileURLToPath(new URL('./probe-task.ts', import.meta.url));

/** Milliseconds between two looks at a file. */
const POLL_MS = 5;

/** What a server did to its other clients while something was read. */
export interface Watched<T> extends Probed {
  readonly result: T;
  /** Milliseconds that the read took. */
  readonly ms: number;
  /** Milliseconds of processor time of the server's longest turn of the event loop. */
  readonly longestTurnMs: number;
  /** The most resident memory of the server, in MiB; NaN where the system does not tell it. */
  readonly peakMiB: number;
}

/** Asks for `/health` every few milliseconds, from a process of its own, while something is read. */
export class Prober {
  readonly #child = fork(TASK, { serialization: 'advanced' });
  readonly #server: ServerProcess;
  readonly #turnsFile: string;

  /** @param turnsFile the file to which the server writes its longest turn; see turns.ts */
  constructor(server: ServerProcess, turnsFile: string) {
    this.#server = server;
    this.#turnsFile = turnsFile;
  }

  async watch<T>(read: () => Promise<T>): Promise<Watched<T>> {
    const begun = once(this.#child, 'message');
    this.#tell({ url: this.#server.url });
    await begun;
    resetPeak(this.#server.pid);
    await this.#longestTurnMs();
    const startedAt = performance.now();
    const result = await read();
    const ms = performance.now() - startedAt;
    const answered = once(this.#child, 'message') as Promise<[Probed]>;
    this.#tell('end');
    const [probed] = await answered;
    const longestTurnMs = await this.#longestTurnMs();
    return { result, ms, longestTurnMs, peakMiB: peakMiB(this.#server.pid), ...probed };
  }

  stop(): void {
    this.#child.kill();
  }

  /** The longest turn since the last call. */
  async #longestTurnMs(): Promise<number> {
    rmSync(this.#turnsFile, { force: true });
    process.kill(this.#server.pid, 'SIGWINCH');
    while (!existsSync(this.#turnsFile) || readFileSync(this.#turnsFile, 'utf8') === '')
      await pause(POLL_MS);
    return Number(readFileSync(this.#turnsFile, 'utf8'));
  }

  #tell(order: ProbeOrder): void {
    this.#child.send(order);
  }
}

/** Makes Linux forget the peak of a process's memory so far; other systems do not tell a peak. */
function resetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {
    return;
  }
}

function peakMiB(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1_024;
  } catch {
    return NaN;
  }
}
