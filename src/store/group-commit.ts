import { invariant, type DoctorId } from '../engine/index.ts';
import { causeOf, publish, type CommitEvent } from '../telemetry/index.ts';
import { NotDurableError, OverloadedError, type Decision, type StoreState } from './store.ts';

/** Commands that may wait for the store at once. */
export const PENDING_MAX = 10_000;
/** Milliseconds between two tries to write a batch. */
const RETRY_PAUSE_MS = 250;

/** A write that may succeed later with the same batch, because the disk is full or the database is busy. */
export class TransientWriteError extends Error {
  override readonly name = 'TransientWriteError';
  readonly code = 'OPD_TRANSIENT_WRITE';
}

/** The commands that become durable together, and the readers that wait for them. */
class Batch {
  readonly decisions: Decision<unknown>[] = [];
  readonly doctorIds = new Set<DoctorId>();
  readonly durable = Promise.withResolvers<undefined>();
  readonly readers: PromiseWithResolvers<undefined>[] = [];
  /** When the first command came and when the first write began, on the clock of `performance`. */
  openedAtMs = 0;
  writeStartedAtMs = 0;

  /** Whether a command has changed what this doctor is, or any doctor: the name, the sessions and so on. */
  setsDoctor(id?: DoctorId): boolean {
    return this.decisions.some(({ changes }) =>
      changes.some(
        ({ kind, doctorId }) => kind === 'doctor_set' && (id === undefined || doctorId === id),
      ),
    );
  }
}

/**
 * Gathers the commands of all requests in flight and writes them as one batch. While one batch is written, the next one
 * gathers. All answers of a batch are released together.
 *
 * The group commit begins *ready*. A write that fails with TransientWriteError makes it *stalled*: it refuses new
 * commands, rejects readers, and retries the same batch until the write succeeds, which makes it *ready* again. Any
 * other error, also one thrown by a command, makes it *failed* for ever: nothing in flight is answered.
 */
export class GroupCommit {
  /** Resolves with the error that made it fail. */
  readonly failure: Promise<Error>;
  readonly #write: (decisions: readonly Decision<unknown>[]) => Promise<void>;
  readonly #resolveFailure: (error: Error) => void;
  #gathering = new Batch();
  #writing: Batch | null = null;
  #state: StoreState = 'ready';
  #stalledAtMs = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  /** The latest retry, in flight or over; null while its pause has not ended. */
  #latestRetry: Promise<void> | null = null;

  /**
   * @param write makes a batch durable, all or nothing. It is called for one batch at a time. If it rejects with
   *   TransientWriteError, it is called again with the same batch; any other error is final.
   */
  constructor(write: (decisions: readonly Decision<unknown>[]) => Promise<void>) {
    this.#write = write;
    const failure = Promise.withResolvers<Error>();
    this.failure = failure.promise;
    this.#resolveFailure = failure.resolve;
  }

  get state(): StoreState {
    return this.#state;
  }

  /** Commands that are not durable yet. */
  get queueLength(): number {
    return this.#gathering.decisions.length + (this.#writing?.decisions.length ?? 0);
  }

  /** See `Store.transact`. A `decide` that throws is a bug, so the state in memory cannot be trusted any more. */
  async transact<T>(doctorIds: readonly DoctorId[], decide: () => Decision<T>): Promise<T> {
    this.#admit();
    let decision: Decision<T>;
    try {
      decision = decide();
      // A reader waits only for the commits of its own doctor, so a change of another doctor could be read too early.
      invariant(isWithin(decision, doctorIds), 'a command changes only the doctors it names');
    } catch (error) {
      this.#end(error as Error);
      throw error;
    }
    if (writesSomething(decision)) await this.#add(doctorIds, decision);
    else for (const id of doctorIds) await this.settled(id);
    return decision.answer;
  }

  #admit(): void {
    if (this.#state !== 'ready') throw new NotDurableError('The store cannot write right now.');
    if (this.#gathering.decisions.length >= PENDING_MAX)
      throw new OverloadedError('Too many commands wait for the disk.');
  }

  #add(doctorIds: readonly DoctorId[], decision: Decision<unknown>): Promise<undefined> {
    const batch = this.#gathering;
    for (const id of doctorIds) batch.doctorIds.add(id);
    if (batch.decisions.push(decision) === 1) {
      batch.openedAtMs = performance.now();
      // The write begins after this turn of the event loop, so that all requests of the turn share the batch.
      if (this.#writing === null) setImmediate(() => this.#flush());
    }
    return batch.durable.promise;
  }

  /**
   * Waits until everything that can be read of this doctor is durable.
   * @returns undefined when it is durable already; otherwise a promise that rejects with NotDurableError when the write
   *   fails
   */
  settled(doctorId: DoctorId): Promise<undefined> | undefined {
    return this.#durable(({ doctorIds }) => doctorIds.has(doctorId));
  }

  /** The same of this doctor's own facts, or of those of all doctors: their slots and tokens may still wait. */
  factsSettled(id?: DoctorId): Promise<undefined> | undefined {
    return this.#durable((batch) => batch.setsDoctor(id));
  }

  #durable(isConcerned: (batch: Batch) => boolean): Promise<undefined> | undefined {
    const batch = this.#inFlight(isConcerned);
    // After a failure, memory may hold changes that are in no batch.
    if (!batch && this.#state !== 'failed') return undefined;
    if (!batch || this.#state !== 'ready')
      return Promise.reject(new NotDurableError('The latest changes are not durable yet.'));
    const reader = Promise.withResolvers<undefined>();
    batch.readers.push(reader);
    return reader.promise;
  }

  /** See `Store.isSettled`. */
  isSettled(doctorId: DoctorId): boolean {
    const isConcerned = ({ doctorIds }: Batch): boolean => doctorIds.has(doctorId);
    return this.#state !== 'failed' && this.#inFlight(isConcerned) === undefined;
  }

  /** The latest batch in flight that this concerns. */
  #inFlight(isConcerned: (batch: Batch) => boolean): Batch | undefined {
    return [this.#gathering, this.#writing].filter((batch) => batch !== null).find(isConcerned);
  }

  /** Resolves when nothing is in flight any more. A stalled batch is retried once; then the group commit fails. */
  async drain(): Promise<void> {
    clearTimeout(this.#retryTimer);
    // A retry that is in flight counts as the last one, because only one write may run at a time.
    if (this.#state === 'stalled') await (this.#latestRetry ?? this.#writeNow());
    while (this.#state === 'ready' && (this.#writing ?? this.#gathering).decisions.length > 0)
      await (this.#writing ?? this.#gathering).durable.promise.catch(() => undefined);
    clearTimeout(this.#retryTimer);
    if (this.#state === 'stalled') this.#end(new NotDurableError('The store stays unwritable.'));
  }

  /** Fails: everything in flight is rejected. */
  #end(error: Error): void {
    this.#state = 'failed';
    for (const batch of [this.#writing, this.#gathering]) {
      for (const reader of batch?.readers.splice(0) ?? []) reader.reject(error);
      // A batch without commands has no waiter, and its rejection must not count as unhandled.
      batch?.durable.promise.catch(() => undefined);
      batch?.durable.reject(error);
    }
    publish('opd:store-failed', () => ({ cause: causeOf(error) }));
    this.#resolveFailure(error);
  }

  #flush(): void {
    if (this.#state === 'failed' || this.#writing !== null) return;
    if (this.#gathering.decisions.length === 0) return;
    this.#writing = this.#gathering;
    this.#writing.writeStartedAtMs = performance.now();
    this.#gathering = new Batch();
    void this.#writeNow();
  }

  async #writeNow(): Promise<void> {
    const batch = this.#writing;
    if (batch === null) return;
    try {
      await this.#write(batch.decisions);
    } catch (error) {
      if (this.#state === 'failed') return;
      if (error instanceof TransientWriteError) this.#stall(batch, error);
      else this.#end(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (this.#state === 'failed') return;
    this.#recover();
    this.#writing = null;
    batch.durable.resolve(undefined);
    for (const reader of batch.readers) reader.resolve(undefined);
    publish('opd:commit', () => eventOf(batch));
    // One turn later, so that the first requests that follow the released answers join the next batch.
    setImmediate(() => this.#flush());
  }

  #recover(): void {
    if (this.#state !== 'stalled') return;
    this.#state = 'ready';
    const stalledMs = performance.now() - this.#stalledAtMs;
    publish('opd:commit-recovered', () => ({ stalledMs }));
  }

  #stall(batch: Batch, cause: TransientWriteError): void {
    if (this.#state === 'ready') {
      this.#state = 'stalled';
      this.#stalledAtMs = performance.now();
      publish('opd:commit-stalled', () => ({ cause: cause.message }));
    }
    const error = new NotDurableError('The latest changes are not durable yet.', { cause });
    for (const reader of [...batch.readers.splice(0), ...this.#gathering.readers.splice(0)])
      reader.reject(error);
    this.#latestRetry = null;
    this.#retryTimer = setTimeout(
      () => void (this.#latestRetry = this.#writeNow()),
      RETRY_PAUSE_MS,
    );
  }
}

/** Whether all changes are of these doctors. Nearly every command names one doctor, and no set is made for that. */
function isWithin({ changes }: Decision<unknown>, doctorIds: readonly DoctorId[]): boolean {
  const [only] = doctorIds;
  if (doctorIds.length === 1) return changes.every(({ doctorId }) => doctorId === only);
  const named = new Set(doctorIds);
  return changes.every(({ doctorId }) => named.has(doctorId));
}

const writesSomething = (decision: Decision<unknown>): boolean => {
  const { changes, response, past = [], keys = [], webhooks = [], erasure } = decision;
  const others = past.length + keys.length + webhooks.length;
  return changes.length > 0 || response !== null || others > 0 || erasure !== undefined;
};

const eventOf = ({ decisions, openedAtMs, writeStartedAtMs }: Batch): CommitEvent => ({
  commands: decisions.length,
  changes: decisions.reduce((count, { changes }) => count + changes.length, 0),
  queueMs: writeStartedAtMs - openedAtMs,
  writeMs: performance.now() - writeStartedAtMs,
});
