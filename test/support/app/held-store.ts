import type { DoctorId } from '../../../src/engine/index.ts';
import { GroupCommit, TransientWriteError } from '../../../src/store/group-commit.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import type { Decision, Scope, Store } from '../../../src/store/index.ts';

/** A store whose disk the test plays: free by default, slow while it is held, full until there is space. */
export class HeldStore extends MemoryStore {
  readonly #commits = new GroupCommit(() => this.#write());
  #gate: PromiseWithResolvers<undefined> | null = null;
  #isFull = false;
  #writes = 0;

  /** Batches that have come to the disk. */
  get writes(): number {
    return this.#writes;
  }

  override get state(): Store['state'] {
    return this.#commits.state;
  }

  override get failure(): Promise<Error> {
    return this.#commits.failure;
  }

  /** From now on nothing becomes durable. */
  hold(): void {
    this.#gate ??= Promise.withResolvers<undefined>();
  }

  /** Everything that waits becomes durable. */
  release(): void {
    this.#gate?.resolve(undefined);
    this.#gate = null;
  }

  /** The next batch does not fit, nor does any until there is space again. */
  fill(): void {
    this.#isFull = true;
  }

  makeSpace(): void {
    this.#isFull = false;
  }

  override transact<T>(scope: Scope, decide: () => Decision<T>): Promise<T> {
    return this.#commits.transact(scope.doctorIds, () => {
      const decisions: Decision<T>[] = [];
      const kept = super.transact(scope, () => {
        const decision = decide();
        decisions.push(decision);
        return decision;
      });
      kept.catch(() => undefined);
      const [decision] = decisions;
      if (decision === undefined) throw new Error('a command is decided at once');
      return decision;
    });
  }

  override isSettled(doctorId: DoctorId): boolean {
    return this.#commits.isSettled(doctorId) && super.isSettled(doctorId);
  }

  protected override settled(doctorId?: DoctorId): Promise<void> | undefined {
    return this.#commits.settled(doctorId) ?? super.settled(doctorId);
  }

  async #write(): Promise<void> {
    this.#writes += 1;
    await this.#gate?.promise;
    if (this.#isFull) throw new TransientWriteError('the disk is full');
  }
}
