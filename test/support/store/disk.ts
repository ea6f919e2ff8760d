import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, vi } from 'vitest';
import type { DoctorId } from '../../../src/engine/index.ts';
import { GroupCommit } from '../../../src/store/group-commit.ts';
import type { Decision } from '../../../src/store/index.ts';
import { found, NOW, RAO } from '../engine/clinic.ts';

/** A decision with a response to store and no changes. The name is its answer and its idempotency key. */
export const named = (name: string): Decision<string> => ({
  changes: [],
  answer: name,
  origin: { actor: 'test', reason: null },
  response: { caller: 'test', key: name, requestHash: '', answer: '', at: NOW },
});

export const namesOf = (decisions: readonly Decision<unknown>[]): string[] =>
  decisions.map(({ response }) => found(response?.key));

export const throwing = (error: Error) => () => {
  throw error;
};

/** Marks a rejection of the promise as handled, because the test examines the promise only later. */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** A group commit on a simulated disk: the test ends each write, with success or with an error. */
export class Disk {
  /** The names of the decisions in each write, one entry per write. */
  readonly calls: string[][] = [];
  readonly commits = new GroupCommit((decisions) => this.#write(decisions));
  #writing: PromiseWithResolvers<undefined> | null = null;
  #overlaps = 0;

  /** A disk for this test. Time passes only by the fake timers of `vi`. */
  static open(): Disk {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const disk = new Disk();
    onTestFinished(() => {
      vi.useRealTimers();
      expect(disk.overlaps).toBe(0);
    });
    return disk;
  }

  /** The number of writes that began while another write was in progress. It must stay 0. */
  get overlaps(): number {
    return this.#overlaps;
  }

  /** Runs a command of this doctor with a response to store. */
  send(name: string, doctorId: DoctorId = RAO): Promise<string> {
    return handled(this.commits.transact([doctorId], () => named(name)));
  }

  /** Waits, as a read does, until the doctor's changes are durable. */
  read(doctorId: DoctorId): Promise<void> {
    return handled(found(this.commits.settled(doctorId)));
  }

  /** Ends the write in progress with success, and waits until the next one can have begun: it begins a turn later. */
  async succeed(): Promise<void> {
    this.#end().resolve(undefined);
    await turn();
    await turn();
  }

  async fail(error: unknown): Promise<void> {
    this.#end().reject(error);
    await turn();
  }

  #write(decisions: readonly Decision<unknown>[]): Promise<undefined> {
    this.calls.push(namesOf(decisions));
    if (this.#writing !== null) this.#overlaps += 1;
    this.#writing = Promise.withResolvers();
    return this.#writing.promise;
  }

  #end(): PromiseWithResolvers<undefined> {
    const writing = found(this.#writing ?? undefined);
    this.#writing = null;
    return writing;
  }
}

/** The present state of each promise: `pending`, the value it resolved to, or the name of its error. */
export async function statesOf(promises: readonly Promise<unknown>[]) {
  await turn();
  const pending = Promise.resolve('pending');
  return Promise.all(
    promises.map((promise) =>
      Promise.race([promise, pending]).catch((error: unknown) => (error as Error).name),
    ),
  );
}
