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

/** A command that waits for its decision, or, decided, for its batch to become durable. */
interface Command {
  readonly doctorIds: readonly DoctorId[];
  readonly prepare: () => void;
  readonly decide: () => Decision<unknown>;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface TransactOptions {
  readonly prepare?: () => void;
  readonly canWait?: boolean | undefined;
}

/** The commands that become durable together, and the readers that wait for them. */
class Batch {
  readonly commands: Command[] = [];
  /** The decisions of the commands, at the same indexes. */
  readonly decisions: Decision<unknown>[] = [];
  readonly doctorIds = new Set<DoctorId>();
  /** Resolves when the batch is durable or never will be, and also when its first write has stalled. */
  readonly firstWrite = Promise.withResolvers<undefined>();
  readonly readers: PromiseWithResolvers<undefined>[] = [];
  /** When the first command was decided and when the first write began, on the clock of `performance`. */
  openedAtMs = 0;
  writeStartedAtMs = 0;

  add(command: Command, decision: Decision<unknown>): void {
    if (this.commands.push(command) === 1) this.openedAtMs = performance.now();
    this.decisions.push(decision);
    for (const id of command.doctorIds) this.doctorIds.add(id);
  }

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
 * Commands are decided in the order in which they come. Those that can wait, which are the bookings, are decided together
 * at the end of the turn of the event loop, or before the next command that cannot: a processor that repeats one piece of
 * work needs much less time for it than one that changes between the pieces, because its caches hold the code.
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
  /** The commands of this turn of the event loop that wait for their decision. */
  #undecided: Command[] = [];
  #isTurnOpen = false;
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
    return this.#gatheredCount + (this.#writing?.decisions.length ?? 0);
  }

  get #gatheredCount(): number {
    return this.#undecided.length + this.#gathering.decisions.length;
  }

  /**
   * See `Store.transact`. A `decide` that throws is a bug, so the state in memory cannot be trusted any more.
   * @param options.prepare runs immediately before `decide`; what it throws is the answer of this command alone
   * @param options.canWait see `Scope.canWait`; without it `decide` runs at once
   */
  transact<T>(
    doctorIds: readonly DoctorId[],
    decide: () => Decision<T>,
    { prepare = doNothing, canWait = false }: TransactOptions = {},
  ): Promise<T> {
    if (this.#state !== 'ready') return Promise.reject(notReady());
    if (this.#gatheredCount >= PENDING_MAX)
      return Promise.reject(new OverloadedError('Too many commands wait for the disk.'));
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const answer = resolve as Command['resolve'];
    this.#undecided.push({ doctorIds, prepare, decide, resolve: answer, reject });
    if (!canWait) this.#decideAll();
    this.#openTurn();
    return promise;
  }

  #openTurn(): void {
    if (this.#isTurnOpen) return;
    this.#isTurnOpen = true;
    setImmediate(this.#endTurn);
  }

  /** All requests of the turn share a batch. */
  readonly #endTurn = (): void => {
    this.#isTurnOpen = false;
    this.#decideAll();
    this.#flush();
  };

  #decideAll(): void {
    const commands = this.#undecided;
    if (commands.length === 0) return;
    this.#undecided = [];
    for (const command of commands) this.#decide(command);
  }

  #decide(command: Command): void {
    const { doctorIds, prepare, decide, reject } = command;
    // The store may have stalled or failed since the command came.
    if (this.#state !== 'ready') {
      reject(notReady());
      return;
    }
    try {
      prepare();
    } catch (error) {
      reject(error);
      return;
    }
    let decision: Decision<unknown>;
    try {
      decision = decide();
      // A reader waits only for the commits of its own doctor, so a change of another doctor could be read too early.
      invariant(isWithin(decision, doctorIds), 'a command changes only the doctors it names');
    } catch (error) {
      this.#end(error as Error);
      reject(error);
      return;
    }
    if (writesSomething(decision)) this.#gathering.add(command, decision);
    else this.#answerWhenSettled(command, decision.answer);
  }

  #answerWhenSettled({ doctorIds, resolve, reject }: Command, answer: unknown): void {
    const waits = doctorIds.map((id) => this.settled(id)).filter((wait) => wait !== undefined);
    if (waits.length === 0) resolve(answer);
    else Promise.all(waits).then(() => resolve(answer), reject);
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

  /** See `Store.isSettled`. A command that is not decided yet counts too. */
  isSettled(doctorId: DoctorId): boolean {
    if (this.#undecided.some(({ doctorIds }) => doctorIds.includes(doctorId))) return false;
    const isConcerned = ({ doctorIds }: Batch): boolean => doctorIds.has(doctorId);
    return this.#state !== 'failed' && this.#inFlight(isConcerned) === undefined;
  }

  /** The latest batch in flight that this concerns. */
  #inFlight(isConcerned: (batch: Batch) => boolean): Batch | undefined {
    return [this.#gathering, this.#writing].filter((batch) => batch !== null).find(isConcerned);
  }

  /**
   * Resolves when nothing is in flight any more. A batch that has stalled, or stalls meanwhile, is retried once; then the
   * group commit fails.
   */
  async drain(): Promise<void> {
    this.#decideAll();
    while (this.#state !== 'failed' && this.#inFlightFirst !== null) {
      if (this.#state === 'stalled') await this.#retryFinally();
      else await this.#inFlightFirst.firstWrite.promise;
      this.#decideAll();
    }
  }

  get #inFlightFirst(): Batch | null {
    return this.#writing ?? (this.#gathering.decisions.length > 0 ? this.#gathering : null);
  }

  async #retryFinally(): Promise<void> {
    clearTimeout(this.#retryTimer);
    // A retry that is in flight counts as the last one, because only one write may run at a time.
    await (this.#latestRetry ?? this.#writeNow());
    if (this.#state !== 'stalled') return;
    clearTimeout(this.#retryTimer);
    this.#end(new NotDurableError('The store stays unwritable.'));
  }

  /** Fails: everything in flight is rejected. */
  #end(error: Error): void {
    this.#state = 'failed';
    for (const batch of [this.#writing, this.#gathering]) {
      for (const reader of batch?.readers.splice(0) ?? []) reader.reject(error);
      for (const { reject } of batch?.commands ?? []) reject(error);
      batch?.firstWrite.resolve(undefined);
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
    batch.commands.forEach(({ resolve }, index) => resolve(batch.decisions[index]?.answer));
    for (const reader of batch.readers) reader.resolve(undefined);
    batch.firstWrite.resolve(undefined);
    publish('opd:commit', () => eventOf(batch));
    // One turn later, so that the first requests that follow the released answers join the next batch.
    this.#openTurn();
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
    batch.firstWrite.resolve(undefined);
    this.#latestRetry = null;
    this.#retryTimer = setTimeout(
      () => void (this.#latestRetry = this.#writeNow()),
      RETRY_PAUSE_MS,
    );
  }
}

const doNothing = (): void => undefined;

const notReady = (): NotDurableError => new NotDurableError('The store cannot write right now.');

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
