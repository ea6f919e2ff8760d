import { found, invariant } from './invariant.ts';
import { EMERGENCY, type PatientClass } from './patient-class.ts';

/** The class table, and the classes of tokens that got another priority from an earlier table. */
export class ClassTable {
  readonly #classes: Map<string, PatientClass>;

  /** @throws InvariantError when `EMERGENCY` is not the class of highest priority */
  constructor(classes: readonly PatientClass[]) {
    // Otherwise a token that may not bump a checked-in token would outrank one that may (R3, R8).
    const highest = classes.toSorted((a, b) => b.priority - a.priority)[0];
    invariant(highest?.type === EMERGENCY, 'EMERGENCY is the highest class');
    this.#classes = new Map(classes.map((patientClass) => [patientClass.type, patientClass]));
  }

  /**
   * The class of this name in the table.
   * @throws InvariantError when the table has no such class
   */
  classOf(type: string): PatientClass {
    return found(this.#classes.get(type), 'a command names a class of the table');
  }

  /**
   * The class of this name with this priority: the table's, or one object for all tokens that got another priority
   * from an earlier table.
   */
  withPriority(type: string, priority: number): PatientClass {
    const current = this.#classes.get(type);
    if (current?.priority === priority) return current;
    // This name cannot collide with a class of the table, because a class name has no space.
    const name = `${type} ${priority}`;
    const earlier = this.#classes.get(name) ?? { type, priority };
    this.#classes.set(name, earlier);
    return earlier;
  }
}
