-- Who made, changed, rotated or revoked which access key. `id` is a UUID of version 7, so it sorts by time. `role` is the
-- role of the key after the change.
CREATE TABLE key_changes (
  id TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  actor TEXT NOT NULL
) STRICT, WITHOUT ROWID;
