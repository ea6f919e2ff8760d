-- The rooms of a doctor, whether the doctor has left, and the instant at which a break ends.
ALTER TABLE doctors ADD COLUMN rooms INTEGER NOT NULL DEFAULT 1;
ALTER TABLE doctors ADD COLUMN retired INTEGER NOT NULL DEFAULT 0;
ALTER TABLE doctors ADD COLUMN break_until INTEGER;

-- The first and the last date of a session, and in every how many weeks it yields slots.
ALTER TABLE sessions ADD COLUMN valid_from TEXT;
ALTER TABLE sessions ADD COLUMN valid_until TEXT;
ALTER TABLE sessions ADD COLUMN every_weeks INTEGER NOT NULL DEFAULT 1;

-- Dates without slots. A leave that was taken back stays on record as ended.
CREATE TABLE leaves (
  doctor_id TEXT NOT NULL,
  id TEXT NOT NULL,
  from_date TEXT NOT NULL,
  to_date TEXT NOT NULL,
  reason TEXT NOT NULL,
  ended INTEGER NOT NULL,
  PRIMARY KEY (doctor_id, id)
) STRICT, WITHOUT ROWID;

-- So far every delay moved the start. A kept slot takes over the next times and seats when its last live token is gone;
-- without next times it closes.
ALTER TABLE slots ADD COLUMN start_delay_minutes INTEGER NOT NULL DEFAULT 0;
UPDATE slots SET start_delay_minutes = delay_minutes WHERE delay_minutes <> 0;
ALTER TABLE slots ADD COLUMN intake TEXT NOT NULL DEFAULT 'ALL';
ALTER TABLE slots ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;
ALTER TABLE slots ADD COLUMN next_start_time INTEGER;
ALTER TABLE slots ADD COLUMN next_end_time INTEGER;
ALTER TABLE slots ADD COLUMN next_capacity INTEGER;

-- The last change of a token's place or status, and the status before it: what an undo takes back.
ALTER TABLE tokens ADD COLUMN room TEXT;
ALTER TABLE tokens ADD COLUMN last_kind TEXT NOT NULL DEFAULT 'booked';
ALTER TABLE tokens ADD COLUMN last_from TEXT;
UPDATE tokens SET (last_kind, last_from) = (
  SELECT kind, CASE WHEN kind IN ('booked', 'moved_in') THEN NULL ELSE from_status END
  FROM changes WHERE token_id = tokens.id ORDER BY position DESC LIMIT 1)
WHERE EXISTS (SELECT 1 FROM changes WHERE token_id = tokens.id AND kind <> 'booked');
