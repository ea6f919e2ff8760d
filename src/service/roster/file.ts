import { readFileSync } from 'node:fs';
import { Type, type Static } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import {
  doctorId,
  type DoctorFacts,
  type DoctorId,
  type Leave,
  type PatientClass,
} from '../../engine/index.ts';
import { ClassInput, classFaultsOf } from './class-table.ts';
import {
  doctorFactsOf,
  DoctorInput,
  faultsOf,
  Id,
  LIMITS,
  REPEATED_ID,
  type HasValidForm,
} from '../doctor-input.ts';
import {
  HolidayInput,
  holidayFaultsOf,
  holidaysOf,
  LeaveInput,
  leaveFaultsOf,
  leavesOf,
} from '../leave-input.ts';
import { duplicateFieldsOf } from '../duplicate-fields.ts';
import { wordsOf, type Fault } from '../fault-words.ts';
import { findingsOf } from '../schema-findings.ts';
import { NOT_UTF8, utf8TextOf } from '../utf8-text.ts';
import { RosterError } from './error.ts';
import { SlotInput, slotFaultsOf } from './single-slot.ts';

const RosterText = Type.Object(
  {
    patient_types: Type.Optional(Type.Array(ClassInput, { maxItems: LIMITS.classesMax })),
    doctors: Type.Array(
      Type.Object(
        {
          id: Id,
          ...DoctorInput.properties,
          leaves: Type.Optional(Type.Array(LeaveInput, { maxItems: LIMITS.leavesMax })),
        },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: LIMITS.doctorsMax },
    ),
    slots: Type.Optional(Type.Array(SlotInput, { maxItems: LIMITS.singleSlotsMax })),
    holidays: Type.Optional(Type.Array(HolidayInput, { maxItems: LIMITS.holidaysMax })),
  },
  { additionalProperties: false },
);
type RosterText = Static<typeof RosterText>;

/** The doctors and single slots to set up beside the ones that the database has. */
export interface Roster {
  readonly doctors: readonly DoctorFacts[];
  readonly slots: readonly SlotInput[];
  /** The doctors whose leaves the roster names. The other doctors keep the leaves that they have. */
  readonly withLeaves?: ReadonlySet<DoctorId>;
  /** The hospital's holidays; undefined leaves them as they are. */
  readonly holidays?: readonly Leave[] | undefined;
}

/** The content of a roster file. */
export interface RosterFile extends Roster {
  /** The classes to add to the default table, or to change in it. */
  readonly patientTypes: readonly PatientClass[];
}

/**
 * Reads the text of a roster file:
 * `{"patient_types": [{"type", "priority"}], "doctors": [{"id", "name", "time_zone", "sessions", "leaves"}],
 * "slots": [{"id", "doctor_id", "start_time", "end_time", "capacity"}], "holidays": [{"date", "name"}]}`. Only
 * `doctors` is required.
 * @returns the content, or the fields that are given twice, or all other faults: first those of the form, then those of
 *   the parts whose form is right
 */
export function parseRoster(text: string): RosterFile | { faults: Fault[] } {
  let roster: unknown;
  try {
    roster = JSON.parse(text);
  } catch (error) {
    // The message quotes a part of the file, with its line breaks.
    const reason = (error as Error).message.replaceAll(/\s+/g, ' ');
    return { faults: [{ pointer: '', detail: `must be JSON: ${reason}` }] };
  }
  const duplicates = duplicateFieldsOf(text, roster);
  if (duplicates.length > 0) return { faults: duplicates };
  if (Value.Check(RosterText, roster)) {
    const faults = contentFaultsOf(roster, () => true);
    return faults.length > 0 ? { faults } : fileOf(roster);
  }
  const findings = findingsOf(RosterText, roster);
  // An unknown field leaves the rest of its object valid.
  const wrong = [...findings].flatMap(([place, { kind }]) => (kind === 'unknown' ? [] : [place]));
  const [places, around] = [new Set(wrong), new Set(wrong.flatMap(pointersUpTo))];
  const isValid: HasValidForm = (pointer) =>
    !around.has(pointer) && !pointersUpTo(pointer).some((each) => places.has(each));
  const formFaults = Array.from(findings, ([pointer, finding]) => ({
    pointer,
    detail: wordsOf(finding),
  }));
  return { faults: [...formFaults, ...contentFaultsOf(roster, isValid)] };
}

const fileOf = ({
  patient_types: patientTypes = [],
  doctors,
  ...more
}: RosterText): RosterFile => ({
  patientTypes,
  doctors: doctors.map((doctor) => doctorFactsOf(doctor.id, doctor, leavesOf(doctor.leaves ?? []))),
  slots: more.slots ?? [],
  withLeaves: new Set(
    doctors.flatMap(({ id, leaves }) => (leaves === undefined ? [] : [doctorId(id)])),
  ),
  holidays: more.holidays && holidaysOf(more.holidays),
});

/** A JSON Pointer with the pointers of everything that contains its place: a list with an invalid item is invalid. */
function pointersUpTo(pointer: string): string[] {
  const steps = pointer.split('/');
  return steps.map((_, index) => steps.slice(0, index + 1).join('/'));
}

/** The faults that the schema cannot state, of the parts whose form is valid. */
function contentFaultsOf(roster: unknown, isValid: HasValidForm): Fault[] {
  // The type holds for the parts that are valid; the others are not read.
  const { patient_types: classes, ...more } = Object(roster) as Partial<RosterText>;
  const { doctors, slots, holidays } = more;
  return [
    ...classFaultsOf(
      itemsOf(classes).map((each, index) =>
        isValid(`/patient_types/${index}`) ? each : undefined,
      ),
      '/patient_types',
    ),
    ...itemsOf(doctors).flatMap((doctor, index) => faultsOf(doctor, `/doctors/${index}`, isValid)),
    ...itemsOf(doctors).flatMap(({ leaves }, index) =>
      leaveFaultsOf(itemsOf(leaves), `/doctors/${index}/leaves`, isValid),
    ),
    ...repeatedIds(itemsOf(doctors), '/doctors', isValid),
    ...itemsOf(slots).flatMap((slot, index) => slotFaultsOf(slot, `/slots/${index}`, isValid)),
    ...repeatedIds(itemsOf(slots), '/slots', isValid),
    ...holidayFaultsOf(itemsOf(holidays), '/holidays', isValid),
  ];
}

/** The items of what should be a list of objects; an item that is no object becomes an empty one. */
const itemsOf = <T extends object>(list: readonly T[] | undefined): readonly T[] =>
  Array.isArray(list) ? list.map((item: T) => Object(item) as T) : [];

function repeatedIds(
  items: readonly { readonly id: string }[],
  at: string,
  isValid: HasValidForm,
): Fault[] {
  const seen = new Set<string>();
  return items.flatMap(({ id }, index) => {
    const pointer = `${at}/${index}/id`;
    if (!isValid(pointer)) return [];
    const isRepeated = seen.has(id);
    seen.add(id);
    return isRepeated ? [{ pointer, detail: REPEATED_ID }] : [];
  });
}

/**
 * Reads a roster file.
 * @throws RosterError when the file cannot be read, or with all its faults and their places
 */
export function readRoster(file: string): RosterFile {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new RosterError(`The roster cannot be read: ${(error as Error).message}.`);
  }
  const text = utf8TextOf(bytes);
  if (text === null) throw new RosterError(`The roster ${file} ${NOT_UTF8}`);
  const roster = parseRoster(text);
  if ('doctors' in roster) return roster;
  const faults = roster.faults.map(({ pointer, detail }) => `  ${pointer || '/'}: ${detail}`);
  throw new RosterError(`The roster ${file} is not valid:\n${faults.join('\n')}`);
}
