import type { DoctorId } from '../../engine/index.ts';
import type { Decision, Scope } from '../store.ts';
import { partition } from './partition.ts';

const COMMANDS_PER_TRANSACTION_MAX = 256;

/** A command that waits for its transaction, or is in one. */
export interface Command {
  /** Stored with the change records, because it proves a commit whose answer was lost. */
  readonly id: string;
  readonly scope: Scope;
  readonly decide: () => Decision<unknown>;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** The instant, on the clock of `performance`, after which the command is not retried. */
  readonly deadlineMs: number;
  /** Whether a transaction of the command has failed. From then on it shares none with other doctors' commands. */
  isIsolated: boolean;
}

/**
 * The commands that wait for a transaction, in the order in which they came, and the busy doctors.
 *
 * A doctor is busy while a transaction or a read of the doctor is in flight. The commands of free doctors share the next
 * transaction. A command of a busy doctor waits until all its doctors are free, and no later command of the same doctors
 * overtakes it. A setup command (one that assigns ids to sessions or slots) starts when no doctor is busy, and runs alone.
 */
export class Queue {
  #waiting: Command[] = [];
  readonly #busy = new Set<DoctorId>();
  /** Whether a setup command is in flight. Everything else waits until then. */
  #isSettingUp = false;

  /** The number of commands that wait. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Whether a read of this doctor must wait: the doctor is busy, or a setup command is in flight or next. */
  isBusy(id: DoctorId): boolean {
    const isSetupNext = this.#waiting[0]?.scope.isSetup === true;
    return this.#isSettingUp || isSetupNext || this.#busy.has(id);
  }

  /** Whether a command of this doctor waits. */
  hasWaiting(id: DoctorId): boolean {
    return this.#waiting.some(({ scope }) => scope.doctorIds.includes(id));
  }

  add(command: Command): void {
    this.#waiting.push(command);
  }

  /** Puts commands back to the head of the queue, because they came before all that wait. */
  requeue(commands: readonly Command[]): void {
    this.#waiting.unshift(...commands);
  }

  /** Marks doctors as busy. */
  occupy(ids: Iterable<DoctorId>): void {
    for (const id of ids) this.#busy.add(id);
  }

  /** Marks doctors as free. */
  release(ids: Iterable<DoctorId>): void {
    for (const id of ids) this.#busy.delete(id);
  }

  /** Removes the commands of the next transaction and marks their doctors as busy. Returns none if all must wait. */
  take(): Command[] {
    if (this.#isSettingUp) return [];
    if (this.#waiting[0]?.scope.isSetup === true) return this.#takeSetup();
    const blocked = new Set(this.#busy);
    const taken: Command[] = [];
    const left: Command[] = [];
    for (const [place, command] of this.#waiting.entries()) {
      if (taken.length === COMMANDS_PER_TRANSACTION_MAX || command.scope.isSetup === true) {
        left.push(...this.#waiting.slice(place));
        break;
      }
      const { doctorIds } = command.scope;
      if (doctorIds.some((id) => blocked.has(id)) || !canShareTransaction(taken, command)) {
        for (const id of doctorIds) blocked.add(id);
        left.push(command);
      } else taken.push(command);
    }
    this.#waiting = left;
    this.occupy(doctorsOf(taken));
    return taken;
  }

  /** Removes the waiting commands that match, whether their doctors are busy or not, and returns them. */
  removeIf(isMatch: (command: Command) => boolean): Command[] {
    const [removed, left] = partition(this.#waiting, isMatch);
    this.#waiting = left;
    return removed;
  }

  /** Marks the doctors of a transaction that has ended as free. */
  finish(commands: readonly Command[]): void {
    if (commands[0]?.scope.isSetup === true) this.#isSettingUp = false;
    this.release(doctorsOf(commands));
  }

  #takeSetup(): Command[] {
    if (this.#busy.size > 0) return [];
    this.#isSettingUp = true;
    return this.#waiting.splice(0, 1);
  }
}

/** The doctors of these commands, each once. */
export const doctorsOf = (commands: readonly Command[]): Set<DoctorId> =>
  new Set(commands.flatMap(({ scope }) => scope.doctorIds));

/** Whether a command may join these: an isolated command shares a transaction only with commands of its one doctor. */
function canShareTransaction(taken: readonly Command[], command: Command): boolean {
  const [first] = taken;
  if (first === undefined || !(first.isIsolated || command.isIsolated)) return true;
  const [firstDoctor] = first.scope.doctorIds;
  return [first, command].every(
    ({ scope: { doctorIds } }) => doctorIds.length === 1 && doctorIds[0] === firstDoctor,
  );
}
