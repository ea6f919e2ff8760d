export type ColumnType = 'text' | 'integer' | 'boolean' | 'json';

export interface Table {
  readonly columns: Readonly<Record<string, ColumnType>>;
  /** The column whose values the database draws when it inserts a row: the program does not write it. */
  readonly drawn?: string;
  /** The columns that identify a row. Rows are copied in this order, because an index has it where that is possible. */
  readonly order: string;
}

/**
 * All tables with the columns that both SQLite and PostgreSQL have: the one list from which statements are generated. The
 * order of the columns is the order of a row's values. `present` is the stored name of `hasCheckedIn`.
 */
export const TABLES = {
  doctors: {
    columns: {
      id: 'text',
      name: 'text',
      department: 'text',
      time_zone: 'text',
      version: 'integer',
      last_arrival: 'integer',
      rooms: 'integer',
      retired: 'boolean',
      break_until: 'integer',
      announcement: 'text',
    },
    order: 'id',
  },
  sessions: {
    columns: {
      doctor_id: 'text',
      id: 'text',
      position: 'integer',
      weekdays: 'text',
      start_time: 'text',
      end_time: 'text',
      capacity: 'integer',
      ended: 'boolean',
      valid_from: 'text',
      valid_until: 'text',
      every_weeks: 'integer',
    },
    order: 'doctor_id, id',
  },
  leaves: {
    columns: {
      doctor_id: 'text',
      id: 'text',
      from_date: 'text',
      to_date: 'text',
      reason: 'text',
      ended: 'boolean',
    },
    order: 'doctor_id, id',
  },
  slots: {
    columns: {
      doctor_id: 'text',
      id: 'text',
      session_id: 'text',
      date: 'text',
      start_time: 'integer',
      end_time: 'integer',
      delay_minutes: 'integer',
      capacity: 'integer',
      closed_reason: 'text',
      start_delay_minutes: 'integer',
      intake: 'text',
      kept: 'boolean',
      next_start_time: 'integer',
      next_end_time: 'integer',
      next_capacity: 'integer',
    },
    order: 'doctor_id, id',
  },
  days: {
    columns: { doctor_id: 'text', date: 'text', last_number: 'integer' },
    order: 'doctor_id, date',
  },
  tokens: {
    columns: {
      doctor_id: 'text',
      id: 'text',
      slot_id: 'text',
      patient_name: 'text',
      patient_id: 'text',
      patient_type: 'text',
      priority: 'integer',
      arrival: 'integer',
      number: 'integer',
      booked_at: 'integer',
      status: 'text',
      present: 'boolean',
      room: 'text',
      last_kind: 'text',
      last_from: 'text',
    },
    order: 'doctor_id, id',
  },
  changes: {
    columns: {
      doctor_id: 'text',
      version: 'integer',
      position: 'integer',
      at: 'integer',
      kind: 'text',
      token_id: 'text',
      slot_id: 'text',
      from_status: 'text',
      to_status: 'text',
      cause: 'text',
      actor: 'text',
      reason: 'text',
      data: 'json',
    },
    drawn: 'position',
    order: 'doctor_id, version',
  },
  idempotency_keys: {
    columns: {
      caller: 'text',
      key: 'text',
      request_hash: 'text',
      answer: 'text',
      at: 'integer',
    },
    order: 'at, caller, key',
  },
  access_keys: {
    columns: {
      name: 'text',
      id: 'text',
      hash: 'text',
      role: 'text',
      doctor_ids: 'text',
      created_at: 'integer',
      expires_at: 'integer',
      revoked_at: 'integer',
      last_used_at: 'integer',
    },
    order: 'name',
  },
  secrets: {
    columns: { name: 'text', value: 'text', created_at: 'integer' },
    order: 'name',
  },
  key_changes: {
    columns: {
      id: 'text',
      at: 'integer',
      kind: 'text',
      name: 'text',
      role: 'text',
      actor: 'text',
      url: 'text',
    },
    order: 'id',
  },
  webhooks: {
    columns: {
      id: 'text',
      url: 'text',
      types: 'text',
      doctor_ids: 'text',
      secret: 'text',
      previous_secret: 'text',
      previous_until: 'integer',
      created_at: 'integer',
      disabled_at: 'integer',
      disabled_reason: 'text',
      deleted_at: 'integer',
      revision: 'integer',
      cursor: 'text',
      succeeded_at: 'integer',
    },
    order: 'id',
  },
  webhook_lags: {
    columns: {
      webhook_id: 'text',
      doctor_id: 'text',
      cursor: 'text',
      tries: 'integer',
      failing_since: 'integer',
      next_at: 'integer',
    },
    order: 'webhook_id, doctor_id',
  },
  webhook_deliveries: {
    columns: {
      webhook_id: 'text',
      event_id: 'text',
      type: 'text',
      doctor_id: 'text',
      status: 'text',
      tries: 'integer',
      at: 'integer',
      next_at: 'integer',
      http_status: 'integer',
      answer: 'text',
      error: 'text',
    },
    order: 'webhook_id, event_id',
  },
} as const satisfies Readonly<Record<string, Table>>;

export type TableName = keyof typeof TABLES;

/** The name of a column of the table. */
export type Column<Name extends TableName> = keyof (typeof TABLES)[Name]['columns'];

/** Checks that a type of rows has every column of the table. */
export type RowOf<
  Name extends TableName,
  Row extends Readonly<Record<Column<Name>, unknown>>,
> = Row;

export const TABLE_NAMES = Object.keys(TABLES) as TableName[];

/** The names of a table's columns, in their order. */
export const columnsOf = (table: TableName): string[] => Object.keys(TABLES[table].columns);

/** The names of the columns that the program writes, in their order: all but the one that the database draws. */
export function writtenColumnsOf(table: TableName): string[] {
  const { drawn }: Table = TABLES[table];
  return columnsOf(table).filter((name) => name !== drawn);
}

/** The names of the columns of this type. */
export const columnsOfType = (table: TableName, type: ColumnType): ReadonlySet<string> =>
  new Set(
    Object.entries<ColumnType>(TABLES[table].columns).flatMap(([name, is]) =>
      is === type ? [name] : [],
    ),
  );

/** The end of an INSERT statement that, where a row of the same key exists, sets all other columns of that row. */
export function orUpdate(table: TableName, key: readonly string[]): string {
  const others = writtenColumnsOf(table).filter((column) => !key.includes(column));
  const set = others.map((column) => `${column} = excluded.${column}`);
  return `ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${set.join(', ')}`;
}

export type Value = string | number | boolean | null;

/** A row's values in the order of the columns, the same wherever the row is stored. */
export type CopiedRow = readonly Value[];

/** The rows of a table, some at a time. */
export type RowBatches = Iterable<readonly CopiedRow[]> | AsyncIterable<readonly CopiedRow[]>;
