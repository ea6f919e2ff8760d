import { TABLES, type ColumnType } from '../tables.ts';

// Rows go in as one JSON parameter a table, however many there are; ids as one array. Whatever a command waits for names
// the doctor: on tables that are distributed by doctor_id, one node answers it.

type Columns = Readonly<Record<string, ColumnType>>;

/** What the columns of a parameter's rows are; JSON comes as its text, to be kept to the letter. */
const TYPES = { text: 'text', integer: 'bigint', boolean: 'boolean', json: 'text' } as const;

/** The rows of the parameter, as a table of this name. */
const rows = (columns: Columns, name: string): string => {
  const fields = Object.entries(columns).map(([column, type]) => `${column} ${TYPES[type]}`);
  return `json_to_recordset($1::text::json) AS ${name} (${fields.join(', ')})`;
};

const insert = (table: string, columns: Columns): string => {
  const names = Object.keys(columns);
  const values = names.map((name) => (columns[name] === 'json' ? `${name}::json` : name));
  return `INSERT INTO ${table} (${names.join(', ')})
    SELECT ${values.join(', ')} FROM ${rows(columns, 'given')}`;
};

/** Inserts rows, or sets all other columns of those that are there. */
const upsert = (
  table: 'sessions' | 'slots' | 'days' | 'tokens',
  key: readonly string[],
): string => {
  const { columns } = TABLES[table];
  const others = Object.keys(columns).filter((column) => !key.includes(column));
  const set = others.map((column) => `${column} = excluded.${column}`);
  return `${insert(table, columns)} ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${set.join(', ')}`;
};

/** Where a record stands among all is drawn; which command it is of is known here alone. */
const { position: _position, ...CHANGE_COLUMNS } = TABLES.changes.columns;

const idsIn = (column: string, parameter: 1 | 2 = 1): string =>
  `${column} = ANY ($${parameter}::text::text[])`;

const LIVE = `status IN ('BOOKED', 'CHECKED_IN', 'IN_CONSULTATION', 'COMPLETED', 'WAITING')`;

/** What is read of a change record, whatever it is joined with. */
export const CHANGE = `changes.doctor_id, changes.version, position, at, kind, token_id, changes.slot_id, from_status, to_status,
  cause, actor, reason, data::text AS data`;

/** A doctor's sessions, as JSON. */
export const SESSIONS = `coalesce((SELECT jsonb_agg(sessions ORDER BY position) FROM sessions
    WHERE sessions.doctor_id = doctors.id AND NOT ended), '[]') AS sessions`;

/** A slot with the number printed last on its day and its live tokens, as JSON. */
const SLOT = `to_jsonb(slots) || jsonb_build_object(
    'last_number', coalesce((SELECT last_number FROM days
      WHERE days.doctor_id = slots.doctor_id AND days.date = slots.date), 0),
    'tokens', coalesce((SELECT jsonb_agg(tokens) FROM tokens
      WHERE tokens.doctor_id = slots.doctor_id AND tokens.slot_id = slots.id AND ${LIVE}), '[]')
  ) AS slot`;

/** Everything that is sent while a command, or a look at a doctor, is waited for. */
export const HOT = {
  versions: `SELECT id, version FROM doctors WHERE ${idsIn('id')}`,
  // In the order of ids: no two transactions wait for each other.
  lock: `SELECT id, version FROM doctors WHERE ${idsIn('id')} ORDER BY id FOR UPDATE`,
  changesSince: `SELECT ${CHANGE} FROM json_to_recordset($1::text::json) AS known (doctor_id text, version bigint)
    JOIN changes ON changes.doctor_id = known.doctor_id AND changes.version > known.version
    ORDER BY changes.doctor_id, changes.version`,
  // One statement is one look: a doctor comes as of one instant, lock or no lock.
  doctors: `SELECT doctors.*,
      ${SESSIONS},
      coalesce((SELECT jsonb_agg(days) FROM days
        WHERE days.doctor_id = doctors.id AND days.date >= $2), '[]') AS days,
      ARRAY_TO_JSON(ARRAY(SELECT ${SLOT} FROM slots WHERE slots.doctor_id = doctors.id AND (end_time > $3
        OR EXISTS (SELECT FROM tokens WHERE tokens.doctor_id = slots.doctor_id
          AND tokens.slot_id = slots.id AND status = 'WAITING')))) AS slots
    FROM doctors WHERE ${idsIn('doctors.id')}`,
  slotsById: `SELECT ${SLOT} FROM slots WHERE ${idsIn('slots.doctor_id')} AND ${idsIn('slots.id', 2)}`,
  commandAt: `SELECT command_id FROM changes WHERE doctor_id = $1 AND version = $2`,
  addDoctors: insert('doctors', TABLES.doctors.columns),
  setDoctors: `UPDATE doctors SET name = given.name, department = given.department, time_zone = given.time_zone,
      version = given.version, last_arrival = given.last_arrival
    FROM ${rows(TABLES.doctors.columns, 'given')} WHERE doctors.id = given.id`,
  endSessions: `UPDATE sessions SET ended = true WHERE ${idsIn('doctor_id')}`,
  setSessions: upsert('sessions', ['doctor_id', 'id']),
  setSlots: upsert('slots', ['doctor_id', 'id']),
  setDays: upsert('days', ['doctor_id', 'date']),
  removeTokens: `DELETE FROM tokens USING ${rows({ doctor_id: 'text', id: 'text' }, 'given')}
    WHERE tokens.doctor_id = given.doctor_id AND tokens.id = given.id`,
  setTokens: upsert('tokens', ['doctor_id', 'id']),
  // Who has been at the desk stays so whatever comes next.
  stepTokens: `UPDATE tokens SET status = coalesce(given.status, tokens.status),
      present = tokens.present OR given.present,
      patient_type = coalesce(given.patient_type, tokens.patient_type),
      priority = coalesce(given.priority, tokens.priority)
    FROM ${rows(
      {
        doctor_id: 'text',
        id: 'text',
        status: 'text',
        present: 'boolean',
        patient_type: 'text',
        priority: 'integer',
      },
      'given',
    )}
    WHERE tokens.doctor_id = given.doctor_id AND tokens.id = given.id`,
  addChanges: insert('changes', { ...CHANGE_COLUMNS, command_id: 'text' }),
  keepAnswers: insert('idempotency_keys', TABLES.idempotency_keys.columns),
} as const;

export type HotName = keyof typeof HOT;

/** What is sent beside: by those who set doctors up, for what is over, and by whoever only knows the id of a token. */
export const OTHERS = {
  ping: `SELECT 1`,
  // Whatever the database's default is: what comes after a wait for a lock must be seen.
  begin: `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE`,
  commit: `COMMIT`,
  lockSetup: `SELECT FROM setup FOR UPDATE`,
  // Whose ids share their part before the first @ with one of these: the namespace is one across all doctors.
  ownersOfRoots: `SELECT doctor_id AS id FROM slots WHERE ${idsIn("split_part(id, '@', 1)")}
    UNION SELECT doctor_id FROM sessions WHERE NOT ended AND ${idsIn("split_part(id, '@', 1)")}`,
  // Two old answers go for each new one, so that the table never outgrows a day; and those under its own key.
  forgetAnswers: `DELETE FROM idempotency_keys WHERE at <= $2 AND ((caller, key) IN (
      SELECT caller, key FROM json_to_recordset($1::text::json) AS given (caller text, key text))
    OR (caller, key) IN (SELECT caller, key FROM idempotency_keys WHERE at <= $2 ORDER BY at
      LIMIT 2 * json_array_length($1::text::json) FOR UPDATE SKIP LOCKED))`,
  keptAnswers: `SELECT caller, key FROM idempotency_keys WHERE at > $2 AND (caller, key) IN (
    SELECT caller, key FROM json_to_recordset($1::text::json) AS given (caller text, key text))`,
  keptAnswer: `SELECT caller, key, request_hash, answer, at FROM idempotency_keys
    WHERE caller = $1 AND key = $2 AND at > $3`,
  timeZones: `SELECT id, time_zone FROM doctors`,
  allDoctors: `SELECT doctors.*, ${SESSIONS}
    FROM doctors ORDER BY id`,
  waitedFor: `SELECT DISTINCT doctor_id, slots.id, delay_minutes FROM slots JOIN tokens USING (doctor_id)
    WHERE tokens.slot_id = slots.id AND status = 'WAITING' AND end_time <= $1`,
  ownerOf: `SELECT doctor_id AS id FROM slots WHERE id = $1
    UNION SELECT doctor_id FROM sessions WHERE id = $1 AND NOT ended`,
  slot: `SELECT ${SLOT} FROM slots WHERE slots.id = $1`,
  slotsOfDays: `SELECT ${SLOT} FROM slots WHERE slots.doctor_id = $1 AND date BETWEEN $2 AND $3
    AND NOT ${idsIn('slots.id').replace('$1', '$4')} ORDER BY start_time, slots.id`,
  token: `SELECT * FROM tokens WHERE id = $1`,
  history: `SELECT ${CHANGE} FROM changes WHERE token_id = $1 ORDER BY position`,
  slotChanges: `SELECT ${CHANGE} FROM changes WHERE slot_id = $1 AND kind = 'slot_set'
    UNION ALL SELECT ${CHANGE} FROM changes WHERE slot_id = $1 AND token_id IN (
      SELECT id FROM tokens WHERE doctor_id = (SELECT doctor_id FROM slots WHERE id = $1) AND slot_id = $1
      UNION SELECT token_id FROM changes WHERE slot_id = $1 AND kind = 'moved_out')
    ORDER BY version`,
} as const;

export type StatementName = HotName | keyof typeof OTHERS;

export const STATEMENTS: Readonly<Record<StatementName, string>> = { ...HOT, ...OTHERS };

/** Ids as one parameter: the text of a PostgreSQL array. */
export const arrayOf = (texts: Iterable<string>): string =>
  `{${Array.from(texts, (text) => `"${text.replace(/["\\]/g, String.raw`\$&`)}"`).join()}}`;
