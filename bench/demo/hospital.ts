import { WEEKDAYS, type DoctorFacts } from '../../src/engine/index.ts';
import { doctorFactsOf } from '../../src/service/index.ts';

/** A doctor of the demo. */
export interface DemoDoctor {
  readonly id: string;
  readonly name: string;
  readonly department: string;
  /** The names of the rooms (R19). */
  readonly rooms: readonly string[];
  /** The hours at which the slots start; each takes one hour. */
  readonly hours: readonly number[];
  /** Seats of each slot. */
  readonly capacity: number;
}

/** The doctors have their lunch at different hours, so that from nine to five some doctor sees patients. */
export const DOCTORS: readonly DemoDoctor[] = [
  {
    ...{ id: 'rao', name: 'Dr. Meera Rao', department: 'General medicine', rooms: ['1'] },
    ...{ hours: [9, 10, 11, 12, 14, 15, 16], capacity: 10 },
  },
  {
    ...{ id: 'iyer', name: 'Dr. Lakshmi Iyer', department: 'Cardiology', rooms: ['5'] },
    ...{ hours: [9, 10, 11, 12, 14, 15], capacity: 6 },
  },
  {
    ...{ id: 'sen', name: 'Dr. Arjun Sen', department: 'Orthopedics', rooms: ['7', '8'] },
    ...{ hours: [9, 10, 11, 13, 14, 15, 16], capacity: 14 },
  },
  {
    ...{ id: 'das', name: 'Dr. Nandini Das', department: 'Children', rooms: ['11'] },
    ...{ hours: [9, 10, 12, 13, 14, 15], capacity: 8 },
  },
];

export const MINUTE_MS = 60_000;
const SLOT_MINUTES = 60;

/** Minutes of an average consultation, with which all seats of a slot are seen within its hour. */
export const paceOf = ({ rooms, capacity }: DemoDoctor): number =>
  (SLOT_MINUTES * rooms.length) / capacity;

/** The id of the session of a doctor that starts at an hour. */
export const sessionIdOf = (doctorId: string, hour: number): string => `${doctorId}_${hour}`;

/** The id of the slot of a doctor that starts at an hour of a date. */
export const slotIdOf = (doctorId: string, hour: number, date: string): string =>
  `${sessionIdOf(doctorId, hour)}@${date}`;

const clockTime = (hour: number): string => `${String(hour).padStart(2, '0')}:00`;

/** The doctors as the roster of a service has them; each sits every day. */
export const doctorsOf = (timeZone: string): readonly DoctorFacts[] =>
  DOCTORS.map(({ id, name, department, rooms, hours, capacity }) =>
    doctorFactsOf(id, {
      ...{ name, department, time_zone: timeZone, rooms: rooms.length },
      sessions: hours.map((hour) => ({
        id: sessionIdOf(id, hour),
        weekdays: [...WEEKDAYS],
        start: clockTime(hour),
        end: clockTime(hour + SLOT_MINUTES / 60),
        capacity,
      })),
    }),
  );
