-- Access keys. The secret itself is not stored; `id` is its public part and `hash` the SHA-256 of the whole. `doctor_ids`
-- are the doctors to whom the key is limited, with blanks between them. A revoked key stays on record.
CREATE TABLE access_keys (
  name TEXT PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  hash TEXT NOT NULL,
  role TEXT NOT NULL,
  doctor_ids TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER,
  last_used_at INTEGER
) STRICT, WITHOUT ROWID;
