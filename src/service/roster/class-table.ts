import { Type } from '@sinclair/typebox';
import {
  DEFAULT_CLASSES,
  EMERGENCY,
  type AllocationEngine,
  type PatientClass,
} from '../../engine/index.ts';
import type { Fault } from '../fault-words.ts';
import { RosterError } from './error.ts';

export const ClassInput = Type.Object(
  {
    type: Type.String({
      pattern: '^[A-Z][A-Z0-9_]{0,63}$',
      description: '1 to 64 capital letters, digits and `_`, a letter first.',
    }),
    priority: Type.Integer({ minimum: 1, maximum: 1_000, description: 'Higher wins.' }),
  },
  { additionalProperties: false },
);

/**
 * The class table: the default classes, with the given classes added. A given class that has the name of a default one
 * replaces it. A default class is never removed, because clients name it.
 * A token keeps the priority that its class had when the token got the class. A changed priority applies to later
 * bookings and to later changes of class.
 * @returns the classes, highest priority first
 */
export function classTable(given: readonly PatientClass[]): PatientClass[] {
  const table = new Map([...DEFAULT_CLASSES, ...given].map((each) => [each.type, each]));
  return [...table.values()].sort((a, b) => b.priority - a.priority);
}

/**
 * The faults that a schema cannot state about the classes of a roster file, because they are about the whole table.
 * @param given the classes of the file; undefined in the place of a class that has faults of its own
 * @param at the JSON Pointer of the list
 */
export function classFaultsOf(given: readonly (PatientClass | undefined)[], at: string): Fault[] {
  const table = classTable(given.filter((each) => each !== undefined));
  const emergency = table.find(({ type }) => type === EMERGENCY);
  return given.flatMap((own, index): Fault[] => {
    if (own === undefined) return [];
    const pointer = `${at}/${index}`;
    if (given.findIndex((each) => each?.type === own.type) !== index)
      return [{ pointer: `${pointer}/type`, detail: 'must differ from the types before it' }];
    const twin = table.find(({ type, priority }) => priority === own.priority && type !== own.type);
    if (twin !== undefined)
      return [
        { pointer: `${pointer}/priority`, detail: `must differ from the priority of ${twin.type}` },
      ];
    const above = own.type === EMERGENCY ? table[0] : own;
    return emergency === undefined || above === undefined || above.priority <= emergency.priority
      ? []
      : [{ pointer: `${pointer}/priority`, detail: faultOfOrder(above, emergency) }];
  });
}

const faultOfOrder = (above: PatientClass, emergency: PatientClass): string =>
  `must keep ${EMERGENCY} (${emergency.priority}) above ${above.type} (${above.priority})`;

/**
 * Checks the class table of the engine against the classes of the live tokens. Each class of a live token must be in
 * the table, and EMERGENCY must be above every other class, with the old and with the new priorities (R3, R8).
 * @throws RosterError in one sentence that names the classes and how many live tokens have them
 */
export function assertClassesFit({ tokens, rules }: AllocationEngine): void {
  const counts = new Map<PatientClass, number>();
  for (const { patientClass } of tokens)
    counts.set(patientClass, (counts.get(patientClass) ?? 0) + 1);
  const highestFirst = [...counts].sort(([a], [b]) => b.priority - a.priority);
  const misfits = highestFirst.flatMap(([used, count]) => {
    const misfit = misfitOf(used, rules.classes);
    const live = count === 1 ? '1 live token has' : `${count} live tokens have`;
    return misfit === undefined ? [] : [`${live} class ${used.type}${misfit}`];
  });
  if (misfits.length === 0) return;
  throw new RosterError(
    `The class table (the default classes and patient_types of ROSTER) does not fit the database, and nothing was changed: ${misfits.join('; ')}. The table must have every class in use, and ${EMERGENCY} above all other classes.`,
  );
}

/** Why the class of a live token does not fit a table, as words to put behind its name; undefined when it fits. */
function misfitOf(
  { type, priority }: PatientClass,
  table: readonly PatientClass[],
): string | undefined {
  if (!table.some((each) => each.type === type)) return ', which the table does not have';
  const isEmergency = type === EMERGENCY;
  const misfit = table.find((each) =>
    each.type === EMERGENCY
      ? priority > each.priority || (priority === each.priority && !isEmergency)
      : isEmergency && priority <= each.priority,
  );
  if (misfit === undefined) return undefined;
  return ` with priority ${priority}, but ${misfit.type} has ${misfit.priority}`;
}
