import {
  invariant,
  isEntry,
  isLive,
  isStatus,
  type AllocationEngine,
  type DoctorFacts,
  type DoctorId,
  type DoctorSnapshot,
  type EpochMs,
  type LocalDate,
  type Session,
  type SlotFacts,
  type TokenEntered,
  type TokenId,
  type Weekday,
} from '../engine/index.ts';
import type { StoredLiveToken, StoredResponse, StoredSlot, StoredToken } from './archive.ts';
import type { Decision } from './store.ts';
import type { RowOf } from './tables.ts';

// The one mapping between the engine's values and the rows of the tables, each way. Rows are as a database gives them: the
// tables and the program's own writes guarantee their types. Change records are mapped in change-rows.ts.

export type DoctorRow = RowOf<
  'doctors',
  {
    readonly id: DoctorFacts['id'];
    readonly name: string;
    readonly department: string | null;
    readonly time_zone: string;
    readonly version: number;
    readonly last_arrival: number;
  }
>;

export type SessionRow = RowOf<
  'sessions',
  {
    readonly doctor_id: DoctorFacts['id'];
    readonly id: Session['id'];
    readonly position: number;
    readonly weekdays: string;
    readonly start_time: string;
    readonly end_time: string;
    readonly capacity: number;
    /** SQLite has no booleans: 0 or 1 there. */
    readonly ended: boolean | number;
  }
>;

export type DayRow = RowOf<
  'days',
  {
    readonly doctor_id: DoctorFacts['id'];
    readonly date: LocalDate;
    readonly last_number: number;
  }
>;

export type SlotRow = RowOf<
  'slots',
  {
    readonly doctor_id: SlotFacts['doctorId'];
    readonly id: SlotFacts['id'];
    readonly session_id: SlotFacts['sessionId'];
    readonly date: LocalDate;
    readonly start_time: EpochMs;
    readonly end_time: EpochMs;
    readonly delay_minutes: number;
    readonly capacity: number;
    readonly closed_reason: string | null;
  }
>;

/** A slot with the number printed last on its day. */
export type SlotOfDayRow = SlotRow & { readonly last_number: number };

export type TokenRow = RowOf<
  'tokens',
  {
    readonly doctor_id: StoredToken['doctorId'];
    readonly id: TokenId;
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
>;

export type ResponseRow = RowOf<
  'idempotency_keys',
  {
    readonly caller: string;
    readonly key: string;
    readonly request_hash: string;
    readonly answer: string;
    readonly at: EpochMs;
  }
>;

export const doctorRow = ({ facts, version, lastArrival }: Counters): DoctorRow => ({
  id: facts.id,
  name: facts.name,
  department: facts.department,
  time_zone: facts.timeZone,
  version,
  last_arrival: lastArrival,
});

export const doctorOf = (row: DoctorRow, sessions: readonly SessionRow[]): DoctorFacts => ({
  id: row.id,
  name: row.name,
  department: row.department,
  timeZone: row.time_zone,
  sessions: sessions.map(sessionOf),
});

/** A doctor with the counters that the engine needs. */
export const snapshotOf = (
  row: DoctorRow,
  sessions: readonly SessionRow[],
  days: readonly DayRow[],
): DoctorSnapshot => ({
  facts: doctorOf(row, sessions),
  version: row.version,
  lastArrival: row.last_arrival,
  lastNumbers: days.map(({ date, last_number }): [LocalDate, number] => [date, last_number]),
});

export const sessionRows = (doctor: DoctorFacts): SessionRow[] =>
  doctor.sessions.map(({ id, weekdays, start, end, capacity }, position) => ({
    doctor_id: doctor.id,
    id,
    position,
    weekdays: weekdays.join(),
    start_time: start,
    end_time: end,
    capacity,
    ended: false,
  }));

const sessionOf = (row: SessionRow): Session => ({
  id: row.id,
  weekdays: row.weekdays.split(',') as Weekday[],
  start: row.start_time,
  end: row.end_time,
  capacity: row.capacity,
});

export const dayRows = ({ facts, lastNumbers }: Counters): DayRow[] =>
  Array.from(lastNumbers, ([date, lastNumber]) => ({
    doctor_id: facts.id,
    date,
    last_number: lastNumber,
  }));

export const slotRow = (slot: SlotFacts): SlotRow => ({
  doctor_id: slot.doctorId,
  id: slot.id,
  session_id: slot.sessionId,
  date: slot.date,
  start_time: slot.startTime,
  end_time: slot.endTime,
  delay_minutes: slot.delayMinutes,
  capacity: slot.capacity,
  closed_reason: slot.closedReason,
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

/** The whole row of a token that enters a slot. Later changes update parts of the row. */
export const tokenRow = (token: TokenEntered): TokenRow => ({
  doctor_id: token.doctorId,
  id: token.tokenId,
  slot_id: token.slotId,
  patient_name: token.patientName,
  patient_id: token.patientId,
  patient_type: token.patientType,
  priority: token.priority,
  arrival: token.arrival,
  number: token.number,
  booked_at: token.bookedAt,
  status: token.to,
  present: token.hasCheckedIn,
});

export function tokenOf(row: TokenRow): StoredToken {
  invariant(isStatus(row.status), 'a stored token has a status of the table');
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

/** Whether a token is live. */
export const isLiveToken = (token: StoredToken): token is StoredLiveToken => isLive(token.status);

/** A slot with those of these tokens that are live. */
export const storedSlotOf = (row: SlotOfDayRow, tokens: readonly TokenRow[]): StoredSlot => ({
  facts: slotOf(row),
  lastNumber: row.last_number,
  tokens: tokens.map(tokenOf).filter(isLiveToken),
});

export const responseRow = (response: StoredResponse): ResponseRow => ({
  caller: response.caller,
  key: response.key,
  request_hash: response.requestHash,
  answer: response.answer,
  at: response.at,
});

export const storedResponseOf = (row: ResponseRow): StoredResponse => ({
  caller: row.caller,
  key: row.key,
  requestHash: row.request_hash,
  answer: row.answer,
  at: row.at,
});

/** A doctor's counters as a batch leaves them: written once a batch, however many commands it holds. */
export interface Counters {
  readonly facts: DoctorFacts;
  readonly version: number;
  readonly lastArrival: number;
  /** The days of tokens that have entered a slot, each with the number printed last on it. */
  readonly lastNumbers: ReadonlyMap<LocalDate, number>;
}

/** The counters of every doctor that a batch changes. The engine is in the state after the batch. */
export function countersOf(
  engine: AllocationEngine,
  decisions: readonly Decision<unknown>[],
): Counters[] {
  const days = new Map<DoctorId, Map<LocalDate, number>>();
  for (const { changes } of decisions)
    for (const change of changes) {
      const touched = days.get(change.doctorId) ?? new Map<LocalDate, number>();
      days.set(change.doctorId, touched);
      const day = isEntry(change) ? engine.slot(change.slotId)?.day : undefined;
      if (day !== undefined) touched.set(day.date, day.lastNumber);
    }
  return [...days].flatMap(([id, lastNumbers]) => {
    const doctor = engine.doctor(id);
    if (doctor === undefined) return [];
    const { facts, version, lastArrival } = doctor;
    return [{ facts, version, lastArrival, lastNumbers }];
  });
}
