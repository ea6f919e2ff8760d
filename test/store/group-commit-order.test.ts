import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { DoctorId } from '../../src/engine/index.ts';
import { GroupCommit, TransientWriteError } from '../../src/store/group-commit.ts';
import { NotDurableError } from '../../src/store/index.ts';
import { found, RAO, SEN } from '../support/engine/clinic.ts';
import { named, namesOf } from '../support/store/disk.ts';
import { rerun, seed } from '../support/seed.ts';

interface Step {
  readonly kind: 'command' | 'refusal' | 'reader';
  readonly doctorId: DoctorId;
}

const steps = fc.array(
  fc.record<Step>({
    kind: fc.constantFrom('command', 'refusal', 'reader'),
    doctorId: fc.constantFrom(RAO, SEN),
  }),
  { minLength: 1, maxLength: 25 },
);
/** How the writes go, in turn: do they fit; after the last one all do. */
const outcomes = fc.array(fc.boolean(), { maxLength: 6 });

/** Commands and readers on one side, a disk on the other, and a scheduler that decides whose turn it is. */
class Bench {
  readonly decided = new Map<string, DoctorId>();
  readonly durable: string[] = [];
  readonly answered: string[] = [];
  /** What somebody was told too early. */
  readonly early: string[] = [];
  unsettled = 0;
  readonly #scheduler: fc.Scheduler;
  readonly #outcomes: boolean[];
  readonly #commits = new GroupCommit(async (decisions) => {
    const fits = this.#outcomes.shift() ?? true;
    await this.#scheduler.schedule(Promise.resolve(), `write ${namesOf(decisions).join(' ')}`);
    if (!fits) throw new TransientWriteError('the disk is full');
    this.durable.push(...namesOf(decisions));
  });

  constructor(scheduler: fc.Scheduler, outcomes: readonly boolean[]) {
    this.#scheduler = scheduler;
    this.#outcomes = [...outcomes];
  }

  get isStalled(): boolean {
    return this.#commits.state === 'stalled';
  }

  /** What of this doctor's is decided and not durable. */
  #lacking(doctorId: DoctorId): string[] {
    const names = [...this.decided].filter(([, owner]) => owner === doctorId);
    return names.map(([name]) => name).filter((name) => !this.durable.includes(name));
  }

  arrive({ kind, doctorId }: Step, name: string): void {
    if (kind === 'command') this.#watch(name, this.#send(name, doctorId), () => [name]);
    else if (kind === 'refusal') {
      const before: string[] = [];
      const answer = this.#commits.transact([doctorId], () => {
        before.push(...this.#lacking(doctorId));
        return { ...named(name), response: null };
      });
      this.#watch(name, answer, () => before);
    } else {
      const before = this.#lacking(doctorId);
      const settled = this.#commits.settled(doctorId);
      if (settled === undefined) this.early.push(...before);
      else this.#watch(name, settled, () => before);
    }
  }

  #send(name: string, doctorId: DoctorId): Promise<string> {
    return this.#commits.transact([doctorId], () => {
      this.decided.set(name, doctorId);
      return named(name);
    });
  }

  #watch(name: string, promise: Promise<unknown>, promised: () => readonly string[]): void {
    this.unsettled += 1;
    void promise
      .then(
        () => {
          this.answered.push(name);
          this.early.push(...promised().filter((other) => !this.durable.includes(other)));
        },
        (error: unknown) => expect(error).toBeInstanceOf(NotDurableError),
      )
      .finally(() => (this.unsettled -= 1));
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

it(`whatever the order of writes and arrivals, nothing is told early, lost or written twice ${rerun}`, async () => {
  const property = fc.asyncProperty(
    fc.scheduler(),
    steps,
    outcomes,
    fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }),
    async (scheduler, arrivals, fits, turns) => {
      const bench = new Bench(scheduler, fits);
      scheduler.scheduleSequence(
        arrivals.map((step, index) => ({
          label: `${step.kind} ${index}`,
          builder: () => {
            bench.arrive(step, String(index));
            return Promise.resolve();
          },
        })),
      );
      for (let round = 0; scheduler.count() > 0 || bench.unsettled > 0; round += 1) {
        expect(round).toBeLessThan(1_000);
        if (scheduler.count() > 0) await scheduler.waitNext(1);
        if (scheduler.count() === 0 || found(turns[round % turns.length])) await turn();
        if (bench.isStalled && scheduler.count() === 0) vi.runOnlyPendingTimers();
      }
      expect(bench.early).toEqual([]);
      expect(bench.durable).toEqual([...bench.decided.keys()]);
      const kept = bench.answered.filter((name) => bench.decided.has(name));
      expect(kept).toEqual(bench.durable);
    },
  );
  await fc.assert(property, { seed, numRuns: 1_000 });
});
