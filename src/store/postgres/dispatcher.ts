import { randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import type { AllocationEngine, DoctorId } from '../../engine/index.ts';
import { PENDING_MAX } from '../group-commit.ts';
import {
  IdempotencyKeyTakenError,
  NotDurableError,
  OverloadedError,
  type Decision,
  type Scope,
} from '../store.ts';
import { failureOf, isKeyTaken } from './errors.ts';
import type { Health } from './health.ts';
import { OutdatedError, type Loader } from './loader.ts';
import { PendingReads, type PendingRead } from './pending-reads.ts';
import { partition } from './partition.ts';
import type { Pool } from './pool.ts';
import { doctorsOf, Queue, type Command } from './queue.ts';
import type { Reader } from './reader.ts';
import { arrayOf } from './statements.ts';
import { DecideError, hasHappened, Transaction, type Trace } from './transaction.ts';

/** Transactions under way at once, as long as they get on. */
const CONCURRENT_TRANSACTIONS = 2;
/** Milliseconds after which a transaction is held up, mostly by somebody who has its rows: it makes room for another. */
const SLOW_TRANSACTION_MS = 200;
/** Transactions that make room, at most. */
const EXTRA_TRANSACTIONS_MAX = 6;

export interface DispatcherDeps {
  readonly engine: AllocationEngine;
  readonly loader: Loader;
  readonly pool: Pool;
  readonly reader: Reader;
  readonly health: Health;
}

/** The process ends before it is known what a commit has come to: its commands are not told that nothing was changed. */
class UnknownOutcomeError extends Error {
  override readonly message = 'It is not known whether the command has taken effect.';
}

/**
 * Brings commands and looks together with transactions: whatever waits for doctors with whom nothing is under way begins
 * at once and together, the rest when they are free.
 */
export class Dispatcher {
  readonly #deps: DispatcherDeps;
  readonly #queue = new Queue();
  readonly #looks = new PendingReads();
  readonly #underWay = new Set<Promise<void>>();
  /** Doctors whose rows are locked here and who are in the engine as they are on record, or ahead of it. */
  readonly #locked: Set<DoctorId>;
  #transactions = 0;
  #heldUp = 0;
  #isWoken = false;

  /** @param locked is kept up to date for the loader */
  constructor(deps: DispatcherDeps, locked: Set<DoctorId>) {
    this.#deps = deps;
    this.#locked = locked;
    void deps.health.failure.then((error) => this.#clear(error));
  }

  /** See `Store.transact`. */
  transact<T>(scope: Scope, decide: () => Decision<T>): Promise<T> {
    const { health } = this.#deps;
    return new Promise<T>((answer, fail) => {
      health.assertWritable();
      if (this.#queue.size + this.#looks.size >= PENDING_MAX)
        throw new OverloadedError('Too many commands wait for the database.');
      this.#queue.add({
        id: randomUUID(),
        scope,
        decide,
        answer: answer as (value: unknown) => void,
        fail,
        until: health.deadline(),
        isAlone: false,
      });
      this.#wake();
    });
  }

  /** See `Store.read`. */
  read<T>(doctorId: DoctorId, look: () => T): Promise<T> {
    const { health } = this.#deps;
    return new Promise<T>((answer, fail) => {
      health.assertReadable();
      if (this.#queue.size + this.#looks.size >= PENDING_MAX)
        throw new OverloadedError('Too many reads wait for the database.');
      const answerOrFail = (): void => {
        try {
          answer(look());
        } catch (error) {
          fail(error instanceof Error ? error : new Error(String(error)));
        }
      };
      this.#looks.add({ doctorId, run: answerOrFail, fail, until: health.deadline() });
      this.#wake();
    });
  }

  /** See `Store.isSettled`. */
  isSettled(doctorId: DoctorId): boolean {
    return !this.#queue.isBusy(doctorId) && !this.#queue.isAwaited(doctorId);
  }

  /** Gives up what has waited too long for its turn. */
  expireOverdue(): void {
    const { health } = this.#deps;
    const late = new NotDurableError('The database has not been free in time.');
    const commands = this.#queue.takeIf(({ until }) => health.isOver(until));
    const looks = this.#looks.takeIf(({ until }) => health.isOver(until));
    for (const { fail } of [...commands, ...looks]) fail(late);
  }

  /** Resolves when nothing is under way any more. */
  async drain(): Promise<void> {
    while (this.#underWay.size > 0 || this.#isWoken) {
      await Promise.all(this.#underWay);
      await turn();
    }
  }

  /** The requests of this turn of the event loop share what comes next. */
  #wake(): void {
    if (this.#isWoken) return;
    this.#isWoken = true;
    setImmediate(() => {
      this.#isWoken = false;
      this.#begin();
    });
  }

  /** Begins all that can be begun. */
  #begin(): void {
    while (
      this.#transactions <
      CONCURRENT_TRANSACTIONS + Math.min(this.#heldUp, EXTRA_TRANSACTIONS_MAX)
    ) {
      const commands = this.#queue.take();
      if (commands.length === 0) break;
      this.#transactions += 1;
      this.#track(this.#makingRoom(this.#carryOut(commands)));
    }
    this.#look((id) => !this.#queue.isBusy(id));
  }

  /** Begins the looks at these doctors. */
  #look(isWanted: (id: DoctorId) => boolean): void {
    const looks = this.#looks.takeIf(({ doctorId }) => isWanted(doctorId));
    if (looks.length > 0) this.#track(this.#show(looks));
  }

  /** Sees to it that what is under way is waited for, and that what waits for its end begins then. */
  #track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => {
        if (!(error instanceof UnknownOutcomeError)) this.#deps.health.fail(error as Error);
      })
      .then(() => {
        this.#underWay.delete(tracked);
        this.#wake();
      });
    this.#underWay.add(tracked);
  }

  /** Lets others begin while this takes long. */
  async #makingRoom(work: Promise<void>): Promise<void> {
    let room = 0;
    const timer = setTimeout(() => {
      room = 1;
      this.#heldUp += room;
      this.#deps.health.watch();
      this.#wake();
    }, SLOW_TRANSACTION_MS);
    try {
      await work;
    } finally {
      clearTimeout(timer);
      this.#heldUp -= room;
    }
  }

  /** Carries commands out in one transaction; those that come to nothing wait for another try, or are given up. */
  async #carryOut(commands: readonly Command[]): Promise<void> {
    const { engine, loader, pool } = this.#deps;
    const session = pool.take();
    const touched = new Set(doctorsOf(commands));
    const onCurrent = (ids: ReadonlySet<DoctorId>): void => {
      for (const id of ids) touched.add(id);
      for (const id of ids) this.#locked.add(id);
      for (const { run: look } of this.#looks.takeIf(({ doctorId }) => ids.has(doctorId))) look();
    };
    const transaction = new Transaction(commands, session, { engine, loader, onCurrent });
    let answers: readonly unknown[] | undefined;
    try {
      await transaction.run();
      answers = transaction.answers;
    } catch (error) {
      session.destroy();
      // What was decided is not to be seen by anybody.
      for (const id of touched) engine.evictDoctor(id);
      answers = await this.#recover(transaction, error as Error).catch((cause: unknown) => {
        for (const { fail } of commands) fail(cause);
        throw cause;
      });
    } finally {
      pool.release(session);
      for (const id of touched) this.#locked.delete(id);
      this.#queue.finish(commands);
      this.#transactions -= 1;
    }
    // Who looks has waited for nothing, and goes before the next try, which may come to nothing as well; and before the
    // next setup, or a stream of them would let nobody look.
    const isSetup = commands[0]?.scope.isSetup === true;
    if (isSetup) this.#look(() => true);
    else if (answers === undefined) this.#look((id) => touched.has(id));
    for (const [place, command] of commands.entries()) if (answers) command.answer(answers[place]);
  }

  /** Finds out what an attempt has come to: its answers, or nothing, and its commands are tried again or given up. */
  async #recover(transaction: Transaction, error: Error): Promise<readonly unknown[] | undefined> {
    const { health } = this.#deps;
    const { commands, trace } = transaction;
    const fate = failureOf(error);
    if (fate === 'final') throw error instanceof DecideError ? error.cause : error;
    if (fate === 'lost') {
      health.watch();
      if (trace !== undefined && (await this.#hasHappened(trace, commands)))
        return transaction.answers;
    }
    const taken = isKeyTaken(error) ? await this.#takenKeys(transaction) : new Set<Command>();
    for (const { fail } of taken)
      fail(new IdempotencyKeyTakenError('Another answer is kept under the key.'));
    await health.pause();
    const [late, again] = partition(
      commands.filter((command) => !taken.has(command)),
      ({ until }) => health.isOver(until),
    );
    const cause = new NotDurableError('The database has not taken it in time.', { cause: error });
    for (const { fail } of late) fail(cause);
    for (const command of again) command.isAlone = true;
    this.#queue.requeue(again);
    return undefined;
  }

  /** The outcome of a commit whose answer was lost: asked for until it is known, for it must not be guessed. */
  async #hasHappened(trace: Trace, commands: readonly Command[]): Promise<boolean> {
    const { pool, health } = this.#deps;
    for (;;) {
      const session = pool.take();
      try {
        return await hasHappened(trace, commands, session);
      } catch (error) {
        session.destroy();
        if (failureOf(error) === 'final') throw error;
        if (health.isClosing) throw new UnknownOutcomeError();
        this.expireOverdue();
        await health.pause();
      } finally {
        pool.release(session);
      }
    }
  }

  /** The commands under whose keys another process has had an answer kept. */
  async #takenKeys({ commands, decisions }: Transaction): Promise<Set<Command>> {
    const kept = decisions.flatMap((decision) => decision.response ?? []);
    // Where it cannot be read now, the next try meets the same key.
    const taken = await this.#deps.reader.takenKeys(kept).catch((error: unknown) => {
      if (error instanceof NotDurableError) return [];
      throw error;
    });
    return new Set(
      commands.filter((_, place) => {
        const own = decisions[place]?.response;
        return taken.some(({ caller, key }) => caller === own?.caller && key === own.key);
      }),
    );
  }

  /** Shows doctors as they are on record, reading of them only what has changed. */
  async #show(looks: readonly PendingRead[]): Promise<void> {
    const { engine, pool, loader, health } = this.#deps;
    const ids = new Set(looks.map(({ doctorId }) => doctorId));
    this.#queue.occupy(ids);
    try {
      const rows = await pool.query('versions', arrayOf(ids));
      await loader.load(ids, rows, pool.query);
      if (rows.some(({ id }) => engine.doctor(id as DoctorId) === undefined))
        throw new OutdatedError('A doctor was forgotten meanwhile.');
      for (const { run: look } of looks) look();
    } catch (error) {
      const fate = failureOf(error);
      if (fate === 'lost') health.watch();
      if (fate !== 'final') await health.pause();
      const unread = new NotDurableError('The database cannot be read right now.', {
        cause: error,
      });
      for (const look of looks)
        if (fate === 'final' || health.isOver(look.until)) look.fail(unread);
        else this.#looks.add(look);
      if (fate === 'final') throw error;
    } finally {
      this.#queue.release(ids);
    }
  }

  /** Ends what waits: what is in memory is not to be trusted any more. */
  #clear(cause: Error): void {
    const error = new NotDurableError('The store has failed.', { cause });
    const all = [...this.#queue.takeIf(() => true), ...this.#looks.takeIf(() => true)];
    for (const { fail } of all) fail(error);
  }
}
