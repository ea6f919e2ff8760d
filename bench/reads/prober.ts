import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ServerProcess } from '../lib/server.ts';
import type { Probed, ProbeOrder } from './probe-task.ts';

const TASK = fileURLToPath(new URL('./probe-task.ts', import.meta.url));

/** What a server did to its other clients while something was read. */
export interface Watched<T> extends Probed {
  readonly result: T;
  /** Milliseconds that the read took. */
  readonly ms: number;
  /** The most resident memory of the server, in MiB; NaN where the system does not tell it. */
  readonly peakMiB: number;
}

/** Asks for `/health` every few milliseconds, from a process of its own, while something is read. */
export class Prober {
  readonly #child = fork(TASK, { serialization: 'advanced' });
  readonly #server: ServerProcess;

  constructor(server: ServerProcess) {
    this.#server = server;
  }

  async watch<T>(read: () => Promise<T>): Promise<Watched<T>> {
    const begun = once(this.#child, 'message');
    this.#tell({ url: this.#server.url });
    await begun;
    resetPeak(this.#server.pid);
    const startedAt = performance.now();
    const result = await read();
    const ms = performance.now() - startedAt;
    const answered = once(this.#child, 'message') as Promise<[Probed]>;
    this.#tell('end');
    const [probed] = await answered;
    return { result, ms, peakMiB: peakMiB(this.#server.pid), ...probed };
  }

  stop(): void {
    this.#child.kill();
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
