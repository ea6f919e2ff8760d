import { grouped } from '../lib/statistics.ts';
import type { Findings } from './findings.ts';
import { isSuccess, type Operation } from './operations.ts';

/** What the report shows of a fault at most, in characters. */
const DETAIL_MAX = 600;

/** Writes how often each operation was answered with each status, what was not reached, and every fault. */
export function reportLines(operations: readonly Operation[], findings: Findings): string[] {
  const statuses = [
    ...new Set(
      operations.flatMap((operation) => findings.statusesOf(operation).map(([status]) => status)),
    ),
  ].sort((a, b) => a - b);
  const width = Math.max(...operations.map(({ id }) => id.length)) + 1;
  const row = (name: string, cells: readonly string[]): string =>
    `  ${name.padEnd(width)}${cells.map((cell) => cell.padStart(7)).join('')}`.trimEnd();
  const rows = operations.map((operation) => {
    const counts = new Map(findings.statusesOf(operation));
    return row(
      operation.id,
      statuses.map((status) => grouped(counts.get(status) ?? 0)),
    );
  });
  return [
    'Answers by operation and status (expected: no 0, which means no answer, and no 500 or more)',
    row('', statuses.map(String)),
    ...rows,
    '',
    ...kindLines(findings),
    ...malformedLines(findings),
    coverageLine(operations, findings),
    '',
    ...findings.all.flatMap(({ where, rule, detail, command, count }) => [
      `FAULT ${where}: ${rule}, in ${grouped(count)} of the requests`,
      `  ${detail.slice(0, DETAIL_MAX)}`,
      ...(command === '' ? [] : [`  ${command}`]),
    ]),
  ];
}

function kindLines({ kinds }: Findings): string[] {
  return [
    'Requests by kind',
    `  ${grouped(kinds.valid).padStart(9)}  valid: the description allows them`,
    `  ${grouped(kinds['near-valid']).padStart(9)}  near-valid: one field, parameter or header is off`,
    `  ${grouped(kinds.hostile).padStart(9)}  hostile: one to three parts are made to break a program`,
  ];
}

function malformedLines({ malformed }: Findings): string[] {
  const total = [...malformed.values()].reduce((sum, count) => sum + count, 0);
  const counts = [...malformed]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `${grouped(count)} ${status === 0 ? 'without an answer' : status}`);
  return [
    `  ${grouped(total).padStart(9)}  malformed HTTP, each on a connection that the service closed: ${counts.join(', ')}`,
    '',
  ];
}

/** Names the operations of which no request has succeeded, because their work was not tried. */
function coverageLine(operations: readonly Operation[], findings: Findings): string {
  const unreached = operations.filter(
    (operation) => !findings.statusesOf(operation).some(([status]) => isSuccess(status)),
  );
  return unreached.length === 0
    ? `All ${operations.length} operations have succeeded at least once.`
    : `${unreached.length} of ${operations.length} operations never succeeded: ${unreached.map(({ id }) => id).join(', ')}.`;
}
