import { grouped, percentile } from '../lib/statistics.ts';
import type { SoakResult } from './run.ts';
import type { Outcomes } from './tally.ts';
import { TOLERANCE } from './memory.ts';

const MIB = 1_024 ** 2;
/** Characters of a violation that are printed at most, because an answer can be long. */
const VIOLATION_LENGTH_MAX = 600;

/** Aligns the columns of a table: the first to the left, the numbers to the right. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((row) => row[column]?.length ?? 0)));
  return lines.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}

const seconds = (ms: number): string => (ms / 1_000).toFixed(1);
const mib = (bytes: number): string => (bytes / MIB).toFixed(1);

/** Writes what a soak has done and found, as plain text with a verdict in its last line. */
export function reportLines(result: SoakResult): string[] {
  return [
    `# Soak on ${result.plan.database}: ${result.plan.durationMs / 60_000} minutes, --seed ${result.plan.seed}`,
    ...section('What the polite clients sent', requestLines(result)),
    ...section('What the rude clients did', rudeLines(result)),
    ...section('Faults', faultLines(result)),
    ...section('Answers to the polite clients, by status and code', answerLines(result)),
    ...section(
      'Milliseconds to an answer, by the phase in which it was asked for',
      timeLines(result),
    ),
    ...section('The process at rest, in the part without kills', memoryLines(result)),
    ...section('Read back at the end', readBackLines(result)),
    '',
    ...verdictLines(result),
  ];
}

const section = (title: string, lines: readonly string[]): string[] => [
  '',
  `## ${title}`,
  ...lines,
];

function requestLines({ tally }: SoakResult): string[] {
  const cells = ({ sent, succeeded, refused, postponed, unanswered }: Outcomes): string[] =>
    [sent, succeeded, refused, postponed, unanswered].map(grouped);
  const operations = [...tally.operations].sort(([a], [b]) => (a < b ? -1 : 1));
  const total = { sent: 0, succeeded: 0, refused: 0, postponed: 0, unanswered: 0 };
  for (const [, outcomes] of operations)
    for (const name of Object.keys(total) as (keyof Outcomes)[]) total[name] += outcomes[name];
  return [
    ...table(
      ['request', 'sent', 'succeeded', 'refused', 'put off (503)', 'no answer'],
      [
        ...operations.map(([operation, outcomes]) => [operation, ...cells(outcomes)]),
        ['all', ...cells(total)],
      ],
    ),
    'Refused by the rules, with 404 or 409. What was put off, and what got no answer and has a key, was sent again.',
  ];
}

const rudeLines = ({ tally }: SoakResult): string[] =>
  table(
    ['connection', 'times'],
    Array.from(tally.rude, ([what, times]) => [what, grouped(times)]),
  );

function faultLines({ periods, skipped }: SoakResult): string[] {
  const byPhase = Map.groupBy(
    periods.filter(({ to }) => to !== Infinity),
    ({ phase }) => phase,
  );
  const rows = Array.from(byPhase, ([phase, all]) => {
    const times = all.map(({ from, to }) => to - from);
    const sum = times.reduce((total, time) => total + time, 0);
    return [phase, grouped(all.length), seconds(sum), seconds(Math.max(...times))];
  });
  return [
    ...table(['phase', 'times', 'seconds', 'longest'], rows),
    'A fault lasts until the service is ready and every request that it has put off or lost is answered.',
    ...skipped,
  ];
}

function answerLines({ tally }: SoakResult): string[] {
  const answers = [...tally.answers].sort(([a], [b]) => (a < b ? -1 : 1));
  return table(
    ['answer', 'times'],
    answers.map(([answer, times]) => [answer, grouped(times)]),
  );
}

function timeLines({ tally }: SoakResult): string[] {
  const rows = Array.from(tally.times, ([phase, times]) => [
    phase,
    grouped(times.length),
    ...[0.5, 0.99, 1].map((share) => percentile(times, share).toFixed(1)),
  ]);
  return table(['phase', 'answers', 'p50', 'p99', 'longest'], rows);
}

function memoryLines({ samples, growth }: SoakResult): string[] {
  const rows = samples.map((sample) => [
    `after ${seconds(sample.atMs)} s`,
    grouped(sample.requests),
    grouped(sample.live),
    mib(sample.heap),
    mib(sample.resident),
    String(sample.descriptors),
  ]);
  return [
    ...table(['', 'requests', 'live tokens', 'heap MiB', 'resident MiB', 'open files'], rows),
    ...growth.map(
      ({ what, first, last, allowed, unit }) =>
        `${what}: ${[first, last].map((value) => value.toFixed(1)).join(' -> ')} ${unit}; allowed up to ${allowed.toFixed(1)}`,
    ),
    growth.length === 0
      ? 'A soak of less than a minute compares nothing.'
      : `Compared are the means of the first and of the last third. Allowed are ${TOLERANCE.heapShare * 100} % and ${mib(TOLERANCE.heapBytes)} MiB more heap, ${TOLERANCE.residentShare * 100} % and ${mib(TOLERANCE.residentBytes)} MiB more resident memory, ${TOLERANCE.liveBytes} bytes for each further live token, ${TOLERANCE.descriptors} more files.`,
  ];
}

function readBackLines({ readBack, verified }: SoakResult): string[] {
  const { tokens, slots, shown, replays } = readBack;
  return [
    `${grouped(tokens)} tokens with their histories, which explain ${grouped(shown)} states that answers have shown; ${grouped(slots)} slots; ${grouped(replays)} commands sent again with their keys.`,
    ...(verified === null
      ? []
      : ['npm run verify:', ...verified.split('\n').map((line) => `  ${line}`)]),
  ];
}

function verdictLines({ plan, violations, tally }: SoakResult): string[] {
  const { count, listed } = violations;
  return [
    ...listed.map((what) => `VIOLATION ${what.slice(0, VIOLATION_LENGTH_MAX)}`),
    count === 0
      ? `VERDICT on ${plan.database}: good. ${grouped(tally.requests)} requests, 0 violations.`
      : `VERDICT on ${plan.database}: bad. ${grouped(count)} ${count === 1 ? 'violation' : 'violations'} in ${grouped(tally.requests)} requests; the lines above name the first of them.`,
  ];
}
