-- Addresses that are told of changes. `types` and `doctor_ids` are lists with blanks between them; empty means all. The
-- secret signs what is sent, so it is stored as it is. A webhook that was deleted stays until its deliveries are gone.
CREATE TABLE webhooks (
  id TEXT COLLATE "C" PRIMARY KEY,
  url TEXT NOT NULL,
  types TEXT NOT NULL,
  doctor_ids TEXT NOT NULL,
  secret TEXT NOT NULL,
  previous_secret TEXT,
  previous_until BIGINT,
  created_at BIGINT NOT NULL,
  disabled_at BIGINT,
  disabled_reason TEXT,
  deleted_at BIGINT,
  revision BIGINT NOT NULL,
  cursor TEXT NOT NULL,
  succeeded_at BIGINT
);

-- The doctors whose next event could not be delivered: it is the first one behind the cursor.
CREATE TABLE webhook_lags (
  webhook_id TEXT COLLATE "C" NOT NULL,
  doctor_id TEXT COLLATE "C" NOT NULL,
  cursor TEXT NOT NULL,
  tries BIGINT NOT NULL,
  failing_since BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  PRIMARY KEY (webhook_id, doctor_id)
);

-- What was sent, for 30 days.
CREATE TABLE webhook_deliveries (
  webhook_id TEXT COLLATE "C" NOT NULL,
  event_id TEXT COLLATE "C" NOT NULL,
  type TEXT NOT NULL,
  doctor_id TEXT,
  status TEXT NOT NULL,
  tries BIGINT NOT NULL,
  at BIGINT NOT NULL,
  next_at BIGINT,
  http_status BIGINT,
  answer TEXT,
  error TEXT,
  PRIMARY KEY (webhook_id, event_id)
);
CREATE INDEX webhook_deliveries_by_time ON webhook_deliveries (webhook_id, at, event_id);

-- The processes that deliver, and which of them delivers for a webhook, each until an instant of the server's clock. These
-- are not copied to another database.
CREATE TABLE webhook_processes (
  id TEXT PRIMARY KEY,
  until BIGINT NOT NULL
);
CREATE TABLE webhook_leases (
  webhook_id TEXT COLLATE "C" PRIMARY KEY,
  owner TEXT NOT NULL,
  until BIGINT NOT NULL
);
