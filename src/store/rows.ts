import {
  invariant,
  isLive,
  isStatus,
  type DoctorFacts,
  type EpochMs,
  type LocalDate,
  type Session,
  type SlotFacts,
  type TokenId,
  type Weekday,
} from '../engine/index.ts';
import type { StoredResponse, StoredSlot, StoredToken } from './store.ts';

/** The tables' rows as a database hands them over: its tables and our own writes vouch for the types. */
export interface DoctorRow {
  readonly id: DoctorFacts['id'];
  readonly name: string;
  readonly department: string | null;
  readonly time_zone: string;
  readonly version: number;
  readonly last_arrival: number;
}

export interface SessionRow {
  readonly doctor_id: DoctorFacts['id'];
  readonly id: Session['id'];
  readonly weekdays: string;
  readonly start_time: string;
  readonly end_time: string;
  readonly capacity: number;
}

export interface DayRow {
  readonly doctor_id: DoctorFacts['id'];
  readonly date: LocalDate;
  readonly last_number: number;
}

export interface SlotRow {
  readonly id: SlotFacts['id'];
  readonly doctor_id: SlotFacts['doctorId'];
  readonly session_id: SlotFacts['sessionId'];
  readonly date: LocalDate;
  readonly start_time: EpochMs;
  readonly end_time: EpochMs;
  readonly delay_minutes: number;
  readonly capacity: number;
  readonly closed_reason: string | null;
}

/** A slot beside the number printed last on its day. */
export interface SlotOfDayRow extends SlotRow {
  readonly last_number: number;
}

export interface TokenRow {
  readonly id: TokenId;
  readonly doctor_id: StoredToken['doctorId'];
  readonly slot_id: StoredToken['slotId'];
  readonly patient_name: string;
  readonly patient_id: StoredToken['patientId'];
  readonly patient_type: string;
  readonly priority: number;
  readonly arrival: number;
  readonly number: number;
  readonly booked_at: EpochMs;
  readonly status: string;
  /** SQLite has no booleans: 0 or 1 there. */
  readonly present: boolean | number;
}

export interface StoredResponseRow {
  readonly caller: string;
  readonly key: string;
  readonly request_hash: string;
  readonly answer: string;
  readonly at: EpochMs;
}

export const sessionOf = (row: SessionRow): Session => ({
  id: row.id,
  weekdays: row.weekdays.split(',') as Weekday[],
  start: row.start_time,
  end: row.end_time,
  capacity: row.capacity,
});

export const doctorOf = (row: DoctorRow, sessions: readonly Session[]): DoctorFacts => ({
  id: row.id,
  name: row.name,
  department: row.department,
  timeZone: row.time_zone,
  sessions,
});

export const slotOf = (row: SlotRow): SlotFacts => ({
  id: row.id,
  doctorId: row.doctor_id,
  sessionId: row.session_id,
  date: row.date,
  startTime: row.start_time,
  endTime: row.end_time,
  delayMinutes: row.delay_minutes,
  capacity: row.capacity,
  closedReason: row.closed_reason,
});

export function tokenOf(row: TokenRow): StoredToken {
  invariant(isStatus(row.status), 'a kept token has a status of the table');
  return {
    id: row.id,
    doctorId: row.doctor_id,
    slotId: row.slot_id,
    patientName: row.patient_name,
    patientId: row.patient_id,
    patientType: row.patient_type,
    priority: row.priority,
    arrival: row.arrival,
    number: row.number,
    bookedAt: row.booked_at,
    status: row.status,
    hasCheckedIn: Boolean(row.present),
  };
}

export const storedSlotOf = (row: SlotOfDayRow, tokens: readonly TokenRow[]): StoredSlot => ({
  facts: slotOf(row),
  lastNumber: row.last_number,
  tokens: tokens.map(tokenOf).flatMap((token) => {
    const { status } = token;
    return isLive(status) ? [{ ...token, status }] : [];
  }),
});

export const storedResponseOf = (row: StoredResponseRow): StoredResponse => ({
  caller: row.caller,
  key: row.key,
  requestHash: row.request_hash,
  answer: row.answer,
  at: row.at,
});
