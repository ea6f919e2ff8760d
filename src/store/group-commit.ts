import { invariant, type DoctorId } from '../engine/index.ts';
import { NotDurableError, OverloadedError, type Decision, type StoreState } from './store.ts';

/** Commands that may wait for the disk at once. */
export const PENDING_MAX = 10_000;
/** Pause between two tries to write a batch that did not fit. */
const RETRY_MS = 250;

/** Writing may succeed later with the same batch: the disk is full, the database busy. Anything else is final. */
export class TransientWriteError extends Error {
  override readonly name = 'TransientWriteError';
  readonly code = 'OPD_TRANSIENT_WRITE';
}

class Batch {
  readonly decisions: Decision<unknown>[] = [];
  readonly doctorIds = new Set<DoctorId>();
  readonly durable = Promise.withResolvers<undefined>();
  readonly readers: PromiseWithResolvers<undefined>[] = [];
}

/**
 * Gathers the commands of all requests in flight and writes them as one batch; while one batch syncs, the next
 * gathers. All answers of a batch are released together. One life: ready, now and then stalled, at last failed.
 */
export class GroupCommit {
  readonly failure: Promise<Error>;
  readonly #write: (decisions: readonly Decision<unknown>[]) => Promise<void>;
  readonly #fail: (error: Error) => void;
  #gathering = new Batch();
  #writing: Batch | null = null;
  #state: StoreState = 'ready';
  #retry: NodeJS.Timeout | undefined;
  /** The latest retry, under way or over; null when it is still to come. */
  #retried: Promise<void> | null = null;

  /**
   * @param write makes a batch durable, all or nothing; rejects with TransientWriteError to be handed the
   *   next call again, with anything else to end it all. It is called for one batch at a time.
   */
  constructor(write: (decisions: readonly Decision<unknown>[]) => Promise<void>) {
    this.#write = write;
    const failure = Promise.withResolvers<Error>();
    this.failure = failure.promise;
    this.#fail = failure.resolve;
  }

  get state(): StoreState {
    return this.#state;
  }

  /** See `Store.transact`. A `decide` that throws is a bug: the state in memory is not to be trusted any more. */
  async transact<T>(doctorIds: readonly DoctorId[], decide: () => Decision<T>): Promise<T> {
    this.#admit();
    let decision: Decision<T>;
    try {
      decision = decide();
      // Who reads another doctor waits for that doctor's commits alone: it would see what can still be lost.
      const named = new Set(doctorIds);
      const isWithin = decision.changes.every((change) => named.has(change.doctorId));
      invariant(isWithin, 'a command changes only the doctors it names');
    } catch (error) {
      this.#end(error as Error);
      throw error;
    }
    if (decision.changes.length > 0 || decision.response !== null)
      await this.#add(doctorIds, decision);
    else for (const id of doctorIds) await this.settled(id);
    return decision.answer;
  }

  #admit(): void {
    if (this.#state !== 'ready')
      throw new NotDurableError('The store cannot keep anything right now.');
    if (this.#gathering.decisions.length >= PENDING_MAX)
      throw new OverloadedError('Too many commands wait for the disk.');
  }

  #add(doctorIds: readonly DoctorId[], decision: Decision<unknown>): Promise<undefined> {
    const batch = this.#gathering;
    for (const id of doctorIds) batch.doctorIds.add(id);
    // The requests of this turn of the event loop share the batch.
    if (batch.decisions.push(decision) === 1 && this.#writing === null)
      setImmediate(() => this.#flush());
    return batch.durable.promise;
  }

  /** See `Store.read`: what could be seen of this doctor (of any doctor) becomes durable. */
  settled(doctorId?: DoctorId): Promise<undefined> | undefined {
    const batch = this.#inFlight(doctorId);
    // A failure may have left changes in memory that no batch has.
    if (!batch && this.#state !== 'failed') return undefined;
    if (!batch || this.#state !== 'ready')
      return Promise.reject(new NotDurableError('What could be read is not on disk yet.'));
    const reader = Promise.withResolvers<undefined>();
    batch.readers.push(reader);
    return reader.promise;
  }

  /** See `Store.isSettled`. */
  isSettled(doctorId: DoctorId): boolean {
    return this.#state !== 'failed' && this.#inFlight(doctorId) === undefined;
  }

  /** The latest batch in flight that has anything of this doctor (of any doctor). */
  #inFlight(doctorId?: DoctorId): Batch | undefined {
    return [this.#gathering, this.#writing]
      .filter((batch) => batch !== null)
      .find(
        ({ decisions, doctorIds }) =>
          decisions.length > 0 && (doctorId === undefined || doctorIds.has(doctorId)),
      );
  }

  /** Resolves when nothing is in flight any more; while stalled it tries once more, then gives up. */
  async drain(): Promise<void> {
    clearTimeout(this.#retry);
    // One write at a time: it may be being tried right now.
    if (this.#state === 'stalled') await (this.#retried ?? this.#writeNow());
    while (this.#state === 'ready' && (this.#writing ?? this.#gathering).decisions.length > 0)
      await (this.#writing ?? this.#gathering).durable.promise.catch(() => undefined);
    clearTimeout(this.#retry);
    if (this.#state === 'stalled') this.#end(new NotDurableError('The store stays unwritable.'));
  }

  /** Ends everything at once: nothing in flight is ever answered as done. */
  #end(error: Error): void {
    this.#state = 'failed';
    for (const batch of [this.#writing, this.#gathering]) {
      for (const reader of batch?.readers.splice(0) ?? []) reader.reject(error);
      // Without waiters nobody hears of it, and nobody needs to.
      batch?.durable.promise.catch(() => undefined);
      batch?.durable.reject(error);
    }
    this.#fail(error);
  }

  #flush(): void {
    if (this.#state === 'failed' || this.#writing !== null) return;
    if (this.#gathering.decisions.length === 0) return;
    this.#writing = this.#gathering;
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
    this.#state = 'ready';
    this.#writing = null;
    batch.durable.resolve(undefined);
    for (const reader of batch.readers) reader.resolve(undefined);
    this.#flush();
  }

  #stall(batch: Batch, cause: TransientWriteError): void {
    this.#state = 'stalled';
    const error = new NotDurableError('What could be read is not on disk yet.', { cause });
    for (const reader of [...batch.readers.splice(0), ...this.#gathering.readers.splice(0)])
      reader.reject(error);
    this.#retried = null;
    this.#retry = setTimeout(() => void (this.#retried = this.#writeNow()), RETRY_MS);
  }
}
