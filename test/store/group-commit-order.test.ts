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
/** Whether each write fits, in order. All later writes fit. */
const outcomes = fc.array(fc.boolean(), { maxLength: 6 });

/** A group commit with commands, reads and a disk. A scheduler decides the order in which they proceed. */
class ScheduledCommits {
  readonly decided = new Map<string, DoctorId>();
  readonly durable: string[] = [];
  readonly answered: string[] = [];
  /** The names that were visible in an answer before they were durable. */
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

  /** The commands of this doctor that are decided and not durable. */
  #pendingOf(doctorId: DoctorId): string[] {
    const names = [...this.decided].filter(([, owner]) => owner === doctorId);
    return names.map(([name]) => name).filter((name) => !this.durable.includes(name));
  }

  arrive({ kind, doctorId }: Step, name: string): void {
    if (kind === 'command') this.#watch(name, this.#send(name, doctorId), () => [name]);
    else if (kind === 'refusal') {
      const before: string[] = [];
      const answer = this.#commits.transact([doctorId], () => {
        before.push(...this.#pendingOf(doctorId));
        return { ...named(name), response: null };
      });
      this.#watch(name, answer, () => before);
    } else {
      const before = this.#pendingOf(doctorId);
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

it(`in any order of writes and commands, nothing is answered before it is durable, lost or written twice ${rerun}`, async () => {
  const property = fc.asyncProperty(
    fc.scheduler(),
    steps,
    outcomes,
    fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }),
    async (scheduler, arrivals, fits, turns) => {
      const commits = new ScheduledCommits(scheduler, fits);
      scheduler.scheduleSequence(
        arrivals.map((step, index) => ({
          label: `${step.kind} ${index}`,
          builder: () => {
            commits.arrive(step, String(index));
            return Promise.resolve();
          },
        })),
      );
      for (let round = 0; scheduler.count() > 0 || commits.unsettled > 0; round += 1) {
        expect(round).toBeLessThan(1_000);
        if (scheduler.count() > 0) await scheduler.waitNext(1);
        if (scheduler.count() === 0 || found(turns[round % turns.length])) await turn();
        if (commits.isStalled && scheduler.count() === 0) vi.runOnlyPendingTimers();
      }
      expect(commits.early).toEqual([]);
      expect(commits.durable).toEqual([...commits.decided.keys()]);
      const answeredCommands = commits.answered.filter((name) => commits.decided.has(name));
      expect(answeredCommands).toEqual(commits.durable);
    },
  );
  await fc.assert(property, { seed, numRuns: 1_000 });
});
