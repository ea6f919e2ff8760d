-- Addresses that are told of changes. `types` and `doctor_ids` are lists with blanks between them; empty means all. The
-- secret signs what is sent, so it is stored as it is. A webhook that was deleted stays until its deliveries are gone.
CREATE TABLE webhooks (
  id TEXT PRIMARY KEY,
  url TEXT NOT NULL,
  types TEXT NOT NULL,
  doctor_ids TEXT NOT NULL,
  secret TEXT NOT NULL,
  previous_secret TEXT,
  previous_until INTEGER,
  created_at INTEGER NOT NULL,
  disabled_at INTEGER,
  disabled_reason TEXT,
  deleted_at INTEGER,
  revision INTEGER NOT NULL,
  cursor TEXT NOT NULL,
  succeeded_at INTEGER
) STRICT, WITHOUT ROWID;

-- The doctors whose next event could not be delivered: it is the first one behind the cursor.
CREATE TABLE webhook_lags (
  webhook_id TEXT NOT NULL,
  doctor_id TEXT NOT NULL,
  cursor TEXT NOT NULL,
  tries INTEGER NOT NULL,
  failing_since INTEGER NOT NULL,
  next_at INTEGER NOT NULL,
  PRIMARY KEY (webhook_id, doctor_id)
) STRICT, WITHOUT ROWID;

-- What was sent, for 30 days.
CREATE TABLE webhook_deliveries (
  webhook_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  type TEXT NOT NULL,
  doctor_id TEXT,
  status TEXT NOT NULL,
  tries INTEGER NOT NULL,
  at INTEGER NOT NULL,
  next_at INTEGER,
  http_status INTEGER,
  answer TEXT,
  error TEXT,
  PRIMARY KEY (webhook_id, event_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_deliveries_by_time ON webhook_deliveries (webhook_id, at, event_id);
