import { setImmediate as turn } from 'node:timers/promises';
import type { DoctorId } from '../../../src/engine/index.ts';
import { GroupCommit } from '../../../src/store/group-commit.ts';
import type { Decision } from '../../../src/store/index.ts';
import { found, NOW, RAO } from '../engine/clinic.ts';

/** A decision with something to keep and nothing else; its name is its answer and its key. */
export const named = (name: string): Decision<string> => ({
  changes: [],
  answer: name,
  origin: { actor: 'test', reason: null },
  response: { caller: 'test', key: name, requestHash: '', answer: '', at: NOW },
});

export const namesOf = (decisions: readonly Decision<unknown>[]): string[] =>
  decisions.map(({ response: kept }) => found(kept?.key));

/** A promise that a test asks how it stands only later: until then its rejection is nobody's fault. */
export function heard<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** A group commit over a disk that does what the test says, when it says it. */
export class Disk {
  /** What was handed to the disk, one entry a call. */
  readonly calls: string[][] = [];
  readonly commits = new GroupCommit((decisions) => this.#write(decisions));
  #writing: PromiseWithResolvers<undefined> | null = null;
  #together = 0;

  /** More than one write at once would be one too many. */
  get together(): number {
    return this.#together;
  }

  /** A command of this doctor; what it decides is to be kept. */
  send(name: string, doctorId: DoctorId = RAO): Promise<string> {
    return heard(this.commits.transact([doctorId], () => named(name)));
  }

  /** A reader that waits. */
  read(doctorId?: DoctorId): Promise<void> {
    return heard(found(this.commits.settled(doctorId)));
  }

  /** The write in progress becomes durable. */
  async succeed(): Promise<void> {
    this.#end().resolve(undefined);
    await turn();
  }

  async fail(error: unknown): Promise<void> {
    this.#end().reject(error);
    await turn();
  }

  #write(decisions: readonly Decision<unknown>[]): Promise<undefined> {
    this.calls.push(namesOf(decisions));
    if (this.#writing !== null) this.#together += 1;
    this.#writing = Promise.withResolvers();
    return this.#writing.promise;
  }

  #end(): PromiseWithResolvers<undefined> {
    const writing = found(this.#writing ?? undefined);
    this.#writing = null;
    return writing;
  }
}

/** How promises stand at this moment: `pending`, what they resolved to, or the name of the error. */
export async function standing(promises: readonly Promise<unknown>[]) {
  await turn();
  const pending = Promise.resolve('pending');
  return Promise.all(
    promises.map((promise) =>
      Promise.race([promise, pending]).catch((error: unknown) => (error as Error).name),
    ),
  );
}
