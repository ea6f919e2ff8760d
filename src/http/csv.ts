/** Of every answer with a table. It has its parameters, because a client that accepts only a table with a header, or in UTF-8, gets exactly that. */
export const CSV_TYPE = 'text/csv; charset=utf-8; header=present';

/** The value of a cell; a cell without a value is empty. */
export type Cell = string | number | null | undefined;

/**
 * A table in CSV (RFC 4180): a line for each row, a header line first. It has no byte order mark, because the media type
 * of the answer names the character set.
 * @param columns their names, in their order
 */
export const csvOf = <Column extends string>(
  columns: readonly Column[],
  rows: readonly { readonly [Name in Column]?: Cell }[],
): string =>
  [columns, ...rows.map((row) => columns.map((column) => row[column]))]
    .map((cells) => `${cells.map(cellOf).join(',')}\r\n`)
    .join('');

/** A text that begins so is a formula for a spreadsheet, which would execute it. */
const FORMULA = /^[=+\-@\t\r]/;
const QUOTED = /[",\r\n]/;

/** A text as a cell. An apostrophe before a formula makes it a text for spreadsheets. */
function cellOf(value: Cell): string {
  if (typeof value !== 'string') return String(value ?? '');
  const text = FORMULA.test(value) ? `'${value}` : value;
  return QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
