import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../lib/random.ts';
import type { SoakDatabase } from './databases.ts';
import type { Service } from './service.ts';
import type { Fault, Timeline } from './timeline.ts';
import type { Traffic } from './traffic.ts';

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
  #jumps: number[] = [];
  #next: (() => Promise<void>)[] = [];

  constructor(deps: FaultDeps) {
    const { service, database } = deps;
    this.#deps = deps;
    this.#survived = [
      { phase: 'stopped process', run: (meanwhile) => service.freeze(meanwhile) },
      { phase: 'clock jump', run: (meanwhile) => this.#jump(meanwhile) },
      ...database.faults,
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
      if (this.#next.length === 0) this.#next = this.#deck(isDeadly);
      await this.#next.pop()?.();
    }
  }

  /** Kills the process and starts it again. */
  kill(): Promise<void> {
    return this.#meet(() => this.#end('kill -9'));
  }

  /** Every kind of fault once, in random order; the ends of the process come alone and during another fault. */
  #deck(isDeadly: boolean): (() => Promise<void>)[] {
    const { random } = this.#deps;
    const survived = this.#survived.map(
      (fault) => () => this.#meet(() => this.#suffer(fault, () => pause(this.#anyLength()))),
    );
    const ends = (['kill -9', 'restart'] as const).flatMap((phase) => {
      // A stopped process does not hear a signal that only asks it to end.
      const heard = this.#survived.filter((fault) => fault.phase !== 'stopped process');
      const during = phase === 'restart' ? heard : this.#survived;
      return [
        () => this.#meet(() => this.#end(phase)),
        () => this.#meet(() => this.#suffer(random.pick(during), () => this.#endLater(phase))),
      ];
    });
    return random.sample([...survived, ...(isDeadly ? ends : [])]);
  }

  /** The last period of a fault lasts until the service is ready and no client repeats a request. */
  async #meet(cause: () => Promise<void>): Promise<void> {
    const { timeline, service, traffic } = this.#deps;
    await cause();
    if (!service.isRunning) await service.start();
    await service.untilReady();
    await traffic.untilSettled();
    timeline.begin('calm');
  }

  async #suffer({ phase, run }: Fault, meanwhile: () => Promise<void>): Promise<void> {
    this.#deps.timeline.begin(phase);
    await run(meanwhile);
  }

  /** Ends the process. */
  async #end(phase: 'kill -9' | 'restart'): Promise<void> {
    const { service, timeline } = this.#deps;
    timeline.begin(phase);
    await (phase === 'kill -9' ? service.kill() : service.stop());
  }

  async #endLater(phase: 'kill -9' | 'restart'): Promise<void> {
    await pause(this.#anyLength());
    await this.#end(phase);
  }

  /** Sets the clock ahead or back for a time. A process that has ended meanwhile may start before the clock is right. */
  async #jump(meanwhile: () => Promise<void>): Promise<void> {
    const { service, traffic, random } = this.#deps;
    if (this.#jumps.length === 0) this.#jumps = random.sample(JUMPS_MS);
    const aheadMs = this.#jumps.pop() ?? 0;
    await service.setClock(aheadMs);
    await meanwhile();
    if (!service.isRunning && random.chance(0.5)) await service.start();
    await service.setClock(0);
    // The service stores answers for a day, and those of a day ago are as old now.
    if (Math.abs(aheadMs) >= DAY_MS) traffic.forgetKeyed();
  }

  #anyLength(): number {
    return this.#deps.lengthMs * (0.5 + this.#deps.random.next());
  }
}
