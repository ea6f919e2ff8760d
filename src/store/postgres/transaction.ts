import { invariant, type AllocationEngine, type DoctorId } from '../../engine/index.ts';
import type { Decision } from '../store.ts';
import { DecideError } from './errors.ts';
import type { Loader } from './loader.ts';
import { doctorsOf, type Command } from './queue.ts';
import { RowWrites, type Decided } from './row-writes.ts';
import type { Rows, Session } from './session.ts';
import { arrayOf } from './statements.ts';

interface TransactionDeps {
  readonly engine: AllocationEngine;
  readonly loader: Loader;
  /** Called when the doctors are locked and current in the engine, before anything is decided. */
  readonly onLocked: (ids: ReadonlySet<DoctorId>) => void;
}

/**
 * Where to find out whether a commit happened: if it did, the change record of this doctor and version has the id of
 * this command.
 */
export interface CommitProbe {
  readonly doctorId: DoctorId;
  readonly version: number;
  readonly commandId: string;
}

/**
 * One attempt to carry out commands, all or none: lock the doctors' rows, compare their versions, reload what is
 * outdated, decide, write, commit. It is used once; a retry is a new transaction.
 */
export class Transaction {
  readonly commands: readonly Command[];
  readonly #deps: TransactionDeps;
  readonly #session: Session;
  /** The doctors who have a row. */
  readonly #stored = new Set<DoctorId>();
  #decided: readonly Decided[] = [];
  #isCommitSent = false;

  constructor(commands: readonly Command[], session: Session, deps: TransactionDeps) {
    this.commands = commands;
    this.#session = session;
    this.#deps = deps;
  }

  /** The answers in the order of the commands. They may be given once the commit is known to have happened. */
  get answers(): readonly unknown[] {
    return this.#decided.map(({ decision }) => decision.answer);
  }

  get decisions(): readonly Decision<unknown>[] {
    return this.#decided.map(({ decision }) => decision);
  }

  /** How to find out whether the commit happened; undefined when none was sent or it would have left no change record. */
  get commitProbe(): CommitProbe | undefined {
    for (const { commandId, decision } of this.#isCommitSent ? this.#decided : []) {
      const [change] = decision.changes;
      if (change !== undefined)
        return { doctorId: change.doctorId, version: change.version, commandId };
    }
    return undefined;
  }

  /**
   * Resolves when everything is durable.
   * @throws DecideError when a command has a bug; ConnectionLostError, StaleDoctorError or an error of the server or the
   *   driver when the attempt did not succeed, see `classifyFailure`
   */
  async run(): Promise<void> {
    const { engine, loader, onLocked } = this.#deps;
    const { run } = this.#session;
    const { ids, rows } = await lockDoctors(this.#session, this.commands);
    for (const { id } of rows) this.#stored.add(id as DoctorId);
    const scopes = this.commands.map(({ scope }) => scope);
    do {
      await loader.load(ids, rows, run);
      await loader.loadSlots(ids, scopes, run);
      // When a token has moved to a loaded doctor, its former doctor is evicted and must be loaded again.
    } while (rows.some(({ id }) => !loader.isLoaded(id as DoctorId)));
    onLocked(ids);
    this.#decide();
    const writes = new RowWrites(this.#decided);
    // No await separates this line from the sends, so the connection cannot close unnoticed in between.
    this.#isCommitSent = !writes.isEmpty;
    const sent = writes.send(run, engine, (id) => this.#stored.has(id));
    await settleAll([...sent, this.#commit()]);
  }

  #decide(): void {
    this.#decided = this.commands.map((command) => {
      const { id: commandId, scope, decide } = command;
      try {
        const decision = decide();
        // A change of an unlocked doctor could be read by others before it is durable.
        const isWithin = decision.changes.every(
          ({ doctorId }) => scope.isHospitalWide === true || scope.doctorIds.includes(doctorId),
        );
        invariant(isWithin, 'a command changes only the doctors it names');
        return { commandId, decision };
      } catch (error) {
        throw new DecideError(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  async #commit(): Promise<void> {
    const { command } = await this.#session.run('commit');
    // After a failed statement the server answers COMMIT with ROLLBACK; the statement itself rejects with its error.
    invariant(command === 'COMMIT', 'a transaction without failure commits');
  }
}

/** Begins a transaction and locks the rows of the commands' doctors, in the order of ids, which excludes deadlocks. */
async function lockDoctors(
  session: Session,
  commands: readonly Command[],
): Promise<{ ids: ReadonlySet<DoctorId>; rows: Rows }> {
  await session.prepare();
  const { run } = session;
  const named = doctorsOf(commands);
  const isSetup = commands[0]?.scope.isSetup === true;
  if (!isSetup) {
    const [, rows] = await settleAll([run('begin'), run('lock', arrayOf(named))]);
    return { ids: named, rows };
  }
  const roots = commands.flatMap(({ scope }) => scope.slotIds ?? []).map(rootOf);
  // Once the setup is locked, no other process adds a doctor.
  const isHospitalWide = commands.some(({ scope }) => scope.isHospitalWide === true);
  const [, , owners] = await settleAll([
    run('begin'),
    run('lockSetup'),
    isHospitalWide ? run('timeZones') : run('ownersOfRoots', arrayOf(new Set(roots))),
  ]);
  const ids = new Set([...named, ...owners.map(({ id }) => id as DoctorId)]);
  return { ids, rows: await run('lock', arrayOf(ids)) };
}

/** The part of an id before the first @, which the ids of a session and of its slots have in common. */
const rootOf = (id: string): string => id.split('@', 1)[0] ?? id;

/**
 * Whether the transaction of this probe was committed. The look-up locks the same rows, so it waits until that
 * transaction has ended.
 * @throws any error that prevents the look-up
 */
export async function wasCommitted(
  probe: CommitProbe,
  commands: readonly Command[],
  session: Session,
): Promise<boolean> {
  await lockDoctors(session, commands);
  const [record] = await settleAll([
    session.run('commandAt', probe.doctorId, probe.version),
    session.run('commit'),
  ]);
  return record[0]?.['command_id'] === probe.commandId;
}

/**
 * Waits until all promises have settled, then returns their values or throws the first error in the order of the
 * promises. The first error in time may be only a consequence of it.
 */
async function settleAll<T extends readonly Promise<unknown>[]>(
  promises: readonly [...T],
): Promise<{ -readonly [Place in keyof T]: Awaited<T[Place]> }> {
  for (const outcome of await Promise.allSettled(promises))
    if (outcome.status === 'rejected') throw outcome.reason;
  return Promise.all(promises);
}
