import type { AllocationEngine, DoctorId } from '../../engine/index.ts';
import { publish, type TransactionEvent } from '../../telemetry/index.ts';
import { IdempotencyKeyTakenError, NotDurableError, UnknownOutcomeError } from '../store.ts';
import { classifyFailure, DecideError, isKeyTaken, type Failure } from './errors.ts';
import type { Health } from './health.ts';
import type { Loader } from './loader.ts';
import { partition } from './partition.ts';
import type { Pool } from './pool.ts';
import { doctorsOf, type Command } from './queue.ts';
import type { Reader } from './reader.ts';
import { Transaction, wasCommitted, type CommitProbe } from './transaction.ts';

export interface CommandExecutorDeps {
  readonly engine: AllocationEngine;
  readonly loader: Loader;
  readonly pool: Pool;
  readonly reader: Pick<Reader, 'takenKeys'>;
  readonly health: Health;
  /** The doctors whose rows a transaction of this process has locked. The executor maintains the set for the loader. */
  readonly lockedDoctors: Set<DoctorId>;
}

/** What the executor reports while a transaction is in flight. */
export interface ExecutionListener {
  /** The doctors are locked and current in the engine, before any command decides. Reads can be served now. */
  readonly onLocked: (doctorIds: ReadonlySet<DoctorId>) => void;
  /** The look-up of a lost commit has failed and is retried, so the doctors stay busy for longer. */
  readonly onLookUpRetry: () => void;
}

/** How one attempt has ended: committed with the answers in the order of the commands, or rolled back. */
export type ExecutionOutcome =
  | { readonly isCommitted: true; readonly answers: readonly unknown[] }
  | { readonly isCommitted: false; readonly requeued: readonly Command[] };

/**
 * Carries out the commands of one transaction and recovers from its failure. The dispatcher calls `execute` once for
 * each transaction and several times at once, never for the same doctor twice.
 *
 * An attempt is *running* in a `Transaction` on a session of its own. If it commits, it is *committed*. If it fails,
 * the session is destroyed and the doctors are evicted from the engine, because the engine may hold changes that are
 * not durable. The failure decides what follows:
 * - `fatal`: `execute` throws, and the store fails.
 * - `connectionLost` after the commit was sent: the attempt is *in doubt*. The executor looks for the change record of
 *   the transaction until it knows the outcome, because a guess would book twice or not at all. Only `Health.close`
 *   ends the look-up early, with UnknownOutcomeError. A record that is there makes the attempt *committed*.
 * - otherwise the attempt is *rolled back*. A command whose idempotency key another process has used is rejected with
 *   IdempotencyKeyTakenError, a command whose deadline is over with NotDurableError. All others are returned to be
 *   requeued, each isolated from the commands of other doctors, because one bad command must not fail the others again.
 */
export class CommandExecutor {
  readonly #deps: CommandExecutorDeps;

  constructor(deps: CommandExecutorDeps) {
    this.#deps = deps;
  }

  /**
   * Makes one attempt. Refused commands are rejected here; the caller resolves the committed ones.
   * @throws UnknownOutcomeError the store closes before the outcome is known
   * @throws Error any fatal error, after which memory cannot be trusted
   */
  async execute(
    commands: readonly Command[],
    listener: ExecutionListener,
  ): Promise<ExecutionOutcome> {
    const { engine, loader, pool, health, lockedDoctors } = this.#deps;
    const startedMs = performance.now();
    const session = pool.acquire();
    const doctorIds = doctorsOf(commands);
    const onLocked = (ids: ReadonlySet<DoctorId>): void => {
      for (const id of ids) {
        doctorIds.add(id);
        lockedDoctors.add(id);
      }
      listener.onLocked(ids);
    };
    const transaction = new Transaction(commands, session, { engine, loader, onLocked });
    let failure: Failure | null = null;
    let outcome: ExecutionOutcome | undefined;
    try {
      await transaction.run();
      if (transaction.decisions.some(({ changes }) => changes.length > 0)) health.noteStored();
      outcome = { isCommitted: true, answers: transaction.answers };
    } catch (error) {
      failure = classifyFailure(error);
      session.destroy();
      for (const id of doctorIds) engine.evictDoctor(id);
      outcome = await this.#recover(transaction, { error, failure }, listener);
    } finally {
      pool.release(session);
      for (const id of doctorIds) lockedDoctors.delete(id);
      publish('opd:transaction', () => eventOf(transaction, { outcome, failure, startedMs }));
    }
    return outcome;
  }

  async #recover(
    transaction: Transaction,
    { error, failure }: { readonly error: unknown; readonly failure: Failure },
    listener: ExecutionListener,
  ): Promise<ExecutionOutcome> {
    const { health } = this.#deps;
    const { commands, commitProbe } = transaction;
    if (failure === 'fatal') throw error instanceof DecideError ? error.cause : error;
    if (failure === 'connectionLost') {
      health.watch();
      if (commitProbe && (await this.#wasCommitted(commitProbe, commands, listener)))
        return { isCommitted: true, answers: transaction.answers };
    }
    const taken = isKeyTaken(error)
      ? await this.#keyTakenCommands(transaction)
      : new Set<Command>();
    for (const { reject } of taken)
      reject(new IdempotencyKeyTakenError('Another response is stored under the key.'));
    await health.pause();
    const [overdue, requeued] = partition(
      commands.filter((command) => !taken.has(command)),
      ({ deadlineMs }) => health.isOver(deadlineMs),
    );
    const cause = new NotDurableError('The database has not stored it in time.', { cause: error });
    if (overdue.length > 0) health.noteRefused(error);
    for (const { reject } of overdue) reject(cause);
    for (const command of requeued) command.isIsolated = true;
    return { isCommitted: false, requeued };
  }

  /** Asks until the outcome of a commit is known. */
  async #wasCommitted(
    probe: CommitProbe,
    commands: readonly Command[],
    { onLookUpRetry }: ExecutionListener,
  ): Promise<boolean> {
    const { pool, health } = this.#deps;
    for (;;) {
      const session = pool.acquire();
      try {
        return await wasCommitted(probe, commands, session);
      } catch (error) {
        session.destroy();
        if (classifyFailure(error) === 'fatal') throw error;
        if (health.isClosing) throw new UnknownOutcomeError();
        onLookUpRetry();
        await health.pause();
      } finally {
        pool.release(session);
      }
    }
  }

  /** The commands under whose idempotency keys another process has stored a response. */
  async #keyTakenCommands({ commands, decisions }: Transaction): Promise<Set<Command>> {
    const responses = decisions.flatMap((decision) => decision.response ?? []);
    const takenKeys = await this.#deps.reader.takenKeys(responses).catch((error: unknown) => {
      // When the keys cannot be read now, the retry fails at the same key and asks again.
      if (error instanceof NotDurableError) return [];
      throw error;
    });
    return new Set(
      commands.filter((_, place) => {
        const response = decisions[place]?.response;
        return takenKeys.some(
          ({ caller, key }) => caller === response?.caller && key === response.key,
        );
      }),
    );
  }
}

function eventOf(
  { commands, decisions }: Transaction,
  attempt: {
    readonly outcome: ExecutionOutcome | undefined;
    readonly failure: Failure | null;
    readonly startedMs: number;
  },
): TransactionEvent {
  const { outcome, failure, startedMs } = attempt;
  return {
    outcome: outcome === undefined ? 'failed' : outcome.isCommitted ? 'committed' : 'rolledBack',
    failure,
    commands: commands.length,
    changes: decisions.reduce((count, { changes }) => count + changes.length, 0),
    requeued: outcome?.isCommitted === false ? outcome.requeued.length : 0,
    ms: performance.now() - startedMs,
  };
}
