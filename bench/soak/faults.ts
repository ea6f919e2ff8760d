import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../lib/random.ts';
import type { SoakDatabase } from './databases.ts';
import type { Service } from './service.ts';
import type { Phase, Timeline } from './timeline.ts';
import type { Traffic } from './traffic.ts';

/** A fault of the service, of its machine or of its database; resolves when the cause is over. */
interface Fault {
  readonly phase: Phase;
  readonly run: (ms: number) => Promise<void>;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** By how much the clock jumps, and back after some seconds. */
const JUMPS_MS = [HOUR_MS, 2 * DAY_MS, 400 * DAY_MS, -HOUR_MS, -DAY_MS];

/** The parts that the faults need. */
export interface FaultDeps {
  readonly service: Service;
  readonly database: SoakDatabase;
  readonly timeline: Timeline;
  readonly traffic: Traffic;
  readonly random: Random;
  /** The mean length of a fault and of the pause before it, in milliseconds. */
  readonly lengthMs: number;
}

/** Causes faults, in a random order in which every kind comes equally often. */
export class Faults {
  readonly #deps: FaultDeps;
  /** Faults that the process survives. */
  readonly #survived: readonly Fault[];
  /** Faults that end the process. */
  readonly #deadly: readonly Fault[];
  #jumps: number[] = [];
  #next: Fault[] = [];

  constructor(deps: FaultDeps) {
    const { service, database } = deps;
    this.#deps = deps;
    this.#survived = [
      { phase: 'stopped process', run: (ms) => service.freeze(ms) },
      { phase: 'clock jump', run: (ms) => this.#jump(ms) },
      ...database.faults,
    ];
    const kill: Fault = { phase: 'kill -9', run: () => this.#restart(() => service.kill()) };
    this.#deadly = [
      ...[kill, kill],
      { phase: 'restart', run: () => this.#restart(() => service.stop()) },
    ];
  }

  /** Causes one fault after another for a time, with calm between them. */
  async cause(forMs: number, isDeadly: boolean): Promise<void> {
    const end = performance.now() + forMs;
    this.#next = [];
    for (;;) {
      const calmMs = this.#anyLength();
      if (performance.now() + calmMs >= end) return pause(Math.max(end - performance.now(), 0));
      await pause(calmMs);
      await this.#meet(this.#choose(isDeadly), this.#anyLength());
    }
  }

  /** Kills the process and starts it again. */
  async kill(): Promise<void> {
    const { service } = this.#deps;
    await this.#meet({ phase: 'kill -9', run: () => this.#restart(() => service.kill()) }, 0);
  }

  /** Chooses the next fault: all kinds in random order, then all again. */
  #choose(isDeadly: boolean): Fault {
    const { random } = this.#deps;
    if (this.#next.length === 0)
      this.#next = random.sample([...this.#survived, ...(isDeadly ? this.#deadly : [])]);
    return this.#next.pop() as Fault;
  }

  /** The period of a fault lasts until the service is ready and no client repeats a request. */
  async #meet({ phase, run }: Fault, ms: number): Promise<void> {
    const { timeline, service, traffic } = this.#deps;
    timeline.begin(phase);
    await run(ms);
    await service.untilReady();
    await traffic.untilSettled();
    timeline.begin('calm');
  }

  async #jump(ms: number): Promise<void> {
    const { service, traffic, random } = this.#deps;
    if (this.#jumps.length === 0) this.#jumps = random.sample(JUMPS_MS);
    const aheadMs = this.#jumps.pop() ?? 0;
    await service.setClock(aheadMs);
    await pause(ms);
    await service.setClock(0);
    // The service stores answers for a day, and those of a day ago are as old now.
    if (Math.abs(aheadMs) >= DAY_MS) traffic.keyed.length = 0;
  }

  async #restart(end: () => Promise<void>): Promise<void> {
    await end();
    await this.#deps.service.start();
  }

  #anyLength(): number {
    return this.#deps.lengthMs * (0.5 + this.#deps.random.next());
  }
}
