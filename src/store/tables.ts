export type ColumnType = 'text' | 'integer' | 'boolean' | 'json';

export interface Table {
  readonly columns: Readonly<Record<string, ColumnType>>;
  /** Tells one row from all others, and the order in which they are copied: where it can be, that of an index. */
  readonly order: string;
}

/** All tables, with the columns that they have wherever they are kept. */
export const TABLES = {
  doctors: {
    columns: {
      id: 'text',
      name: 'text',
      department: 'text',
      time_zone: 'text',
      version: 'integer',
      last_arrival: 'integer',
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
} as const satisfies Readonly<Record<string, Table>>;

export type TableName = keyof typeof TABLES;

export const TABLE_NAMES = Object.keys(TABLES) as TableName[];

/** The names of a table's columns, in their order. */
export const columnsOf = (table: TableName): string[] => Object.keys(TABLES[table].columns);

/** Those of these types. */
export const columnsOfType = (table: TableName, type: ColumnType): ReadonlySet<string> =>
  new Set(
    Object.entries<ColumnType>(TABLES[table].columns).flatMap(([name, is]) =>
      is === type ? [name] : [],
    ),
  );

export type Value = string | number | boolean | null;

/** A row's values in the order of the columns, the same wherever it is kept. */
export type CopiedRow = readonly Value[];

/** Rows, some at a time. */
export type RowBatches = Iterable<readonly CopiedRow[]> | AsyncIterable<readonly CopiedRow[]>;
