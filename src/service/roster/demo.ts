import { isDeepStrictEqual } from 'node:util';
import {
  NEW_DOCTOR,
  NEW_SESSION,
  doctorId,
  isDoctor,
  sessionId,
  WEEKDAYS,
  type AllocationEngine,
  type DoctorFacts,
  type DoctorId,
} from '../../engine/index.ts';
import type { Roster } from './file.ts';

/** The three doctors that an empty database starts with. Each works every day, in two sessions of three seats. */
export const demoRoster = (timeZone: string): DoctorFacts[] =>
  ['Dr. A (Cardiology)', 'Dr. B (Orthopedics)', 'Dr. C (General)'].map((name, index) => {
    const id = `doc${index + 1}`;
    const session = (nth: number, start: string, end: string) => ({
      id: sessionId(`${id}_slot${nth}`),
      weekdays: WEEKDAYS,
      start,
      end,
      capacity: 3,
      ...NEW_SESSION,
    });
    return {
      id: doctorId(id),
      name,
      department: null,
      timeZone,
      ...NEW_DOCTOR,
      sessions: [session(1, '09:00', '10:00'), session(2, '10:00', '11:00')],
    };
  });

/**
 * The demo doctors that retire when a roster is applied: those that the roster does not name. There are none if the
 * roster itself has a demo doctor, or if the database holds anything else: another doctor, a changed demo doctor, a
 * single slot or a live token.
 */
export function demoDoctorsToRetire(engine: AllocationEngine, roster: Roster): DoctorId[] {
  const known = [...engine.doctors].filter(({ facts }) => isDoctor(facts));
  const isRealRoster = roster.doctors.length > 0 && !roster.doctors.some(isDemoDoctor);
  const isUnused = known.every(
    ({ facts, slots }) =>
      isDemoDoctor(facts) && slots.every((slot) => slot.isEmpty && slot.facts.sessionId !== null),
  );
  if (!isRealRoster || !isUnused) return [];
  const named = new Set<string>([
    ...roster.doctors.map(({ id }) => id),
    ...roster.slots.map((slot) => slot.doctor_id),
  ]);
  return known.map(({ facts }) => facts.id).filter((id) => !named.has(id));
}

const isDemoDoctor = (facts: DoctorFacts): boolean =>
  demoRoster(facts.timeZone).some((demo) => isDeepStrictEqual(demo, facts));
