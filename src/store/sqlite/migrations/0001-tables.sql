-- Instants are milliseconds since 1970-01-01T00:00:00Z, dates are YYYY-MM-DD in the doctor's time zone.

CREATE TABLE doctors (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  department TEXT,
  time_zone TEXT NOT NULL,
  version INTEGER NOT NULL,
  last_arrival INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A session taken off the week stays on record as ended: its slots name it.
CREATE TABLE sessions (
  doctor_id TEXT NOT NULL,
  id TEXT NOT NULL,
  position INTEGER NOT NULL,
  weekdays TEXT NOT NULL,
  start_time TEXT NOT NULL,
  end_time TEXT NOT NULL,
  capacity INTEGER NOT NULL,
  ended INTEGER NOT NULL,
  PRIMARY KEY (doctor_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE slots (
  id TEXT PRIMARY KEY,
  doctor_id TEXT NOT NULL,
  session_id TEXT,
  date TEXT NOT NULL,
  start_time INTEGER NOT NULL,
  end_time INTEGER NOT NULL,
  delay_minutes INTEGER NOT NULL,
  capacity INTEGER NOT NULL,
  closed_reason TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX slots_by_doctor ON slots (doctor_id, date);
CREATE INDEX slots_by_end ON slots (end_time);

-- The number printed last for each doctor and day: never used again, whatever happens to its token.
CREATE TABLE days (
  doctor_id TEXT NOT NULL,
  date TEXT NOT NULL,
  last_number INTEGER NOT NULL,
  PRIMARY KEY (doctor_id, date)
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  doctor_id TEXT NOT NULL,
  slot_id TEXT NOT NULL,
  patient_name TEXT NOT NULL,
  patient_id TEXT,
  patient_type TEXT NOT NULL,
  arrival INTEGER NOT NULL,
  number INTEGER NOT NULL,
  booked_at INTEGER NOT NULL,
  status TEXT NOT NULL,
  present INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_slot ON tokens (slot_id);

-- Append-only. `data` is JSON: what a booking, a doctor or a slot was set to. There is no index by doctor: its pages,
-- one for each doctor of a batch, would double what a commit has to sync, for a look-up that nothing needs.
CREATE TABLE changes (
  position INTEGER PRIMARY KEY,
  doctor_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  token_id TEXT,
  slot_id TEXT,
  from_status TEXT,
  to_status TEXT,
  cause TEXT,
  actor TEXT NOT NULL,
  reason TEXT,
  data TEXT
) STRICT;
CREATE INDEX changes_by_token ON changes (token_id) WHERE token_id IS NOT NULL;

CREATE TABLE idempotency_keys (
  position INTEGER PRIMARY KEY,
  caller TEXT NOT NULL,
  key TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  answer TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX idempotency_keys_by_key ON idempotency_keys (caller, key);
