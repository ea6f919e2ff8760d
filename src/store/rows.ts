import {
  invariant,
  lastChange,
  lastChangeAfter,
  isEntry,
  isLive,
  byFirstDate,
  isStatus,
  type AllocationEngine,
  type Day,
  type Doctor,
  type DoctorFacts,
  type DoctorId,
  type DoctorSnapshot,
  type EpochMs,
  type Intake,
  type LastKind,
  type Leave,
  type LiveStatus,
  type LocalDate,
  type Session,
  type SlotFacts,
  type TokenChange,
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
    readonly rooms: number;
    /** SQLite has no booleans: 0 or 1 there. */
    readonly retired: boolean | number;
    readonly break_until: EpochMs | null;
    readonly announcement: string | null;
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
    readonly valid_from: LocalDate | null;
    readonly valid_until: LocalDate | null;
    readonly every_weeks: number;
  }
>;

export type LeaveRow = RowOf<
  'leaves',
  {
    readonly doctor_id: DoctorFacts['id'];
    readonly id: Leave['id'];
    readonly from_date: LocalDate;
    readonly to_date: LocalDate;
    readonly reason: string;
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
    readonly start_delay_minutes: number;
    readonly intake: Intake;
    /** SQLite has no booleans: 0 or 1 there. */
    readonly kept: boolean | number;
    readonly next_start_time: EpochMs | null;
    readonly next_end_time: EpochMs | null;
    readonly next_capacity: number | null;
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
    readonly room: string | null;
    readonly last_kind: LastKind;
    readonly last_from: LiveStatus | null;
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

export const doctorRow = ({
  doctor: { facts, version, lastArrival, breakUntil },
}: Counters): DoctorRow => ({
  id: facts.id,
  name: facts.name,
  department: facts.department,
  time_zone: facts.timeZone,
  version,
  last_arrival: lastArrival,
  rooms: facts.rooms,
  retired: facts.isRetired,
  break_until: breakUntil,
  announcement: facts.announcement ?? null,
});

/** The rows that hold a doctor's facts: its own, its sessions in their order, and its leaves. */
export interface DoctorRows {
  readonly doctor: DoctorRow;
  readonly sessions: readonly SessionRow[];
  readonly leaves: readonly LeaveRow[];
}

export const doctorOf = ({ doctor: row, sessions, leaves }: DoctorRows): DoctorFacts => ({
  id: row.id,
  name: row.name,
  department: row.department,
  timeZone: row.time_zone,
  sessions: sessions.map(sessionOf),
  rooms: row.rooms,
  leaves: leaves.map(leaveOf).sort(byFirstDate),
  isRetired: Boolean(row.retired),
  ...(row.announcement === null ? {} : { announcement: row.announcement }),
});

/** A doctor with the counters that the engine needs. */
export const snapshotOf = (rows: DoctorRows, days: readonly DayRow[]): DoctorSnapshot => ({
  facts: doctorOf(rows),
  version: rows.doctor.version,
  lastArrival: rows.doctor.last_arrival,
  breakUntil: rows.doctor.break_until,
  lastNumbers: days.map(lastNumberOf),
});

export const lastNumberOf = ({ date, last_number }: DayRow): readonly [LocalDate, number] => [
  date,
  last_number,
];

export const sessionRows = (doctor: DoctorFacts): SessionRow[] =>
  doctor.sessions.map((session, position) => ({
    doctor_id: doctor.id,
    id: session.id,
    position,
    weekdays: session.weekdays.join(),
    start_time: session.start,
    end_time: session.end,
    capacity: session.capacity,
    ended: false,
    valid_from: session.validFrom,
    valid_until: session.validUntil,
    every_weeks: session.everyWeeks,
  }));

const sessionOf = (row: SessionRow): Session => ({
  id: row.id,
  weekdays: row.weekdays.split(',') as Weekday[],
  start: row.start_time,
  end: row.end_time,
  capacity: row.capacity,
  validFrom: row.valid_from,
  validUntil: row.valid_until,
  everyWeeks: row.every_weeks,
});

export const leaveRows = (doctor: DoctorFacts): LeaveRow[] =>
  doctor.leaves.map(({ id, from, to, reason }) => ({
    doctor_id: doctor.id,
    id,
    from_date: from,
    to_date: to,
    reason,
    ended: false,
  }));

const leaveOf = ({ id, from_date: from, to_date: to, reason }: LeaveRow): Leave => ({
  id,
  from,
  to,
  reason,
});

export const dayRows = ({ doctor: { facts }, days }: Counters): DayRow[] =>
  days.map(({ date, lastNumber }) => ({ doctor_id: facts.id, date, last_number: lastNumber }));

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
  start_delay_minutes: slot.startDelayMinutes,
  intake: slot.intake,
  kept: slot.kept !== null,
  next_start_time: slot.kept?.replacement?.startTime ?? null,
  next_end_time: slot.kept?.replacement?.endTime ?? null,
  next_capacity: slot.kept?.replacement?.capacity ?? null,
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
  startDelayMinutes: row.start_delay_minutes,
  intake: row.intake,
  kept: keptOf(row),
});

function keptOf(row: SlotRow): SlotFacts['kept'] {
  if (!row.kept) return null;
  const { next_start_time: startTime, next_end_time: endTime, next_capacity: capacity } = row;
  return startTime === null || endTime === null || capacity === null
    ? { replacement: null }
    : { replacement: { startTime, endTime, capacity } };
}

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
  room: null,
  last_kind: token.kind,
  last_from: null,
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
    room: row.room,
    last: lastChange(row.last_kind, row.last_from),
  };
}

/** Whether a token is live. */
export const isLiveToken = (token: StoredToken): token is StoredLiveToken => isLive(token.status);

/** A slot with those of these tokens that are live. */
/** The columns that say a token's last change, after this change; undefined when it stays what it was. */
export function lastColumnsAfter(
  change: TokenChange,
): Pick<TokenRow, 'last_kind' | 'last_from'> | undefined {
  const last = lastChangeAfter(change);
  return last && { last_kind: last.kind, last_from: last.from };
}

/** A slot with its tokens. */
export const storedSlotOf = (row: SlotOfDayRow, tokens: readonly TokenRow[]): StoredSlot => ({
  facts: slotOf(row),
  lastNumber: row.last_number,
  tokens: tokens.map(tokenOf),
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

/** A doctor whom a batch changes: the counters are written once a batch, however many commands it holds. */
export interface Counters {
  /** In the state after the batch. */
  readonly doctor: Pick<Doctor, 'facts' | 'version' | 'lastArrival' | 'breakUntil'>;
  /** The version that the batch continues; 0 when it adds the doctor. */
  readonly versionBefore: number;
  /** Whether the batch sets more of the doctor than the counters: the facts or the break. */
  readonly setsDoctor: boolean;
  /** The days of tokens that have entered a slot, each with the number printed last on it. */
  readonly days: readonly Day[];
}

/** The counters of every doctor that a batch changes. The engine is in the state after the batch. */
export function countersOf(
  engine: AllocationEngine,
  decisions: readonly Decision<unknown>[],
): Counters[] {
  const touched = new Map<DoctorId, Counters & { setsDoctor: boolean; readonly days: Day[] }>();
  for (const { changes } of decisions)
    for (const change of changes) {
      const { doctorId, kind } = change;
      let counters = touched.get(doctorId);
      if (counters === undefined) {
        const doctor = engine.doctor(doctorId);
        if (doctor === undefined) continue;
        counters = { doctor, versionBefore: change.version - 1, setsDoctor: false, days: [] };
        touched.set(doctorId, counters);
      }
      counters.setsDoctor ||= kind === 'doctor_set' || kind === 'break_set';
      const day = isEntry(change) ? engine.slot(change.slotId)?.day : undefined;
      if (day !== undefined && !counters.days.includes(day)) counters.days.push(day);
    }
  return [...touched.values()];
}
