import { TOKEN_FACT_KINDS } from '../change-log.ts';
import { NAMING_KINDS } from '../change-rows.ts';
import { columnsOf, orUpdate, writtenColumnsOf, type TableName } from '../tables.ts';

export type SqlValue = string | number | null;

/** What the names of a slot's columns begin with where a row has a token and its slot. */
export const SLOT_PREFIX = 'slot.';

/** One statement of a batch, by its name, with its parameters. */
export type Operation = readonly [StatementName, readonly SqlValue[]];

/** All columns of a table, as a SELECT lists them, whatever the table is joined with. */
export const namesOf = (table: TableName): string =>
  columnsOf(table)
    .map((column) => `${table}.${column}`)
    .join(', ');

/** Reads all columns of a table; what follows says which rows. */
export const select = (table: TableName): string => `SELECT ${namesOf(table)} FROM ${table}`;

/** Inserts rows of these columns, by default one. */
export const insert = (
  table: TableName,
  columns: readonly string[] = writtenColumnsOf(table),
  { verb = 'INSERT', rows = 1, more = {} }: InsertOptions = {},
): string => {
  const values = [...columns.map(() => '?'), ...Object.values(more)].join(', ');
  const tuples = Array.from({ length: rows }, () => `(${values})`).join(', ');
  return `${verb} INTO ${table} (${[...columns, ...Object.keys(more)].join(', ')}) VALUES ${tuples}`;
};

interface InsertOptions {
  readonly verb?: string;
  readonly rows?: number;
  /** More columns, with the SQL of their values. */
  readonly more?: Readonly<Record<string, string>>;
}

/** Inserts a row, or sets all other columns of the row that has the key. */
const upsert = (table: TableName, ...key: string[]): string =>
  `${insert(table)} ${orUpdate(table, key)}`;

/** The most changes that a start reads to find the tokens that are not indexed. */
const UNINDEXED_MAX = 200_000;

/** The columns that `setDoctor` sets, in the order of its parameters. The id and the version before follow. */
export const SET_DOCTOR_COLUMNS = writtenColumnsOf('doctors').filter((name) => name !== 'id');

/** The columns of a webhook that say how far it has come. Its settings are the others. */
export const PLACE_COLUMNS: ReadonlySet<string> = new Set(['cursor', 'succeeded_at']);

// Without ROLLBACK, SQLite would write a journal of its own for each statement of several rows.
const OR_ROLLBACK = 'INSERT OR ROLLBACK';

/** The statements that insert several rows at once, by the number of rows. */
export const MANY_ROWS = {
  addToken: (rows) =>
    insert('tokens', [...writtenColumnsOf('tokens'), 'last_change'], { verb: OR_ROLLBACK, rows }),
  addChange: (rows) =>
    insert('changes', [...writtenColumnsOf('changes'), 'position', 'previous'], {
      verb: OR_ROLLBACK,
      rows,
    }),
  // A change of a token that no earlier change of the batch concerns. The last parameter is the token.
  addStep: (rows) =>
    insert('changes', [...writtenColumnsOf('changes'), 'position'], {
      verb: OR_ROLLBACK,
      rows,
      more: { previous: '(SELECT last_change FROM tokens WHERE id = ?)' },
    }),
} as const satisfies Readonly<Record<string, (rows: number) => string>>;

/** The positions of all changes of tokens. The SQL says which tokens: a condition on `tokens`. */
export const stepsOf = (condition: string): string => `SELECT step FROM (
  WITH RECURSIVE steps (step) AS (
    SELECT last_change FROM tokens WHERE ${condition}
    UNION ALL SELECT previous FROM steps JOIN changes ON position = step WHERE previous IS NOT NULL
  ) SELECT step FROM steps)`;

const ERASE_RECORDS = `UPDATE changes SET data = json_set(data, '$.patientName', '', '$.patientId', NULL)
  WHERE position IN (${stepsOf('id = ?')}) AND kind IN (${NAMING_KINDS.map((kind) => `'${kind}'`).join(', ')})`;

/** Every statement that writes. */
export const WRITES = {
  addDoctor: insert('doctors'),
  // The version is the one that the batch continues. Another process that wrote since has changed it.
  setDoctor: `UPDATE doctors SET ${SET_DOCTOR_COLUMNS.map((name) => `${name} = ?`).join(', ')}
    WHERE id = ? AND version = ?`,
  // Most batches change nothing else of a doctor.
  setCounters: `UPDATE doctors SET version = ?, last_arrival = ? WHERE id = ? AND version = ?`,
  endSessions: `UPDATE sessions SET ended = 1 WHERE doctor_id = ?`,
  setSession: upsert('sessions', 'doctor_id', 'id'),
  endLeaves: `UPDATE leaves SET ended = 1 WHERE doctor_id = ?`,
  setLeave: upsert('leaves', 'doctor_id', 'id'),
  setSlot: upsert('slots', 'id'),
  addToken: MANY_ROWS.addToken(1),
  addChange: MANY_ROWS.addChange(1),
  addStep: MANY_ROWS.addStep(1),
  // A token that has moved: its row is there already, with its place before.
  moveToken: `${insert('tokens', [...writtenColumnsOf('tokens'), 'last_change'])}
    ${orUpdate('tokens', ['id'])}, last_change = excluded.last_change`,
  setClass: `UPDATE tokens SET patient_type = ?, priority = ?, last_kind = ?, last_from = ?, last_change = ?
    WHERE id = ?`,
  setStatus: `UPDATE tokens SET status = ?, present = coalesce(?, present), last_kind = ?, last_from = ?,
    last_change = ? WHERE id = ?`,
  setRoom: `UPDATE tokens SET room = ? WHERE id = ?`,
  setPatient: `UPDATE tokens SET patient_name = ?, patient_id = ?, last_change = ? WHERE id = ?`,
  // The tokens of a slot that leaves memory, as a JSON array of their ids.
  indexTokens: `UPDATE tokens SET indexed = 1 WHERE indexed = 0 AND id IN (SELECT value FROM json_each(?))`,
  indexSlot: `UPDATE slots SET indexed = 1 WHERE id = ?`,
  unindexSlot: `UPDATE slots SET indexed = 0 WHERE id = ?`,
  // Tokens that were booked very many changes ago are indexed although their slot is still in memory.
  indexOldTokens: `UPDATE tokens SET indexed = 1 WHERE indexed = 0 AND id IN (
    SELECT token_id FROM changes WHERE position >= (SELECT from_position FROM unindexed)
      AND position < min((SELECT from_position FROM unindexed) + ?,
        (SELECT max(position) FROM changes) - ${UNINDEXED_MAX})
      AND +kind = 'booked')`,
  // Moves the start of the unindexed tokens past those that are indexed, by this number of positions at most.
  advanceUnindexed: `UPDATE unindexed SET from_position = coalesce(
    (SELECT position FROM changes CROSS JOIN tokens ON tokens.id = token_id
      WHERE position >= from_position AND position < from_position + ?
        AND kind = 'booked' AND tokens.indexed = 0 ORDER BY position LIMIT 1),
    (SELECT min(from_position + ?, coalesce(max(position), 0) + 1) FROM changes))`,
  setDay: upsert('days', 'doctor_id', 'date'),
  // A response that replaces an expired one gets a new place in the order below.
  storeResponse: insert('idempotency_keys', undefined, { verb: 'INSERT OR REPLACE' }),
  // A response of a wrong, later clock is at the head when all before it are deleted, and would keep those behind it. The
  // scan is empty unless there is one at the head.
  restampResponses: `UPDATE idempotency_keys SET at = ? WHERE at > ? AND position >= (
    SELECT iif(at > ?, position, 9223372036854775807) FROM idempotency_keys ORDER BY position LIMIT 1)`,
  // Responses are in the order in which they came. Each new one deletes two expired ones: the table never outgrows a day.
  deleteExpiredResponses: `DELETE FROM idempotency_keys WHERE at <= ? AND position IN
    (SELECT position FROM idempotency_keys ORDER BY position LIMIT 2)`,
  eraseRecords: ERASE_RECORDS,
  eraseRecordsOfPatient: `${ERASE_RECORDS} AND data ->> '$.patientId' = ?`,
  setErased: `UPDATE slots SET erased = ? WHERE id = ?`,
  setAnswer: `UPDATE idempotency_keys SET answer = ? WHERE caller = ? AND key = ?`,
  eraseExpiredResponses: `DELETE FROM idempotency_keys WHERE at <= ? AND position IN
    (SELECT position FROM idempotency_keys ORDER BY position LIMIT 1000)`,
  answerErasure: `UPDATE erasures SET request = NULL, answer = ? WHERE id = ?`,
  setKey: upsert('access_keys', 'name'),
  addSecret: insert('secrets', undefined, { verb: 'INSERT OR IGNORE' }),
  recordAdminChange: upsert('key_changes', 'id'),
  noteKeyUse: `UPDATE access_keys SET last_used_at = ? WHERE id = ?`,
  setWebhook: upsert('webhooks', 'id'),
  configureWebhook: `UPDATE webhooks SET ${writtenColumnsOf('webhooks')
    .filter((name) => name !== 'id' && !PLACE_COLUMNS.has(name))
    .map((name) => `${name} = ?`)
    .join(', ')} WHERE id = ?`,
  moveWebhook: `UPDATE webhooks SET cursor = ?, succeeded_at = coalesce(?, succeeded_at) WHERE id = ?`,
  disableWebhook: `UPDATE webhooks SET disabled_at = ?, disabled_reason = ? WHERE id = ?`,
  setLag: upsert('webhook_lags', 'webhook_id', 'doctor_id'),
  endLag: `DELETE FROM webhook_lags WHERE webhook_id = ? AND doctor_id = ?`,
  endLags: `DELETE FROM webhook_lags WHERE webhook_id = ?`,
  setDelivery: upsert('webhook_deliveries', 'webhook_id', 'event_id'),
  pruneDeliveries: `DELETE FROM webhook_deliveries WHERE (webhook_id, event_id) IN (
    SELECT old.webhook_id, old.event_id FROM webhooks JOIN webhook_deliveries AS old
      ON old.webhook_id = webhooks.id AND old.at < ? LIMIT ?)`,
  pruneWebhooks: `DELETE FROM webhooks WHERE deleted_at < ?
    AND NOT EXISTS (SELECT 1 FROM webhook_deliveries WHERE webhook_id = webhooks.id)`,
} as const;

export type StatementName = keyof typeof WRITES;

/** The statements that find their row, unless the database is not the one that the batch was decided on. */
export const FINDING: ReadonlySet<StatementName> = new Set([
  'setDoctor',
  'setCounters',
  'setClass',
  'setStatus',
]);

/** A part of the record without its data: of a doctor, an actor, a kind and a time, if they are given. */
const RECORD = `SELECT ${columnsOf('changes')
  .filter((name) => name !== 'data')
  .join(', ')} FROM changes WHERE position >= ?1 AND position < ?2
  AND (?3 IS NULL OR doctor_id = ?3) AND (?4 IS NULL OR kind = ?4)
  AND (?5 IS NULL OR actor = ?5 OR (actor > ?5 || '/' AND actor < ?5 || '0'))
  AND (?6 IS NULL OR at >= ?6) AND (?7 IS NULL OR at <= ?7)`;

const SLOTS = `SELECT ${namesOf('slots')}, slots.indexed, coalesce(last_number, 0) AS last_number
  FROM slots LEFT JOIN days USING (doctor_id, date)`;

/** The columns of a found token: those of the token, then those of its slot. */
export const FOUND_COLUMNS: readonly string[] = [
  ...columnsOf('tokens'),
  ...columnsOf('slots').map((column) => `${SLOT_PREFIX}${column}`),
];

/** The tokens that are not indexed, by the changes since the first of them was booked. */
const UNINDEXED = `changes CROSS JOIN tokens ON tokens.id = changes.token_id
  WHERE position >= (SELECT from_position FROM unindexed) AND +kind = 'booked' AND tokens.indexed = 0`;

/** Indexed tokens with the slots they are in. */
const FOUND = `SELECT ${namesOf('tokens')}, ${columnsOf('slots')
  .map((column) => `slots.${column} AS "${SLOT_PREFIX}${column}"`)
  .join(', ')} FROM slots JOIN tokens ON tokens.slot_id = slots.id AND tokens.indexed = 1`;

/** Of the days from one to another, behind a place, with this number if one is given and one of these statuses. */
const OF_DAYS_BEHIND = `slots.date BETWEEN ? AND ? AND (slots.date, slots.id, tokens.id) < (?, ?, ?)
    AND ifnull(tokens.number = ?, 1) AND tokens.status IN (SELECT value FROM json_each(?))
    ORDER BY slots.date DESC, slots.id DESC, tokens.id DESC LIMIT ?`;

const FACT_KINDS = TOKEN_FACT_KINDS.map((kind) => `'${kind}'`).join(', ');

/** Gives all tokens their place in the indexes, and links their changes, in a database that no start has loaded. */
export const INDEX_ALL = `
  CREATE INDEX changes_by_token ON changes (token_id) WHERE token_id IS NOT NULL;
  UPDATE changes SET previous = (SELECT max(earlier.position) FROM changes AS earlier
    WHERE earlier.token_id = changes.token_id AND earlier.position < changes.position)
    WHERE token_id IS NOT NULL AND kind <> 'booked';
  UPDATE tokens SET last_change = (SELECT max(position) FROM changes WHERE token_id = tokens.id);
  DROP INDEX changes_by_token;
  UPDATE tokens SET indexed = 1;
  UPDATE slots SET indexed = id NOT IN (SELECT slot_id FROM tokens WHERE status = 'WAITING');
  UPDATE unindexed SET from_position = (SELECT coalesce(max(position), 0) + 1 FROM changes);`;

/** Every statement that reads. */
export const READS = {
  doctors: select('doctors'),
  sessions: `${select('sessions')} WHERE ended = 0 ORDER BY doctor_id, position`,
  leaves: `${select('leaves')} WHERE ended = 0`,
  daysFrom: `${select('days')} WHERE date >= ?`,
  daysOf: `${select('days')} WHERE doctor_id = ? AND date >= ?`,
  slotsToLoad: `${SLOTS} WHERE slots.id IN (SELECT id FROM slots WHERE end_time > ?
    UNION ALL SELECT id FROM slots WHERE indexed = 0)`,
  indexedTokensOf: `${select('tokens')} WHERE slot_id = ? AND indexed = 1`,
  unindexedTokens: `SELECT ${namesOf('tokens')} FROM ${UNINDEXED}`,
  // The second part reads nothing when the slot is indexed, as a slot that is not in memory is.
  tokensOf: `${select('tokens')} WHERE slot_id = ?1 AND indexed = 1
    UNION ALL SELECT ${namesOf('tokens')} FROM slots CROSS JOIN ${UNINDEXED}
      AND slots.id = ?1 AND slots.indexed = 0 AND tokens.slot_id = ?1`,
  slot: `${SLOTS} WHERE id = ?`,
  // 'A' follows '@', so these are the ids that begin with the session's id and '@'.
  foreignSlot: `SELECT id FROM slots WHERE id >= ?1 || '@' AND id < ?1 || 'A'
    AND NOT (doctor_id = ?2 AND session_id IS ?1) LIMIT 1`,
  slotsOf: `${SLOTS} WHERE doctor_id = ? AND date BETWEEN ? AND ? ORDER BY start_time, id`,
  token: `${select('tokens')} WHERE id = ?`,
  tokensOfDoctor: `${FOUND} WHERE slots.doctor_id = ? AND ${OF_DAYS_BEHIND}`,
  tokensOfDays: `${FOUND} WHERE ${OF_DAYS_BEHIND}`,
  tokensOfPatient: `${FOUND} WHERE tokens.patient_id = ?`,
  history: `${select('changes')} WHERE position IN (${stepsOf('id = ?')}) ORDER BY position`,
  // The second parameter is a JSON array of the tokens that are in the slot in memory. A token that has left the slot is
  // found by the record of its leaving.
  slotChanges: `${select('changes')} WHERE slot_id = ?1 AND kind = 'slot_set'
    UNION ALL ${select('changes')} WHERE +slot_id = ?1 AND position IN (
      ${stepsOf(`id IN (SELECT id FROM tokens WHERE slot_id = ?1 AND indexed = 1
        UNION SELECT value FROM json_each(?2)
        UNION SELECT token_id FROM changes WHERE slot_id = ?1 AND kind = 'moved_out')`)})
    ORDER BY version`,
  record: `${RECORD} ORDER BY position DESC LIMIT ?8`,
  recordOfToken: `${RECORD} AND position IN (${stepsOf('id = ?9')}) ORDER BY position DESC LIMIT ?8`,
  changesFrom: `${select('changes')} WHERE position >= ? ORDER BY position LIMIT ?`,
  factChanges: `${select('changes')} WHERE +position <= ?1 AND kind IN (${FACT_KINDS})
      AND position IN (${stepsOf('id IN (SELECT value FROM json_each(?2))')})
    UNION ALL ${select('changes')} WHERE position <= ?1 AND kind = 'slot_set'
      AND slot_id IN (SELECT value FROM json_each(?3))
    ORDER BY position`,
  changeUpTo: `${select('changes')} WHERE position <= ? ORDER BY position DESC LIMIT 1`,
  lastPosition: `SELECT max(position) AS position FROM changes`,
  lastChange: `${select('changes')} WHERE position = (SELECT max(position) FROM changes)`,
  storedResponse: `${select('idempotency_keys')} WHERE caller = ? AND key = ? AND at > ?`,
  // The index is in the order of the dates. CROSS keeps SQLite from beginning with another table.
  slotsToErase: `SELECT slots.doctor_id, slots.id FROM slots
    CROSS JOIN doctors ON doctors.id = slots.doctor_id
    CROSS JOIN json_each(?1) AS days ON days.key = doctors.time_zone
    WHERE slots.erased = 0 AND slots.date < ?2 AND slots.date < days.value ORDER BY slots.date LIMIT ?3`,
  responsesWith: `${select('idempotency_keys')}
    WHERE EXISTS (SELECT 1 FROM json_each(?) WHERE instr(answer, value))`,
  erasures: `SELECT id, request FROM erasures WHERE request IS NOT NULL`,
  accessKeys: `${select('access_keys')} ORDER BY name`,
  secrets: select('secrets'),
  adminChanges: `${select('key_changes')} WHERE (?1 IS NULL OR id < ?1) AND (?2 IS NULL OR kind = ?2)
    AND (?3 IS NULL OR actor = ?3 OR (actor > ?3 || '/' AND actor < ?3 || '0'))
    AND (?4 IS NULL OR at >= ?4) AND (?5 IS NULL OR at <= ?5) ORDER BY id DESC LIMIT ?6`,
  webhooks: `${select('webhooks')} ORDER BY id`,
  lags: `${select('webhook_lags')} WHERE webhook_id = ? ORDER BY doctor_id`,
  deliveries: `${select('webhook_deliveries')} WHERE webhook_id = ?1 AND (?2 IS NULL OR status = ?2)
    AND (at, event_id) < (?3, ?4) ORDER BY at DESC, event_id DESC LIMIT ?5`,
} as const;

export type ReadName = keyof typeof READS;
