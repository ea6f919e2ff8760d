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
    (id, doctor_id, slot_id, patient_name, patient_id, patient_type, priority, arrival, number, booked_at, status, present)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  moveToken: `UPDATE tokens SET doctor_id = ?, slot_id = ?, arrival = ?, number = ?, status = ?, present = ?
    WHERE id = ?`,
  setClass: `UPDATE tokens SET patient_type = ?, priority = ? WHERE id = ?`,
  // Who has been at the desk stays so whatever comes next.
  setStatus: `UPDATE tokens SET status = ?, present = max(present, ?) WHERE id = ?`,
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

const SLOTS = `SELECT slots.*, coalesce(last_number, 0) AS last_number
  FROM slots LEFT JOIN days USING (doctor_id, date)`;

/** Every statement that reads. */
export const READS = {
  doctors: `SELECT * FROM doctors`,
  sessions: `SELECT * FROM sessions WHERE ended = 0 ORDER BY doctor_id, position`,
  daysFrom: `SELECT * FROM days WHERE date >= ?`,
  slotsToLoad: `${SLOTS} WHERE end_time > ?
    OR slots.id IN (SELECT slot_id FROM tokens WHERE status = 'WAITING')`,
  liveTokensOf: `SELECT * FROM tokens WHERE slot_id = ?
    AND status IN ('BOOKED', 'CHECKED_IN', 'IN_CONSULTATION', 'COMPLETED', 'WAITING')`,
  slot: `${SLOTS} WHERE id = ?`,
  slotsOf: `${SLOTS} WHERE doctor_id = ? AND date BETWEEN ? AND ? ORDER BY start_time, id`,
  token: `SELECT * FROM tokens WHERE id = ?`,
  history: `SELECT * FROM changes WHERE token_id = ? ORDER BY position`,
  // Each part by an index of its own; a token that has left the slot is found by the record of its leaving.
  slotChanges: `SELECT * FROM changes WHERE slot_id = ?1 AND kind = 'slot_set'
    UNION ALL SELECT * FROM changes WHERE slot_id = ?1 AND token_id IN (
      SELECT id FROM tokens WHERE slot_id = ?1
      UNION SELECT token_id FROM changes WHERE slot_id = ?1 AND kind = 'moved_out')
    ORDER BY version`,
  keptAnswer: `SELECT * FROM idempotency_keys WHERE caller = ? AND key = ? AND at > ?`,
} as const;

export type ReadName = keyof typeof READS;
