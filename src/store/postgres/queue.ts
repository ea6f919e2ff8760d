import type { DoctorId } from '../../engine/index.ts';
import type { Decision, Scope } from '../store.ts';
import { partition } from './partition.ts';

/** Commands that share a transaction, at most. */
const COMMANDS_PER_TRANSACTION_MAX = 256;

/** A command that waits for its turn. */
export interface Command {
  /** Names it on record, for who loses the answer to a commit. */
  readonly id: string;
  readonly scope: Scope;
  readonly decide: () => Decision<unknown>;
  readonly answer: (value: unknown) => void;
  readonly fail: (error: unknown) => void;
  /** The instant, on the clock of `performance`, after which it is not tried again. */
  readonly until: number;
  /** Whether it has failed with others: it is not made to share their fate again. */
  isAlone: boolean;
}

/**
 * The commands that wait, in the order in which they came. Those of doctors with whom nothing is under way share the next
 * transaction; the others wait until their doctors are free, and nobody overtakes them there.
 */
export class Queue {
  #waiting: Command[] = [];
  readonly #busy = new Set<DoctorId>();
  /** Whether a command that sets up doctors is under way: everything else waits. */
  #isSettingUp = false;

  get size(): number {
    return this.#waiting.length;
  }

  /** Whether something of this doctor is under way, or is to be before anything else. */
  isBusy(id: DoctorId): boolean {
    const isSetupNext = this.#waiting[0]?.scope.isSetup === true;
    return this.#isSettingUp || isSetupNext || this.#busy.has(id);
  }

  /** Whether a command of this doctor waits. */
  isAwaited(id: DoctorId): boolean {
    return this.#waiting.some(({ scope }) => scope.doctorIds.includes(id));
  }

  add(command: Command): void {
    this.#waiting.push(command);
  }

  /** Puts commands back to where they were: before all that came later. */
  requeue(commands: readonly Command[]): void {
    this.#waiting.unshift(...commands);
  }

  /** Marks doctors as busy; those who wait for them go on waiting. */
  occupy(ids: Iterable<DoctorId>): void {
    for (const id of ids) this.#busy.add(id);
  }

  release(ids: Iterable<DoctorId>): void {
    for (const id of ids) this.#busy.delete(id);
  }

  /** Takes the commands of the next transaction and makes their doctors busy; none when all have to wait. */
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
      if (doctorIds.some((id) => blocked.has(id)) || !isWith(taken, command)) {
        for (const id of doctorIds) blocked.add(id);
        left.push(command);
      } else taken.push(command);
    }
    this.#waiting = left;
    this.occupy(doctorsOf(taken));
    return taken;
  }

  /** Takes those that are wanted, whether their doctors are free or not: they are not to be carried out. */
  takeIf(isWanted: (command: Command) => boolean): Command[] {
    const [taken, left] = partition(this.#waiting, isWanted);
    this.#waiting = left;
    return taken;
  }

  /** Lets go of a transaction's doctors. */
  finish(commands: readonly Command[]): void {
    if (commands[0]?.scope.isSetup === true) this.#isSettingUp = false;
    this.release(doctorsOf(commands));
  }

  /** A command that sets up doctors has everything to itself. */
  #takeSetup(): Command[] {
    if (this.#busy.size > 0) return [];
    this.#isSettingUp = true;
    return this.#waiting.splice(0, 1);
  }
}

/** The doctors of these commands, each once. */
export const doctorsOf = (commands: readonly Command[]): Set<DoctorId> =>
  new Set(commands.flatMap(({ scope }) => scope.doctorIds));

/** Whether a command may share the transaction of these: one that has failed shares it with its doctor's alone. */
function isWith(taken: readonly Command[], command: Command): boolean {
  const [first] = taken;
  if (first === undefined || !(first.isAlone || command.isAlone)) return true;
  const [one] = first.scope.doctorIds;
  return [first, command].every(
    ({ scope: { doctorIds } }) => doctorIds.length === 1 && doctorIds[0] === one,
  );
}
