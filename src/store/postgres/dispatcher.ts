import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DoctorId } from '../../engine/index.ts';
import { PENDING_MAX } from '../group-commit.ts';
import {
  NotDurableError,
  OverloadedError,
  UnknownOutcomeError,
  type Decision,
  type Scope,
} from '../store.ts';
import type { CommandExecutor } from './command-executor.ts';
import type { Health } from './health.ts';
import { PendingReads, type PendingRead } from './pending-reads.ts';
import { doctorsOf, Queue, type Command } from './queue.ts';
import type { ReadExecutor } from './read-executor.ts';

/** Transactions in flight at once while none of them is slow. */
const CONCURRENT_TRANSACTIONS_MAX = 2;
/** Milliseconds after which a transaction is slow, mostly because another one has locked its rows. */
const SLOW_TRANSACTION_MS = 200;
/** Transactions that may start in addition because others are slow. */
const EXTRA_TRANSACTIONS_MAX = 6;

export interface DispatcherDeps {
  readonly commands: Pick<CommandExecutor, 'execute'>;
  readonly reads: Pick<ReadExecutor, 'execute'>;
  readonly health: Pick<
    Health,
    'assertReadable' | 'assertWritable' | 'deadlineMs' | 'fail' | 'failure' | 'isOver' | 'watch'
  >;
}

/**
 * Accepts commands and reads, and decides what may start.
 *
 * A command is *waiting* in the queue, then *in flight* in a transaction, then settled. `transact` enqueues it. At the
 * end of the turn of the event loop, and whenever something in flight ends, the dispatcher starts all that may start:
 * the commands of free doctors share one transaction, at most two transactions run at once, and a slow one makes room
 * for another. A setup command runs alone. When its transaction is committed the command is resolved; when it is
 * rolled back the command waits again at the head of the queue, or is rejected by the executor.
 *
 * A read is *waiting* until its doctor is free, or until a transaction has locked the doctor and has not decided yet:
 * then the engine is current and nothing in it can still be lost. Reads come before the retry of a transaction and
 * before the next setup command, because a stream of these would keep them waiting for ever.
 *
 * A command or read that waits beyond its deadline is rejected by `expireOverdue`, which health calls while the
 * database cannot be reached. When the store fails, everything that waits is rejected. `drain` resolves when nothing is
 * in flight any more.
 */
export class Dispatcher {
  readonly #deps: DispatcherDeps;
  readonly #queue = new Queue();
  readonly #pendingReads = new PendingReads();
  readonly #inFlight = new Set<Promise<void>>();
  #transactions = 0;
  #commandsInFlight = 0;
  #slowTransactions = 0;
  #isStartScheduled = false;

  constructor(deps: DispatcherDeps) {
    this.#deps = deps;
    void deps.health.failure.then((error) => this.#rejectAll(error));
  }

  /** See `Store.transact`. */
  transact<T>(scope: Scope, decide: () => Decision<T>): Promise<T> {
    const { health } = this.#deps;
    return new Promise<T>((resolve, reject) => {
      health.assertWritable();
      this.#assertRoom('Too many commands wait for the database.');
      this.#queue.add({
        id: randomUUID(),
        scope,
        decide,
        resolve: resolve as (answer: unknown) => void,
        reject,
        deadlineMs: health.deadlineMs(),
        isIsolated: false,
      });
      this.#scheduleStart();
    });
  }

  /** See `Store.read`. */
  read<T>(doctorId: DoctorId, view: () => T): Promise<T> {
    const { health } = this.#deps;
    return new Promise<T>((resolve, reject) => {
      health.assertReadable();
      this.#assertRoom('Too many reads wait for the database.');
      const read = (): void => {
        try {
          resolve(view());
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      this.#pendingReads.add({ doctorId, read, reject, deadlineMs: health.deadlineMs() });
      this.#scheduleStart();
    });
  }

  /** Commands and reads that wait, and commands in flight. */
  get queueLength(): number {
    return this.#waiting + this.#commandsInFlight;
  }

  get #waiting(): number {
    return this.#queue.size + this.#pendingReads.size;
  }

  /** See `Store.isSettled`. */
  isSettled(doctorId: DoctorId): boolean {
    return !this.#queue.isBusy(doctorId) && !this.#queue.hasWaiting(doctorId);
  }

  /** Rejects the commands and reads that have waited beyond their deadline. */
  expireOverdue(): void {
    const { health } = this.#deps;
    const error = new NotDurableError('The database has not been free in time.');
    this.#rejectIf(error, ({ deadlineMs }) => health.isOver(deadlineMs));
  }

  /** Resolves when nothing is in flight any more. */
  async drain(): Promise<void> {
    while (this.#inFlight.size > 0 || this.#isStartScheduled) {
      await Promise.all(this.#inFlight);
      await nextTurn();
    }
  }

  #assertRoom(message: string): void {
    if (this.#waiting >= PENDING_MAX) throw new OverloadedError(message);
  }

  /** Starts what may start at the end of this turn of the event loop, so that its requests share a transaction. */
  #scheduleStart(): void {
    if (this.#isStartScheduled) return;
    this.#isStartScheduled = true;
    setImmediate(() => {
      this.#isStartScheduled = false;
      this.#startWaiting();
    });
  }

  #startWaiting(): void {
    while (this.#hasRoomForTransaction()) {
      const commands = this.#queue.take();
      if (commands.length === 0) break;
      this.#track(this.#executeCommands(commands));
    }
    this.#startReads((id) => !this.#queue.isBusy(id));
  }

  #hasRoomForTransaction(): boolean {
    const extra = Math.min(this.#slowTransactions, EXTRA_TRANSACTIONS_MAX);
    return this.#transactions < CONCURRENT_TRANSACTIONS_MAX + extra;
  }

  #startReads(isDoctorWanted: (id: DoctorId) => boolean): void {
    const reads = this.#pendingReads.removeIf(({ doctorId }) => isDoctorWanted(doctorId));
    if (reads.length > 0) this.#track(this.#executeReads(reads));
  }

  /** Registers work as in flight, makes the store fail with it, and starts what waited for its end. */
  #track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => {
        if (!(error instanceof UnknownOutcomeError)) this.#deps.health.fail(error as Error);
      })
      .then(() => {
        this.#inFlight.delete(tracked);
        this.#scheduleStart();
      });
    this.#inFlight.add(tracked);
  }

  /** Has one transaction executed, and settles or requeues its commands. */
  async #executeCommands(commands: readonly Command[]): Promise<void> {
    this.#transactions += 1;
    this.#commandsInFlight += commands.length;
    const endSlowWatch = this.#watchForSlowness();
    try {
      const outcome = await this.#deps.commands.execute(commands, {
        onLocked: (ids) => this.#readNow(ids),
        onLookUpRetry: () => this.expireOverdue(),
      });
      if (!outcome.isCommitted) this.#queue.requeue(outcome.requeued);
      this.#finish(commands, outcome.isCommitted);
      if (outcome.isCommitted)
        for (const [place, { resolve }] of commands.entries()) resolve(outcome.answers[place]);
    } catch (error) {
      for (const { reject } of commands) reject(error);
      this.#queue.finish(commands);
      throw error;
    } finally {
      this.#transactions -= 1;
      this.#commandsInFlight -= commands.length;
      endSlowWatch();
    }
  }

  /** Frees the doctors of a transaction and starts the reads that have precedence over the next one. */
  #finish(commands: readonly Command[], isCommitted: boolean): void {
    this.#queue.finish(commands);
    const doctorIds = doctorsOf(commands);
    if (commands[0]?.scope.isSetup === true) this.#startReads(() => true);
    else if (!isCommitted) this.#startReads((id) => doctorIds.has(id));
  }

  /** Counts a transaction as slow when it takes too long, which makes room for another one. */
  #watchForSlowness(): () => void {
    let isSlow = false;
    const timer = setTimeout(() => {
      isSlow = true;
      this.#slowTransactions += 1;
      this.#deps.health.watch();
      this.#scheduleStart();
    }, SLOW_TRANSACTION_MS);
    return () => {
      clearTimeout(timer);
      if (isSlow) this.#slowTransactions -= 1;
    };
  }

  /** Runs the pending reads of doctors who are current in the engine right now. */
  #readNow(ids: ReadonlySet<DoctorId>): void {
    for (const { read } of this.#pendingReads.removeIf(({ doctorId }) => ids.has(doctorId))) read();
  }

  /** Has reads executed. Their doctors are busy until the reads have run, and free when the first caller continues. */
  async #executeReads(reads: readonly PendingRead[]): Promise<void> {
    const busy = new Set(reads.map(({ doctorId }) => doctorId));
    const release = (): void => {
      this.#queue.release(busy);
      // A second call releases nothing, because the doctors may be busy again by then with other work.
      busy.clear();
    };
    this.#queue.occupy(busy);
    try {
      const retried = await this.#deps.reads.execute(reads, () => {
        for (const { read } of reads) read();
        release();
      });
      this.#pendingReads.add(...retried);
    } finally {
      release();
    }
  }

  /** Rejects everything that waits, because memory cannot be trusted any more. */
  #rejectAll(cause: Error): void {
    this.#rejectIf(new NotDurableError('The store has failed.', { cause }), () => true);
  }

  #rejectIf(error: Error, isMatch: (waiting: Command | PendingRead) => boolean): void {
    const removed = [...this.#queue.removeIf(isMatch), ...this.#pendingReads.removeIf(isMatch)];
    for (const { reject } of removed) reject(error);
  }
}
