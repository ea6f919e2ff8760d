-- Who made, changed, rotated or revoked which access key. `id` is a UUID of version 7, so it sorts by time. `role` is the
-- role of the key after the change.
CREATE TABLE key_changes (
  id TEXT COLLATE "C" PRIMARY KEY,
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  actor TEXT NOT NULL
);
