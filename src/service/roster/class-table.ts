import { Type } from '@sinclair/typebox';
import {
  DEFAULT_CLASSES,
  EMERGENCY,
  type AllocationEngine,
  type PatientClass,
} from '../../engine/index.ts';
import type { Fault } from '../doctor-input.ts';
import { RosterError } from './error.ts';

export const ClassInput = Type.Object(
  {
    type: Type.String({
      pattern: '^[A-Z][A-Z0-9_]{0,63}$',
      description: 'Capital letters, digits and `_`, a letter first.',
    }),
    priority: Type.Integer({ minimum: 1, maximum: 1_000, description: 'Higher wins.' }),
  },
  { additionalProperties: false },
);

/**
 * The default classes with these added or, where they name one of them, changed; highest priority first. The default
 * ones always stay: clients name them. A token keeps the priority that its class had when it got the class: a changed
 * one goes for bookings, and for changes of class, from then on.
 */
export function classTable(given: readonly PatientClass[]): PatientClass[] {
  const table = new Map([...DEFAULT_CLASSES, ...given].map((each) => [each.type, each]));
  return [...table.values()].sort((a, b) => b.priority - a.priority);
}

/** What a schema cannot say about the classes that a roster gives: it is about the table that they make. */
export function classFaultsOf(given: readonly PatientClass[], at: string): Fault[] {
  const table = classTable(given);
  const emergency = table.find(({ type }) => type === EMERGENCY);
  return given.flatMap((own, index): Fault[] => {
    const pointer = `${at}/${index}`;
    if (given.findIndex(({ type }) => type === own.type) !== index)
      return [{ pointer: `${pointer}/type`, detail: 'must be used once' }];
    const twin = table.find(({ type, priority }) => priority === own.priority && type !== own.type);
    if (twin !== undefined)
      return [{ pointer: `${pointer}/priority`, detail: `must not be that of ${twin.type} too` }];
    const above = own.type === EMERGENCY ? table[0] : own;
    return emergency === undefined || above === undefined || above.priority <= emergency.priority
      ? []
      : [{ pointer: `${pointer}/priority`, detail: faultOfOrder(above, emergency) }];
  });
}

const faultOfOrder = (above: PatientClass, emergency: PatientClass): string =>
  `must leave ${EMERGENCY} (${emergency.priority}) above ${above.type} (${above.priority})`;

/**
 * Makes sure that the engine's class table goes with the live tokens, which keep the classes they have: each class is
 * still there, and EMERGENCY, old or new, above all others, old or new (R3, R8).
 * @throws RosterError in one sentence that names the classes and how many live tokens have them
 */
export function assertClassesFit({ tokens, rules }: AllocationEngine): void {
  const counts = new Map<PatientClass, number>();
  for (const { patientClass } of tokens)
    counts.set(patientClass, (counts.get(patientClass) ?? 0) + 1);
  const highestFirst = [...counts].sort(([a], [b]) => b.priority - a.priority);
  const misfits = highestFirst.flatMap(([kept, count]) => {
    const misfit = misfitOf(kept, rules.classes);
    const live = count === 1 ? '1 live token has' : `${count} live tokens have`;
    return misfit === undefined ? [] : [`${live} class ${kept.type}${misfit}`];
  });
  if (misfits.length === 0) return;
  throw new RosterError(
    `The class table (the default one and patient_types of ROSTER) does not go with the database, and nothing was changed: ${misfits.join('; ')}. It must have every class in use, and ${EMERGENCY} above all others.`,
  );
}

/** What is wrong with the class of a live token in a table, to follow its name; undefined when nothing is. */
function misfitOf(
  { type, priority }: PatientClass,
  table: readonly PatientClass[],
): string | undefined {
  if (!table.some((each) => each.type === type)) return ', which it does not have';
  const isEmergency = type === EMERGENCY;
  const misfit = table.find((each) =>
    each.type === EMERGENCY
      ? priority > each.priority || (priority === each.priority && !isEmergency)
      : isEmergency && priority <= each.priority,
  );
  if (misfit === undefined) return undefined;
  return ` with priority ${priority}, where ${misfit.type} has ${misfit.priority}`;
}
