import { writtenColumnsOf, type Column, type TableName } from '../tables.ts';
import type { SqlValue } from './statements.ts';

/**
 * Makes the parameters of an INSERT of a table from a row. The row is read column by column, because no code
 * guarantees the order of the fields of a row.
 */
export function valuesOf<Name extends TableName>(
  table: Name,
  of: readonly string[] = writtenColumnsOf(table),
): (row: Partial<Readonly<Record<Column<Name>, SqlValue | boolean>>>) => SqlValue[] {
  const columns = of as readonly Column<Name>[];
  return (row) =>
    columns.map((name) => {
      const value: SqlValue | boolean | undefined = row[name];
      // SQLite has no booleans: 0 or 1 there.
      return typeof value === 'boolean' ? Number(value) : (value ?? null);
    });
}
