import { TOKEN_FACT_KINDS } from '../change-log.ts';
import { NAMING_KINDS } from '../change-rows.ts';
import {
  columnsOf,
  columnsOfType,
  orUpdate,
  TABLES,
  writtenColumnsOf,
  type ColumnType,
  type TableName,
} from '../tables.ts';

// The rows to write are one JSON parameter for each table, however many rows there are; ids are one array. Every statement
// that a command waits for names the doctor: on tables that are distributed by doctor_id, one node answers it.

type Columns = Readonly<Record<string, ColumnType>>;

/** The types of the columns in a parameter's rows. JSON comes as its text, because it is stored to the letter. */
const TYPES = { text: 'text', integer: 'bigint', boolean: 'boolean', json: 'text' } as const;

/** The channel on which a process notifies the others of its commits. */
export const CHANGES_CHANNEL = 'opd_changes';

/** The rows of the parameter, as a table named `given`. */
const given = (columns: Columns, parameter = 1): string => {
  const fields = Object.entries(columns).map(([column, type]) => `${column} ${TYPES[type]}`);
  return `json_to_recordset($${parameter}::text::json) AS given (${fields.join(', ')})`;
};

/** All columns of a table, as a SELECT lists them, whatever the table is joined with. JSON is read as its text. */
export function namesOf(table: TableName): string {
  const json = columnsOfType(table, 'json');
  const names = columnsOf(table).map((name) =>
    json.has(name) ? `${table}.${name}::text AS ${name}` : `${table}.${name}`,
  );
  return names.join(', ');
}

/** Reads all columns of a table; what follows says which rows. */
export const select = (table: TableName): string => `SELECT ${namesOf(table)} FROM ${table}`;

/**
 * Inserts the rows of the parameter.
 * @param columns that the rows have
 * @param more columns that are not in the list of all tables, with their values: SQL
 */
export function insert(
  table: TableName,
  columns: readonly string[] = writtenColumnsOf(table),
  more: Readonly<Record<string, string>> = {},
): string {
  const { columns: types }: { columns: Columns } = TABLES[table];
  const json = columnsOfType(table, 'json');
  const values = columns.map((name) => (json.has(name) ? `given.${name}::json` : `given.${name}`));
  const fields = Object.fromEntries(columns.map((name) => [name, types[name] ?? 'text']));
  return `INSERT INTO ${table} (${[...columns, ...Object.keys(more)].join(', ')})
    SELECT ${[...values, ...Object.values(more)].join(', ')} FROM ${given(fields)}`;
}

/** Inserts rows, or sets all other columns of the rows that have the same key. */
const upsert = (table: TableName, ...key: string[]): string =>
  `${insert(table)} ${orUpdate(table, key)}`;

const idsIn = (column: string, parameter: 1 | 2 = 1): string =>
  `${column} = ANY ($${parameter}::text::text[])`;

/** A doctor's sessions and leaves, as JSON. */
export const SESSIONS_AND_LEAVES = `coalesce((SELECT jsonb_agg(sessions ORDER BY position) FROM sessions
    WHERE sessions.doctor_id = doctors.id AND NOT ended), '[]') AS sessions,
  coalesce((SELECT jsonb_agg(leaves) FROM leaves
    WHERE leaves.doctor_id = doctors.id AND NOT ended), '[]') AS leaves`;

/** A slot with the number printed last on its day and its tokens, as JSON. */
const SLOT = `to_jsonb(slots) || jsonb_build_object(
    'last_number', coalesce((SELECT last_number FROM days
      WHERE days.doctor_id = slots.doctor_id AND days.date = slots.date), 0),
    'tokens', coalesce((SELECT jsonb_agg(tokens) FROM tokens
      WHERE tokens.doctor_id = slots.doctor_id AND tokens.slot_id = slots.id), '[]')
  ) AS slot`;

/** Tokens with the slots they are in, both as JSON. */
const FOUND = `SELECT to_jsonb(tokens) AS token, to_jsonb(slots) AS slot FROM slots
  JOIN tokens ON tokens.doctor_id = slots.doctor_id AND tokens.slot_id = slots.id`;

/** Of the days from one to another, behind a place, with this number if one is given and one of these statuses. */
const OF_DAYS_BEHIND = `slots.date BETWEEN $1 AND $2 AND (slots.date, slots.id, tokens.id) < ($3, $4, $5)
  AND ($6::text = 'null' OR tokens.number::text = $6::text) AND ${idsIn('tokens.status').replace('$1', '$7')}`;

const LATEST_FIRST = `ORDER BY slots.date DESC, slots.id DESC, tokens.id DESC LIMIT $8`;

/** A part of the record without its data: of a doctor, an actor, a kind and a time, if they are given. */
const RECORD = `SELECT ${columnsOf('changes')
  .filter((name) => name !== 'data')
  .join(', ')} FROM changes WHERE position >= $1 AND position < $2
  AND ($3::text IS NULL OR doctor_id = $3) AND ($4::text IS NULL OR kind = $4)
  AND ($5::text IS NULL OR actor = $5 OR starts_with(actor, $5 || '/'))
  AND ($6::bigint IS NULL OR at >= $6) AND ($7::bigint IS NULL OR at <= $7)`;

/** The statements that a command or a read of a doctor waits for. */
export const HOT = {
  versions: `SELECT id, version FROM doctors WHERE ${idsIn('id')}`,
  // Locked in the order of ids, so that no two transactions wait for each other.
  lock: `SELECT id, version FROM doctors WHERE ${idsIn('id')} ORDER BY id FOR UPDATE`,
  changesSince: `SELECT ${namesOf('changes')} FROM json_to_recordset($1::text::json) AS known (doctor_id text, version bigint)
    JOIN changes ON changes.doctor_id = known.doctor_id AND changes.version > known.version
    ORDER BY changes.doctor_id, changes.version`,
  // One statement has one snapshot: a doctor is read as of one instant, locked or not.
  doctors: `SELECT ${namesOf('doctors')},
      ${SESSIONS_AND_LEAVES},
      coalesce((SELECT jsonb_agg(days) FROM days
        WHERE days.doctor_id = doctors.id AND days.date >= $2), '[]') AS days,
      ARRAY_TO_JSON(ARRAY(SELECT ${SLOT} FROM slots WHERE slots.doctor_id = doctors.id AND (end_time > $3
        OR EXISTS (SELECT FROM tokens WHERE tokens.doctor_id = slots.doctor_id
          AND tokens.slot_id = slots.id AND status = 'WAITING')))) AS slots
    FROM doctors WHERE ${idsIn('doctors.id')}`,
  slotsById: `SELECT ${SLOT} FROM slots WHERE ${idsIn('slots.doctor_id')} AND ${idsIn('slots.id', 2)}`,
  commandAt: `SELECT command_id FROM changes WHERE doctor_id = $1 AND version = $2`,
  addDoctors: insert('doctors'),
  setDoctors: `UPDATE doctors SET ${columnsOf('doctors')
    .filter((name) => name !== 'id')
    .map((name) => `${name} = given.${name}`)
    .join(', ')}
    FROM ${given(TABLES.doctors.columns)} WHERE doctors.id = given.id`,
  endSessions: `UPDATE sessions SET ended = true WHERE ${idsIn('doctor_id')}`,
  setSessions: upsert('sessions', 'doctor_id', 'id'),
  endLeaves: `UPDATE leaves SET ended = true WHERE ${idsIn('doctor_id')}`,
  setLeaves: upsert('leaves', 'doctor_id', 'id'),
  setSlots: upsert('slots', 'doctor_id', 'id'),
  setDays: upsert('days', 'doctor_id', 'date'),
  removeTokens: `DELETE FROM tokens USING ${given({ doctor_id: 'text', id: 'text' })}
    WHERE tokens.doctor_id = given.doctor_id AND tokens.id = given.id`,
  setTokens: upsert('tokens', 'doctor_id', 'id'),
  // A row has the columns that change. A column that may become null has another one that says whether it changes.
  stepTokens: `UPDATE tokens SET status = coalesce(given.status, tokens.status),
      present = coalesce(given.present, tokens.present),
      patient_type = coalesce(given.patient_type, tokens.patient_type),
      priority = coalesce(given.priority, tokens.priority),
      patient_name = coalesce(given.patient_name, tokens.patient_name),
      patient_id = CASE WHEN given.patient_name IS NULL THEN tokens.patient_id ELSE given.patient_id END,
      room = CASE WHEN given.called THEN given.room ELSE tokens.room END,
      last_kind = coalesce(given.last_kind, tokens.last_kind),
      last_from = CASE WHEN given.last_kind IS NULL THEN tokens.last_from ELSE given.last_from END
    FROM ${given({ ...TABLES.tokens.columns, called: 'boolean' })}
    WHERE tokens.doctor_id = given.doctor_id AND tokens.id = given.id`,
  addChanges: insert('changes', [...writtenColumnsOf('changes'), 'command_id']),
  storeResponses: insert('idempotency_keys'),
} as const;

export type HotName = keyof typeof HOT;

const ERASE_RECORDS = `UPDATE changes
  SET data = (data::jsonb || '{"patientName":"","patientId":null}')::json
  WHERE ${idsIn('token_id')} AND kind IN (${NAMING_KINDS.map((kind) => `'${kind}'`).join(', ')})`;

/** The statements with which a transaction erases names and patient ids. */
export const ERASING = {
  eraseRecords: ERASE_RECORDS,
  eraseRecordsOfPatient: `${ERASE_RECORDS} AND data ->> 'patientId' = $2`,
  setErased: `UPDATE slots SET erased = true WHERE ${idsIn('id')}`,
  setNotErased: `UPDATE slots SET erased = false WHERE ${idsIn('id')} AND erased`,
  setAnswers: `UPDATE idempotency_keys SET answer = given.answer
    FROM ${given({ caller: 'text', key: 'text', answer: 'text' })}
    WHERE idempotency_keys.caller = given.caller AND idempotency_keys.key = given.key`,
  eraseExpiredResponses: `DELETE FROM idempotency_keys WHERE (caller, key) IN (
    SELECT caller, key FROM idempotency_keys WHERE at <= $1 ORDER BY at LIMIT 1000 FOR UPDATE SKIP LOCKED)`,
} as const;

/** The other statements: of setup commands, of the archive and of the change log. */
export const OTHERS = {
  ping: `SELECT 1`,
  // Read committed, whatever the default of the database is: after a wait for a lock, the newest rows must be seen.
  begin: `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE`,
  commit: `COMMIT`,
  lockSetup: `SELECT FROM setup FOR UPDATE`,
  // The doctors with an id whose part before the first @ is one of these: all doctors share one namespace of ids.
  ownersOfRoots: `SELECT doctor_id AS id FROM slots WHERE ${idsIn("split_part(id, '@', 1)")}
    UNION SELECT doctor_id FROM sessions WHERE NOT ended AND ${idsIn("split_part(id, '@', 1)")}`,
  // A slot with an id of the form session@... that is not of the doctor's session, one for each session.
  foreignSlots: `SELECT DISTINCT ON (given.id) slots.id FROM ${given({ id: 'text', doctor_id: 'text' })}
    JOIN slots ON split_part(slots.id, '@', 1) = split_part(given.id, '@', 1)
      AND starts_with(slots.id, given.id || '@')
      AND NOT (slots.doctor_id = given.doctor_id AND slots.session_id IS NOT DISTINCT FROM given.id)
    ORDER BY given.id`,
  // Each new response deletes two expired ones, so that the table never outgrows a day, and an expired one of its own key.
  deleteExpiredResponses: `DELETE FROM idempotency_keys WHERE at <= $2 AND ((caller, key) IN (
      SELECT caller, key FROM ${given({ caller: 'text', key: 'text' })})
    OR (caller, key) IN (SELECT caller, key FROM idempotency_keys WHERE at <= $2 ORDER BY at
      LIMIT 2 * json_array_length($1::text::json) FOR UPDATE SKIP LOCKED))`,
  // Responses of a wrong, later clock. Rows that another process has locked are left to it.
  restampResponses: `UPDATE idempotency_keys SET at = $1 WHERE (caller, key) IN (
    SELECT caller, key FROM idempotency_keys WHERE at > $2 LIMIT 1000 FOR UPDATE SKIP LOCKED)`,
  takenKeys: `SELECT caller, key FROM idempotency_keys WHERE at > $2 AND (caller, key) IN (
    SELECT caller, key FROM ${given({ caller: 'text', key: 'text' })})`,
  storedResponse: `${select('idempotency_keys')} WHERE caller = $1 AND key = $2 AND at > $3`,
  timeZones: `SELECT id, time_zone FROM doctors`,
  allDoctors: `SELECT ${namesOf('doctors')}, ${SESSIONS_AND_LEAVES} FROM doctors ORDER BY id`,
  doctor: `SELECT ${namesOf('doctors')}, ${SESSIONS_AND_LEAVES} FROM doctors WHERE id = $1`,
  slotsToEnd: `SELECT DISTINCT doctor_id, slots.id, delay_minutes FROM slots JOIN tokens USING (doctor_id)
    WHERE tokens.slot_id = slots.id AND status = 'WAITING' AND end_time <= $1`,
  ownerOf: `SELECT doctor_id AS id FROM slots WHERE id = $1
    UNION SELECT doctor_id FROM sessions WHERE id = $1 AND NOT ended`,
  slot: `${select('slots')} WHERE id = $1`,
  slotsOfDays: `${select('slots')} WHERE doctor_id = $1 AND date BETWEEN $2 AND $3
    ORDER BY start_time, id`,
  tokensOf: `${select('tokens')} WHERE doctor_id = $1 AND slot_id = $2`,
  token: `${select('tokens')} WHERE id = $1`,
  tokensOfDoctor: `${FOUND} WHERE slots.doctor_id = $9 AND ${OF_DAYS_BEHIND} ${LATEST_FIRST}`,
  tokensOfDays: `${FOUND} WHERE ${OF_DAYS_BEHIND} ${LATEST_FIRST}`,
  tokensOfPatient: `${FOUND} WHERE tokens.patient_id = $1`,
  history: `${select('changes')} WHERE token_id = $1 ORDER BY position`,
  slotChanges: `${select('changes')} WHERE slot_id = $1 AND kind = 'slot_set'
    UNION ALL ${select('changes')} WHERE slot_id = $1 AND token_id IN (
      SELECT id FROM tokens WHERE doctor_id = (SELECT doctor_id FROM slots WHERE id = $1) AND slot_id = $1
      UNION SELECT token_id FROM changes WHERE slot_id = $1 AND kind = 'moved_out')
    ORDER BY version`,
  // The statement reads the locks after it has taken its snapshot.
  logEnd: `SELECT coalesce((SELECT max(position) FROM changes), 0) AS position,
    (SELECT coalesce(string_agg(DISTINCT virtualtransaction, ' '), '') FROM pg_locks
      WHERE locktype = 'relation' AND relation = 'changes'::regclass AND mode = 'RowExclusiveLock' AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS writers,
    (1000000 * extract(epoch FROM pg_postmaster_start_time()))::bigint AS server_start`,
  changeUpTo: `${select('changes')} WHERE position <= $1 ORDER BY position DESC LIMIT 1`,
  record: `${RECORD} ORDER BY position DESC LIMIT $8`,
  recordOfToken: `${RECORD} AND token_id = $9 ORDER BY position DESC LIMIT $8`,
  changesFrom: `${select('changes')} WHERE position >= $1 AND position <= $2 ORDER BY position LIMIT $3`,
  factChanges: `${select('changes')} WHERE position <= $3 AND ${idsIn('token_id')}
      AND kind IN (${TOKEN_FACT_KINDS.map((kind) => `'${kind}'`).join(', ')})
    UNION ALL ${select('changes')} WHERE position <= $3 AND ${idsIn('slot_id', 2)} AND kind = 'slot_set'
    ORDER BY position`,
  slotsToErase: `SELECT slots.doctor_id, slots.id FROM slots JOIN doctors ON doctors.id = slots.doctor_id
    JOIN json_each_text($1::text::json) AS days ON days.key = doctors.time_zone
    WHERE NOT slots.erased AND slots.date < $2 AND slots.date < days.value ORDER BY slots.date LIMIT $3`,
  responsesWith: `${select('idempotency_keys')}
    WHERE EXISTS (SELECT FROM unnest($1::text::text[]) AS word WHERE strpos(answer, word) > 0)`,
  accessKeys: `${select('access_keys')} ORDER BY name`,
  setKeys: upsert('access_keys', 'name'),
  secrets: select('secrets'),
  addSecrets: `${insert('secrets')} ON CONFLICT DO NOTHING`,
  recordAdminChanges: upsert('key_changes', 'id'),
  adminChanges: `${select('key_changes')} WHERE ($1::text IS NULL OR id < $1) AND ($2::text IS NULL OR kind = $2)
    AND ($3::text IS NULL OR actor = $3 OR starts_with(actor, $3 || '/'))
    AND ($4::bigint IS NULL OR at >= $4) AND ($5::bigint IS NULL OR at <= $5) ORDER BY id DESC LIMIT $6`,
  noteKeyUses: `UPDATE access_keys SET last_used_at = given.at
    FROM ${given({ id: 'text', at: 'integer' })} WHERE access_keys.id = given.id`,
  notify: `SELECT pg_notify('${CHANGES_CHANNEL}', '')`,
} as const;

/** The instant of the server's clock, in milliseconds: leases must not depend on the clocks of the processes. */
const SERVER_NOW = `(extract(epoch FROM clock_timestamp()) * 1000)::bigint`;

/** The columns of a webhook that say how far it has come. Its settings are the others. */
const PLACE_COLUMNS = new Set(['cursor', 'succeeded_at']);
const WEBHOOK_SETTINGS = columnsOf('webhooks').filter((name) => !PLACE_COLUMNS.has(name));

/** Inserts the rows of a parameter, or replaces those with the same key, if the CTE named `held` has a row. */
const upsertHeld = (table: TableName, parameter: number, ...key: string[]): string =>
  `INSERT INTO ${table} (${columnsOf(table).join(', ')}) SELECT ${columnsOf(table)
    .map((name) => `given.${name}`)
    .join(', ')} FROM ${given(TABLES[table].columns, parameter)}, held ${orUpdate(table, key)}`;

/**
 * Records that a webhook was set. A statement whose connection was lost may have been carried out before it was repeated: then
 * its record is there.
 */
const RECORD_SET = `recorded AS (${upsertHeld('key_changes', 2, 'id')})
    SELECT id FROM held UNION ALL
    SELECT known.id FROM key_changes AS known, ${given(TABLES.key_changes.columns, 2)} WHERE known.id = given.id`;

/** The statements of webhooks. No command waits for any of them. */
const WEBHOOKS = {
  webhooks: `${select('webhooks')} ORDER BY id`,
  setWebhook: `WITH held AS (${upsert('webhooks', 'id')}
      WHERE webhooks.revision = excluded.revision - 1 RETURNING id),
    ended AS (DELETE FROM webhook_lags USING held WHERE webhook_id = held.id),
    ${RECORD_SET}`,
  configureWebhook: `WITH held AS (
      UPDATE webhooks SET ${WEBHOOK_SETTINGS.map((name) => `${name} = given.${name}`).join(', ')}
      FROM ${given(TABLES.webhooks.columns)}
      WHERE webhooks.id = given.id AND webhooks.revision = given.revision - 1 RETURNING webhooks.id),
    ${RECORD_SET}`,
  // Each webhook is for the living process whose name and the webhook's name have the smallest hash together, so that all
  // processes agree without a word about it. A lease excludes the others while they do not agree yet.
  takeShare: `WITH alive AS (
      INSERT INTO webhook_processes (id, until) VALUES ($1, ${SERVER_NOW} + $2::bigint)
      ON CONFLICT (id) DO UPDATE SET until = excluded.until RETURNING id),
    dead AS (DELETE FROM webhook_processes WHERE id <> $1 AND until < ${SERVER_NOW}),
    processes AS (SELECT id FROM alive
      UNION ALL SELECT id FROM webhook_processes WHERE id <> $1 AND until >= ${SERVER_NOW}),
    shares AS (SELECT DISTINCT ON (webhooks.id) webhooks.id AS webhook_id, processes.id AS process
      FROM webhooks CROSS JOIN processes WHERE deleted_at IS NULL AND disabled_at IS NULL
      ORDER BY webhooks.id, md5(webhooks.id || ' ' || processes.id))
    INSERT INTO webhook_leases AS lease (webhook_id, owner, until)
    SELECT webhook_id, $1, ${SERVER_NOW} + $2::bigint FROM shares WHERE process = $1 ORDER BY webhook_id
    ON CONFLICT (webhook_id) DO UPDATE SET owner = excluded.owner, until = excluded.until
      WHERE lease.owner = excluded.owner OR lease.until < ${SERVER_NOW}
    RETURNING webhook_id`,
  leaveShare: `WITH left_leases AS (DELETE FROM webhook_leases WHERE owner = $1)
    DELETE FROM webhook_processes WHERE id = $1`,
  lags: `${select('webhook_lags')} WHERE webhook_id = $1 ORDER BY doctor_id`,
  // The lease stays locked until the progress is written, so that no other process takes the webhook in between.
  writeProgress: `WITH lease AS (
      SELECT FROM webhook_leases WHERE webhook_id = $1 AND owner = $2 FOR SHARE),
    held AS (
      UPDATE webhooks SET cursor = $4, succeeded_at = coalesce($5::bigint, succeeded_at),
        disabled_at = coalesce($6::bigint, disabled_at), disabled_reason = coalesce($7, disabled_reason)
      FROM lease WHERE id = $1 AND revision = $3::bigint RETURNING id),
    set_lags AS (${upsertHeld('webhook_lags', 8, 'webhook_id', 'doctor_id')}),
    ended AS (DELETE FROM webhook_lags USING held
      WHERE webhook_id = held.id AND doctor_id = ANY ($9::text::text[])),
    delivered AS (${upsertHeld('webhook_deliveries', 10, 'webhook_id', 'event_id')}),
    recorded AS (${upsertHeld('key_changes', 11, 'id')})
    SELECT id FROM held`,
  setDeliveries: upsert('webhook_deliveries', 'webhook_id', 'event_id'),
  deliveries: `${select('webhook_deliveries')} WHERE webhook_id = $1 AND ($2::text IS NULL OR status = $2)
    AND (at, event_id) < ($3::bigint, $4) ORDER BY at DESC, event_id DESC LIMIT $5`,
  pruneDeliveries: `DELETE FROM webhook_deliveries WHERE (webhook_id, event_id) IN (
    SELECT old.webhook_id, old.event_id FROM webhooks JOIN webhook_deliveries AS old
      ON old.webhook_id = webhooks.id AND old.at < $1 LIMIT $2 FOR UPDATE OF old SKIP LOCKED)`,
  pruneWebhooks: `DELETE FROM webhooks WHERE deleted_at < $1
    AND NOT EXISTS (SELECT FROM webhook_deliveries WHERE webhook_id = webhooks.id)`,
} as const;

export type StatementName =
  HotName | keyof typeof ERASING | keyof typeof OTHERS | keyof typeof WEBHOOKS;

export const STATEMENTS: Readonly<Record<StatementName, string>> = {
  ...HOT,
  ...ERASING,
  ...OTHERS,
  ...WEBHOOKS,
};

/** Ids as one parameter: the text of a PostgreSQL array. */
export const arrayOf = (texts: Iterable<string>): string =>
  `{${Array.from(texts, (text) => `"${text.replace(/["\\]/g, String.raw`\$&`)}"`).join()}}`;
