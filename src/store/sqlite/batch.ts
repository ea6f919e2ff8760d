import type { DatabaseSync, StatementSync } from 'node:sqlite';
import {
  FINDING,
  MANY_ROWS,
  WRITES,
  type Operation,
  type SqlValue,
  type StatementName,
} from './statements.ts';

/** What a transaction executes: flat, because a copy between threads costs by the object. */
export interface WriteBatch {
  /** Pairs of numbers: a statement by its index in `WRITES`, and how often it is executed. */
  readonly statements: readonly number[];
  /** The parameters of all of them in a row. */
  readonly values: readonly SqlValue[];
}

const NAMES = Object.keys(WRITES) as StatementName[];
const indexOf = Object.fromEntries(NAMES.map((name, index) => [name, index])) as Record<
  StatementName,
  number
>;

/** Gathers the statements of a transaction. */
export class BatchBuilder implements WriteBatch {
  readonly statements: number[] = [];
  readonly values: SqlValue[] = [];

  add(...[name, values]: Operation): void {
    const { statements } = this;
    const index = indexOf[name];
    const last = statements.length - 1;
    if (statements[last - 1] === index) statements[last] = (statements[last] ?? 0) + 1;
    else statements.push(index, 1);
    this.values.push(...values);
  }
}

/** A statement that should have found its row and has not: the database is not the one that the batch was decided on. */
export class RowNotFoundError extends Error {
  override readonly name = 'RowNotFoundError';
  readonly code = 'OPD_ROW_NOT_FOUND';
}

/** The numbers of rows that one statement inserts, the greatest first. */
const ROWS = [32, 16, 8, 4, 2, 1] as const;

interface Prepared {
  /** The number of parameters of one execution. */
  readonly arity: number;
  readonly findsRow: boolean;
  /** The statement for some rows at once. */
  readonly forms: readonly (readonly [rows: number, statement: StatementSync])[];
}

/** Executes batches on a connection, inside the caller's transaction. */
export class BatchExecutor {
  readonly #statements: readonly Prepared[];

  constructor(database: DatabaseSync) {
    this.#statements = NAMES.map((name) => {
      const many = name in MANY_ROWS ? MANY_ROWS[name as keyof typeof MANY_ROWS] : null;
      return {
        arity: WRITES[name].split('?').length - 1,
        findsRow: FINDING.has(name),
        forms:
          many === null
            ? [[1, database.prepare(WRITES[name])]]
            : ROWS.map((rows) => [rows, database.prepare(many(rows))]),
      };
    });
  }

  /** @throws RowNotFoundError */
  execute({ statements, values }: WriteBatch): void {
    let from = 0;
    for (let at = 0; at < statements.length; at += 2) {
      const statement = this.#statements[statements[at] ?? -1];
      const count = statements[at + 1] ?? 0;
      if (statement !== undefined) from = executeRows(statement, count, values, from);
    }
  }
}

/** Returns the index behind the parameters. */
function executeRows(
  { arity, findsRow, forms }: Prepared,
  count: number,
  values: readonly SqlValue[],
  first: number,
): number {
  let from = first;
  let left = count;
  for (const [rows, statement] of forms)
    for (; left >= rows; left -= rows) {
      const to = from + rows * arity;
      const { changes } = statement.run(...values.slice(from, to));
      if (findsRow && changes !== 1) throw new RowNotFoundError('A row is not there.');
      from = to;
    }
  return from;
}
