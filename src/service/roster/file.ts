import { readFileSync } from 'node:fs';
import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import {
  doctorId,
  sessionId,
  WEEKDAYS,
  type DoctorFacts,
  type PatientClass,
} from '../../engine/index.ts';
import { ClassInput, classFaultsOf } from './class-table.ts';
import { doctorFactsOf, DoctorInput, faultsOf, Id, LIMITS, type Fault } from '../doctor-input.ts';
import { RosterError } from './error.ts';
import { SlotInput, slotFaultsOf } from './single-slot.ts';

const RosterText = Type.Object(
  {
    patient_types: Type.Optional(Type.Array(ClassInput, { maxItems: LIMITS.classesMax })),
    doctors: Type.Array(
      Type.Object({ id: Id, ...DoctorInput.properties }, { additionalProperties: false }),
      { minItems: 1, maxItems: LIMITS.doctorsMax },
    ),
    slots: Type.Optional(Type.Array(SlotInput, { maxItems: LIMITS.singleSlotsMax })),
  },
  { additionalProperties: false },
);

/** Doctors and single slots to be set up beside those that are there. */
export interface Roster {
  readonly doctors: readonly DoctorFacts[];
  readonly slots: readonly SlotInput[];
}

/** What a roster file says. */
export interface RosterFile extends Roster {
  /** Classes to be added to the default table or changed in it. */
  readonly patientTypes: readonly PatientClass[];
}

/**
 * Reads a roster file's text:
 * `{"patient_types": [{"type", "priority"}], "doctors": [{"id", "name", "time_zone", "sessions"}],
 * "slots": [{"id", "doctor_id", "start_time", "end_time", "capacity"}]}`, of which only `doctors` must be there.
 * @returns what it says, or every fault with its place
 */
export function parseRoster(text: string): RosterFile | { faults: Fault[] } {
  let roster: unknown;
  try {
    roster = JSON.parse(text);
  } catch (error) {
    return { faults: [{ pointer: '', detail: `must be JSON: ${(error as Error).message}` }] };
  }
  if (!Value.Check(RosterText, roster)) {
    const errors = [...Value.Errors(RosterText, roster)];
    return { faults: errors.map(({ path, message }) => ({ pointer: path, detail: message })) };
  }
  const { patient_types: patientTypes = [], doctors, slots = [] } = roster;
  const faults = [
    ...classFaultsOf(patientTypes, '/patient_types'),
    ...doctors.flatMap((doctor, index) => faultsOf(doctor, `/doctors/${index}`)),
    ...repeatedIds(doctors, '/doctors'),
    ...slots.flatMap((slot, index) => slotFaultsOf(slot, `/slots/${index}`)),
    ...repeatedIds(slots, '/slots'),
  ];
  return faults.length > 0
    ? { faults }
    : { patientTypes, doctors: doctors.map((doctor) => doctorFactsOf(doctor.id, doctor)), slots };
}

function repeatedIds(items: readonly { readonly id: string }[], at: string): Fault[] {
  const seen = new Set<string>();
  return items.flatMap(({ id }, index) => {
    const isRepeated = seen.has(id);
    seen.add(id);
    return isRepeated ? [{ pointer: `${at}/${index}/id`, detail: 'must be used once' }] : [];
  });
}

/**
 * Reads a roster file.
 * @throws RosterError when it cannot be read, or with every fault and its place
 */
export function readRoster(file: string): RosterFile {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new RosterError(`The roster cannot be read: ${(error as Error).message}.`);
  }
  const roster = parseRoster(text);
  if ('doctors' in roster) return roster;
  const faults = roster.faults.map(({ pointer, detail }) => `  ${pointer || '/'} ${detail}`);
  throw new RosterError(`The roster ${file} is not valid:\n${faults.join('\n')}`);
}

/** The doctors that an empty database starts with: the original service's three, every day. */
export const demoRoster = (timeZone: string): DoctorFacts[] =>
  ['Dr. A (Cardiology)', 'Dr. B (Orthopedics)', 'Dr. C (General)'].map((name, index) => {
    const id = `doc${index + 1}`;
    const session = (nth: number, start: string, end: string) => ({
      id: sessionId(`${id}_slot${nth}`),
      weekdays: WEEKDAYS,
      start,
      end,
      capacity: 3,
    });
    return {
      id: doctorId(id),
      name,
      department: null,
      timeZone,
      sessions: [session(1, '09:00', '10:00'), session(2, '10:00', '11:00')],
    };
  });
