import { invariant, type AllocationEngine, type DoctorId } from '../../engine/index.ts';
import type { Decision } from '../store.ts';
import type { Loader } from './loader.ts';
import { doctorsOf, type Command } from './queue.ts';
import { RowWrites, type Decided } from './row-writes.ts';
import type { Rows, Session } from './session.ts';
import { arrayOf } from './statements.ts';

/** A command that threw where it was to decide: a bug, after which nothing in memory is to be trusted. */
export class DecideError extends Error {
  declare readonly cause: Error;
}

interface Hooks {
  readonly engine: AllocationEngine;
  readonly loader: Loader;
  /** Called when the doctors are locked and as they are on record, before anything is decided. */
  readonly onCurrent: (ids: ReadonlySet<DoctorId>) => void;
}

/** One attempt to carry out commands, all of them or none: lock, compare, reload, decide, write, commit. */
export class Transaction {
  readonly commands: readonly Command[];
  readonly #hooks: Hooks;
  readonly #session: Session;
  readonly #known = new Set<DoctorId>();
  #decided: readonly Decided[] = [];
  #isSent = false;

  constructor(commands: readonly Command[], session: Session, hooks: Hooks) {
    this.commands = commands;
    this.#session = session;
    this.#hooks = hooks;
  }

  /** The answers, in the order of the commands; to be given once `run` has resolved. */
  get answers(): readonly unknown[] {
    return this.#decided.map(({ decision }) => decision.answer);
  }

  get decisions(): readonly Decision<unknown>[] {
    return this.#decided.map(({ decision }) => decision);
  }

  /** The first record that a commit would have left; undefined when none was sent. */
  get trace(): Trace | undefined {
    for (const { commandId, decision } of this.#isSent ? this.#decided : []) {
      const [change] = decision.changes;
      if (change !== undefined)
        return { doctorId: change.doctorId, version: change.version, commandId };
    }
    return undefined;
  }

  /** Resolves when everything is durable. */
  async run(): Promise<void> {
    const doctors = await lockDoctors(this.#session, this.commands);
    for (const { id } of doctors.rows) this.#known.add(id as DoctorId);
    const { engine, loader, onCurrent } = this.#hooks;
    const slotIds = this.commands.flatMap(({ scope }) => scope.slotIds ?? []);
    do {
      await loader.load(doctors.ids, doctors.rows, this.#session.run);
      await loader.loadSlots(doctors.ids, slotIds, this.#session.run);
      // Who was forgotten meanwhile, for a token seemed to have left for another doctor, is brought once more.
    } while (doctors.rows.some(({ id }) => engine.doctor(id as DoctorId) === undefined));
    onCurrent(doctors.ids);
    this.#decide();
    const writes = new RowWrites(this.#decided);
    // Between the last answer and this, nothing was awaited that could have lost the connection unnoticed.
    this.#isSent = !writes.isEmpty;
    const sent = writes.send(this.#session.run, engine, (id) => this.#known.has(id));
    await answered([...sent, this.#commit()]);
  }

  #decide(): void {
    this.#decided = this.commands.map((command) => {
      const { id: commandId, scope, decide } = command;
      try {
        const decision = decide();
        // Who reads another doctor would see what can still be lost.
        const isWithin = decision.changes.every(({ doctorId }) =>
          scope.doctorIds.includes(doctorId),
        );
        invariant(isWithin, 'a command changes only the doctors it names');
        return { commandId, decision };
      } catch (error) {
        throw new DecideError('A command could not decide.', { cause: error });
      }
    });
  }

  async #commit(): Promise<void> {
    const { command } = await this.#session.run('commit');
    // What has failed in a transaction makes a rollback of its commit; the failure itself is told in its own answer.
    invariant(command === 'COMMIT', 'a transaction without failure commits');
  }
}

/** Where to look whether a transaction has come about. */
export interface Trace {
  readonly doctorId: DoctorId;
  readonly version: number;
  readonly commandId: string;
}

/** Begins a transaction and locks the doctors of these commands, in the order of ids. */
async function lockDoctors(
  session: Session,
  commands: readonly Command[],
): Promise<{ ids: ReadonlySet<DoctorId>; rows: Rows }> {
  await session.prepare();
  const { run } = session;
  const named = doctorsOf(commands);
  const isSetup = commands[0]?.scope.isSetup === true;
  if (!isSetup) {
    const [, rows] = await answered([run('begin'), run('lock', arrayOf(named))]);
    return { ids: named, rows };
  }
  const roots = commands.flatMap(({ scope }) => scope.slotIds ?? []).map(rootOf);
  const [, , owners] = await answered([
    run('begin'),
    run('lockSetup'),
    run('ownersOfRoots', arrayOf(new Set(roots))),
  ]);
  const ids = new Set([...named, ...owners.map(({ id }) => id as DoctorId)]);
  return { ids, rows: await run('lock', arrayOf(ids)) };
}

const rootOf = (id: string): string => id.split('@', 1)[0] ?? id;

/**
 * Whether the transaction of this trace has come about. It waits for that one's end: both lock the same rows.
 * @throws whatever keeps it from knowing
 */
export async function hasHappened(
  trace: Trace,
  commands: readonly Command[],
  session: Session,
): Promise<boolean> {
  await lockDoctors(session, commands);
  const [record] = await answered([
    session.run('commandAt', trace.doctorId, trace.version),
    session.run('commit'),
  ]);
  return record[0]?.['command_id'] === trace.commandId;
}

/** All answers; the first failure, in the order in which they were sent, once the last has come. */
export async function answered<T extends readonly Promise<unknown>[]>(
  sent: readonly [...T],
): Promise<{ -readonly [Place in keyof T]: Awaited<T[Place]> }> {
  for (const outcome of await Promise.allSettled(sent))
    if (outcome.status === 'rejected') throw outcome.reason;
  return Promise.all(sent);
}
