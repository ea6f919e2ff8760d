import type { Change, DoctorFacts, LocalDate, SlotFacts, TokenBooked } from '../../engine/index.ts';
import { recordOf } from '../fold.ts';
import { keptSince, type Decision, type KeptAnswer, type Origin } from '../store.ts';

export type SqlValue = string | number | null;

/** One statement of a batch, by its name, with its parameters. */
export type Operation = readonly [StatementName, readonly SqlValue[]];

/** Every statement that writes. */
export const WRITES = {
  setDoctor: `INSERT INTO doctors (id, name, department, time_zone, version, last_arrival)
    VALUES (?, ?, ?, ?, 0, 0) ON CONFLICT (id) DO UPDATE
    SET name = excluded.name, department = excluded.department, time_zone = excluded.time_zone`,
  endSessions: `UPDATE sessions SET ended = 1 WHERE doctor_id = ?`,
  setSession: `INSERT OR REPLACE INTO sessions
    (doctor_id, id, position, weekdays, start_time, end_time, capacity, ended)
    VALUES (?, ?, ?, ?, ?, ?, ?, 0)`,
  setSlot: `INSERT INTO slots
    (id, doctor_id, session_id, date, start_time, end_time, delay_minutes, capacity, closed_reason)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE
    SET date = excluded.date, start_time = excluded.start_time, end_time = excluded.end_time,
      delay_minutes = excluded.delay_minutes, capacity = excluded.capacity,
      closed_reason = excluded.closed_reason`,
  addToken: `INSERT INTO tokens
    (id, doctor_id, slot_id, patient_name, patient_id, patient_type, arrival, number, booked_at, status, present)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  setStatus: `UPDATE tokens SET status = ? WHERE id = ?`,
  addChange: `INSERT INTO changes
    (doctor_id, version, at, kind, token_id, slot_id, from_status, to_status, cause, actor, reason, data)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  setCounters: `UPDATE doctors SET version = ?, last_arrival = ? WHERE id = ?`,
  setDay: `INSERT OR REPLACE INTO days (doctor_id, date, last_number) VALUES (?, ?, ?)`,
  keepAnswer: `INSERT OR REPLACE INTO idempotency_keys (caller, key, request_hash, answer, at)
    VALUES (?, ?, ?, ?, ?)`,
  // Answers stand in the order in which they came. Each new one clears two old ones away: the table never outgrows a day.
  forgetAnswers: `DELETE FROM idempotency_keys WHERE at <= ? AND position IN
    (SELECT position FROM idempotency_keys ORDER BY position LIMIT 2)`,
} as const;

export type StatementName = keyof typeof WRITES;

const doctorOperations = (doctor: DoctorFacts): Operation[] => [
  ['setDoctor', [doctor.id, doctor.name, doctor.department, doctor.timeZone]],
  ['endSessions', [doctor.id]],
  ...doctor.sessions.map(({ id, weekdays, start, end, capacity }, position): Operation => [
    'setSession',
    [doctor.id, id, position, weekdays.join(), start, end, capacity],
  ]),
];

const slotOperation = (slot: SlotFacts): Operation => [
  'setSlot',
  [
    slot.id,
    slot.doctorId,
    slot.sessionId,
    slot.date,
    slot.startTime,
    slot.endTime,
    slot.delayMinutes,
    slot.capacity,
    slot.closedReason,
  ],
];

const tokenOperation = (token: TokenBooked): Operation => [
  'addToken',
  [
    token.tokenId,
    token.doctorId,
    token.slotId,
    token.patientName,
    token.patientId,
    token.patientType,
    token.arrival,
    token.number,
    token.at,
    token.to,
    Number(token.present),
  ],
];

/** What a booking set, for replay: all that its change record has no column for. */
export type BookedData = Pick<
  TokenBooked,
  'patientName' | 'patientId' | 'patientType' | 'arrival' | 'number' | 'present'
>;

function bookedData(change: TokenBooked): string {
  const { patientName, patientId, patientType, arrival, number, present } = change;
  const data: BookedData = { patientName, patientId, patientType, arrival, number, present };
  return JSON.stringify(data);
}

function changeOperation(change: Change, origin: Origin): Operation {
  const { doctorId, version, at, kind } = change;
  if (change.kind === 'doctor_set' || change.kind === 'slot_set') {
    const [slotId, data] =
      change.kind === 'slot_set' ? [change.slot.id, change.slot] : [null, change.doctor];
    const rest = [null, null, null, origin.actor, origin.reason, JSON.stringify(data)];
    return ['addChange', [doctorId, version, at, kind, null, slotId, ...rest]];
  }
  const { tokenId, slotId, from, to, cause, actor, reason } = recordOf(change, origin);
  const data = change.kind === 'booked' ? bookedData(change) : null;
  return [
    'addChange',
    [doctorId, version, at, kind, tokenId, slotId, from, to, cause, actor, reason, data],
  ];
}

function stateOperations(change: Change): Operation[] {
  if (change.kind === 'doctor_set') return doctorOperations(change.doctor);
  if (change.kind === 'slot_set') return [slotOperation(change.slot)];
  if (change.kind === 'booked') return [tokenOperation(change)];
  return [['setStatus', [change.to, change.tokenId]]];
}

const keptOperations = ({ caller, key, requestHash, answer, at }: KeptAnswer): Operation[] => [
  ['forgetAnswers', [keptSince(at)]],
  ['keepAnswer', [caller, key, requestHash, answer, at]],
];

/** A command's rows: state, change records and the kept answer, if any. */
export const operationsOf = ({ changes, origin, kept }: Decision<unknown>): Operation[] => [
  ...changes.flatMap((change) => [...stateOperations(change), changeOperation(change, origin)]),
  ...(kept === null ? [] : keptOperations(kept)),
];

/** A doctor's counters as a batch leaves them: written once a batch, however many commands it holds. */
export interface Counters {
  readonly doctorId: string;
  readonly version: number;
  readonly lastArrival: number;
  readonly days: Iterable<{ readonly date: LocalDate; readonly lastNumber: number }>;
}

export const counterOperations = (counters: Counters): Operation[] => [
  ['setCounters', [counters.version, counters.lastArrival, counters.doctorId]],
  ...[...counters.days].map(({ date, lastNumber }): Operation => [
    'setDay',
    [counters.doctorId, date, lastNumber],
  ]),
];

/** Slots ended for longer than this are not looked at when a process starts: no delay is longer. */
export const LOOK_BACK_MS = 48 * 3_600_000;

const SLOTS = `SELECT slots.*, coalesce(last_number, 0) AS last_number
  FROM slots LEFT JOIN days USING (doctor_id, date)`;

/** Every statement that reads. */
export const READS = {
  doctors: `SELECT * FROM doctors`,
  sessions: `SELECT * FROM sessions WHERE ended = 0 ORDER BY doctor_id, position`,
  daysFrom: `SELECT * FROM days WHERE date >= ?`,
  slotsEndingAfter: `${SLOTS} WHERE end_time > ?`,
  liveTokensOf: `SELECT * FROM tokens WHERE slot_id = ?
    AND status IN ('BOOKED', 'CHECKED_IN', 'IN_CONSULTATION', 'COMPLETED', 'WAITING')`,
  slot: `${SLOTS} WHERE id = ?`,
  slotsOf: `${SLOTS} WHERE doctor_id = ? AND date BETWEEN ? AND ? ORDER BY start_time, id`,
  token: `SELECT * FROM tokens WHERE id = ?`,
  history: `SELECT * FROM changes WHERE token_id = ? ORDER BY position`,
  keptAnswer: `SELECT * FROM idempotency_keys WHERE caller = ? AND key = ? AND at > ?`,
} as const;

export type ReadName = keyof typeof READS;
