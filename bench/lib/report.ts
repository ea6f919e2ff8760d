/** The result of a bench: a table, how it was measured, and which answers were checked. */
export interface Report {
  readonly title: string;
  /** How the numbers were measured, and the targets; a missed target is no failure. */
  readonly remarks: readonly string[];
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** The answers that were found right; a bench throws when one is wrong. */
  readonly checked: string;
}

/** Writes the report as plain text; the first column is aligned to the left, the numbers to the right. */
export function print({ title, remarks, head, rows, checked }: Report): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((row) => cell(row, column).length)));
  const aligned = lines.map((row) =>
    widths
      .map((width, column) =>
        column === 0 ? cell(row, column).padEnd(width) : cell(row, column).padStart(width),
      )
      .join('  ')
      .trimEnd(),
  );
  const [first = '', ...rest] = aligned;
  const rule = '-'.repeat(first.length);
  return [`## ${title}`, ...remarks, '', first, rule, ...rest, `Checked: ${checked}`, ''].join(
    '\n',
  );
}

const cell = (row: readonly string[], column: number): string => row[column] ?? '';
