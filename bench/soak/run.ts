import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from '../lib/client.ts';
import { Random } from '../lib/random.ts';
import { Violations } from '../lib/violations.ts';
import { DATABASES, type DatabaseName, type SoakDatabase } from './databases.ts';
import { Desk } from './desk.ts';
import { Expectations } from './expectations.ts';
import { Faults } from './faults.ts';
import { Gate } from './gate.ts';
import { Hospital } from './hospital.ts';
import { Ledger } from './ledger.ts';
import { growthOf, sampleAtRest, type Growth, type Sample } from './memory.ts';
import { Office } from './office.ts';
import { readBack, type ReadBack } from './read-back.ts';
import { Reader } from './reader.ts';
import { RudeClient } from './rude.ts';
import { Service } from './service.ts';
import { Tally } from './tally.ts';
import { Timeline, type Period } from './timeline.ts';
import { Traffic } from './traffic.ts';
import type { WorkerDeps } from './worker.ts';

/** How a soak is run. */
export interface SoakPlan {
  readonly database: DatabaseName;
  readonly durationMs: number;
  readonly seed: number;
  /** Called when a part of the soak begins. */
  readonly onPart: (part: string) => void;
}

/** What a soak has found. */
export interface SoakResult {
  readonly plan: SoakPlan;
  readonly periods: readonly Period[];
  readonly skipped: readonly string[];
  readonly tally: Tally;
  readonly samples: readonly Sample[];
  readonly growth: readonly Growth[];
  readonly readBack: ReadBack;
  /** What `npm run verify` has printed; null for a database that only the service can read. */
  readonly verified: string | null;
  readonly violations: Violations;
}

const VERIFY = fileURLToPath(new URL('../../src/cli/verify.ts', import.meta.url));
/** Requests in flight at most; each client has one. */
const CONNECTIONS = 64;
const DESKS = 16;
const READERS = 3;
const RUDE_CLIENTS = 4;
/** The part of the time in which the process is not killed, so that its memory can be compared. */
const STEADY_SHARE = 0.6;
/** The memory is measured so often; a shorter soak measures it twice and compares nothing. */
const SAMPLES = 6;
const COMPARED_FROM_MS = 60_000;
/** The first measurement waits for this share of the steady part, because the code is compiled and the caches fill. */
const WARM_UP_SHARE = 0.15;
/** The mean length of a fault is this share of the soak, within the bounds, in milliseconds. */
const FAULT_SHARE = 1 / 60;
const FAULT_MS = { min: 250, max: 3_000 } as const;

/** Runs a soak on one database: a steady part, a part with kills, a kill under load, and the comparison at the end. */
export async function soak(plan: SoakPlan): Promise<SoakResult> {
  const violations = new Violations();
  const database = await DATABASES[plan.database]();
  const service = new Service(database.url, violations);
  try {
    await service.start();
    return await new Soak(plan, database, service, violations).run();
  } finally {
    await service.remove();
    await database.remove();
  }
}

class Soak {
  readonly #plan: SoakPlan;
  readonly #database: SoakDatabase;
  readonly #service: Service;
  readonly #violations: Violations;
  readonly #random: Random;
  readonly #client: Client;
  readonly #hospital = new Hospital();
  readonly #timeline = new Timeline();
  readonly #samples: Sample[] = [];
  readonly #startedAt = performance.now();

  constructor(plan: SoakPlan, database: SoakDatabase, service: Service, violations: Violations) {
    this.#plan = plan;
    this.#database = database;
    this.#service = service;
    this.#violations = violations;
    this.#random = new Random(plan.seed);
    this.#client = new Client(service.url, CONNECTIONS);
  }

  async run(): Promise<SoakResult> {
    const { onPart, durationMs } = this.#plan;
    await this.#hospital.open(this.#client);
    const traffic = await this.#traffic();
    const faults = this.#faults(traffic);
    const ending = new AbortController();
    const workers = this.#startWorkers(traffic, ending.signal);
    onPart('the load, with faults that the process survives');
    await this.#steadyPart(faults, traffic, durationMs * STEADY_SHARE);
    onPart('the load, with kills too');
    await faults.cause(durationMs - (performance.now() - this.#startedAt), true);
    await faults.kill();
    ending.abort();
    await Promise.all(workers);
    onPart('everything is read back');
    const read = await readBack(this.#hospital, traffic);
    this.#client.close();
    await this.#service.stop();
    return this.#result(traffic, read, await this.#verify());
  }

  async #traffic(): Promise<Traffic> {
    return new Traffic({
      ...{ client: this.#client, timeline: this.#timeline, violations: this.#violations },
      expectations: await Expectations.of(this.#client),
      gate: new Gate(),
      ledger: new Ledger(),
      tally: new Tally(),
    });
  }

  #faults(traffic: Traffic): Faults {
    const mean = Math.min(
      Math.max(this.#plan.durationMs * FAULT_SHARE, FAULT_MS.min),
      FAULT_MS.max,
    );
    return new Faults({
      ...{ service: this.#service, database: this.#database, timeline: this.#timeline },
      ...{ traffic, random: this.#random, lengthMs: mean },
    });
  }

  #startWorkers(traffic: Traffic, ending: AbortSignal): Promise<void>[] {
    const deps = (name: string, nth: number): WorkerDeps => ({
      ...{ name: `${name} ${nth}`, traffic, hospital: this.#hospital },
      random: new Random(this.#random.below(2 ** 32)),
    });
    const all = (name: string, count: number, run: (deps: WorkerDeps) => Promise<void>) =>
      Array.from({ length: count }, (_, nth) => run(deps(name, nth)));
    return [
      ...all('desk', DESKS, (each) => new Desk(each).run(ending)),
      ...all('office', 1, (each) => new Office(each).run(ending)),
      ...all('reader', READERS, (each) => new Reader(each).run(ending)),
      ...all('rude', RUDE_CLIENTS, (each) => new RudeClient(this.#service.url, each).run(ending)),
    ];
  }

  /** Causes the faults that the process survives, and measures it at rest several times. */
  async #steadyPart(faults: Faults, { deps }: Traffic, forMs: number): Promise<void> {
    const end = performance.now() + forMs;
    const samples = this.#isCompared ? SAMPLES : 2;
    await pause(forMs * WARM_UP_SHARE);
    for (let left = samples - 1; ; left -= 1) {
      this.#samples.push(await sampleAtRest(this.#service, deps, this.#startedAt));
      if (left === 0) return;
      await faults.cause(Math.max(end - performance.now(), 0) / left, false);
    }
  }

  get #isCompared(): boolean {
    return this.#plan.durationMs >= COMPARED_FROM_MS;
  }

  /** Runs `npm run verify`. */
  #verify(): Promise<string | null> {
    const { url } = this.#database;
    if (url === 'memory:') return Promise.resolve(null);
    return new Promise((resolve) => {
      const env = { PATH: process.env['PATH'], DATABASE_URL: url };
      execFile(process.execPath, [VERIFY], { env }, (error, output, errors) => {
        const isClean = error === null && output.endsWith('\nclean\n');
        this.#violations.expect(isClean, `verify: ${output}${errors}`);
        resolve(output.trim());
      });
    });
  }

  #result({ deps: { tally } }: Traffic, read: ReadBack, verified: string | null): SoakResult {
    for (const [error, times] of this.#service.errors)
      this.#violations.add(`the log of the service has ${times} times: ${error}`);
    const growth = this.#isCompared ? growthOf(this.#samples) : [];
    for (const { what, last, allowed } of growth)
      this.#violations.expect(
        last <= allowed,
        `${what} grew to ${last.toFixed(1)}, at most ${allowed.toFixed(1)} are allowed`,
      );
    return {
      ...{ plan: this.#plan, periods: this.#timeline.periods, tally, growth, verified },
      ...{ samples: this.#samples, skipped: this.#database.skipped, readBack: read },
      violations: this.#violations,
    };
  }
}
