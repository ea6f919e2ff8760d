import type { DoctorSnapshot, LocalDate } from '../../engine/index.ts';
import {
  doctorOf,
  sessionOf,
  storedSlotOf,
  type DayRow,
  type DoctorRow,
  type SessionRow,
  type SlotOfDayRow,
  type TokenRow,
} from '../rows.ts';
import type { StoredSlot } from '../store.ts';
import type { Row } from './session.ts';

// What the statements hand over: the tables, their names for the columns and our own writes vouch for the types.

interface SlotJson extends SlotOfDayRow {
  readonly tokens: readonly TokenRow[];
}

interface WholeDoctorRow extends DoctorRow {
  readonly sessions: readonly SessionRow[];
  readonly days: readonly DayRow[];
  readonly slots: readonly SlotJson[];
}

/** A doctor with what can still change, as of one instant. */
export interface WholeDoctor {
  readonly snapshot: DoctorSnapshot;
  readonly slots: readonly StoredSlot[];
}

const storedSlot = ({ tokens, ...row }: SlotJson): StoredSlot => storedSlotOf(row, tokens);

/** A row of a statement that gives a slot as JSON. */
export const slotOfRow = (row: Row): StoredSlot => storedSlot(row['slot'] as SlotJson);

/** A row of `allDoctors`. */
export function factsOfRow(row: Row) {
  const { sessions, ...doctor } = row as unknown as Omit<WholeDoctorRow, 'days' | 'slots'>;
  return doctorOf(doctor, sessions.map(sessionOf));
}

/** A row of `doctors`. */
export function doctorOfRow(row: Row): WholeDoctor {
  const { days, slots, version, last_arrival } = row as unknown as WholeDoctorRow;
  return {
    snapshot: {
      facts: factsOfRow(row),
      version,
      lastArrival: last_arrival,
      lastNumbers: days.map((day): [LocalDate, number] => [day.date, day.last_number]),
    },
    slots: slots.map(storedSlot),
  };
}
