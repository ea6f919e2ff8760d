/** What a bench found: a table, what to read it by, and what was checked about the answers. */
export interface Report {
  readonly title: string;
  /** How it was measured, and the targets: information, never a verdict. */
  readonly remarks: readonly string[];
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Which answers were found right; a wrong one throws. */
  readonly checked: string;
}

/** The report as plain text, columns aligned: the first to the left, the numbers to the right. */
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
