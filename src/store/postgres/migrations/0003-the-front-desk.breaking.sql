-- The rooms of a doctor, whether the doctor has left, and the instant at which a break ends.
ALTER TABLE doctors ADD COLUMN rooms INTEGER NOT NULL DEFAULT 1;
ALTER TABLE doctors ADD COLUMN retired BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE doctors ADD COLUMN break_until BIGINT;

-- The first and the last date of a session, and in every how many weeks it yields slots.
ALTER TABLE sessions ADD COLUMN valid_from TEXT COLLATE "C";
ALTER TABLE sessions ADD COLUMN valid_until TEXT COLLATE "C";
ALTER TABLE sessions ADD COLUMN every_weeks INTEGER NOT NULL DEFAULT 1;

-- Dates without slots. A leave that was taken back stays on record as ended.
CREATE TABLE leaves (
  doctor_id TEXT COLLATE "C" NOT NULL,
  id TEXT COLLATE "C" NOT NULL,
  from_date TEXT COLLATE "C" NOT NULL,
  to_date TEXT COLLATE "C" NOT NULL,
  reason TEXT NOT NULL,
  ended BOOLEAN NOT NULL,
  PRIMARY KEY (doctor_id, id)
);

-- So far every delay moved the start. A kept slot takes over the next times and seats when its last live token is gone;
-- without next times it closes.
ALTER TABLE slots ADD COLUMN start_delay_minutes INTEGER NOT NULL DEFAULT 0;
UPDATE slots SET start_delay_minutes = delay_minutes WHERE delay_minutes <> 0;
ALTER TABLE slots ADD COLUMN intake TEXT NOT NULL DEFAULT 'ALL';
ALTER TABLE slots ADD COLUMN kept BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE slots ADD COLUMN next_start_time BIGINT;
ALTER TABLE slots ADD COLUMN next_end_time BIGINT;
ALTER TABLE slots ADD COLUMN next_capacity INTEGER;

-- The last change of a token's place or status, and the status before it: what an undo takes back.
ALTER TABLE tokens ADD COLUMN room TEXT;
ALTER TABLE tokens ADD COLUMN last_kind TEXT NOT NULL DEFAULT 'booked';
ALTER TABLE tokens ADD COLUMN last_from TEXT;
UPDATE tokens SET last_kind = last.kind,
    last_from = CASE WHEN last.kind IN ('booked', 'moved_in') THEN NULL ELSE last.from_status END
  FROM (SELECT DISTINCT ON (token_id) token_id, kind, from_status FROM changes
    WHERE token_id IS NOT NULL ORDER BY token_id, position DESC) AS last
  WHERE last.token_id = tokens.id AND last.kind <> 'booked';
