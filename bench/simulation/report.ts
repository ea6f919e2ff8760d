import { Temporal } from 'temporal-polyfill';
import type { DoctorView, TokenView } from '../../src/service/index.ts';
import { grouped, percentile } from '../lib/statistics.ts';
import type { Clinic } from './clinic.ts';
import { COLUMNS, type ClassCount, type Ledger, type OpenedSlot } from './ledger.ts';
import type { Board } from './read-back.ts';

/** Tokens named in one line of the board. */
const LINE_TOKENS = 24;

/** `EMERGENCY` is E, `PAID_PRIORITY` is PP. */
const initialsOf = (type: string): string =>
  type
    .split('_')
    .map((word) => word.charAt(0))
    .join('');

/** The final board: each doctor, each slot, who sits in it and who waits, by class and number. */
export function boardLines({ doctors, slots, priorities }: Clinic, board: Board): string[] {
  const legend = Array.from(priorities.keys(), (type) => `${initialsOf(type)} ${type}`).join(', ');
  return [
    `The final board (${legend}; # is the printed number)`,
    ...doctors.flatMap((doctor) => [
      `${doctor.id} ${doctor.name}`,
      ...slots
        .filter(({ doctorId }) => doctorId === doctor.id)
        .flatMap((slot) => slotLines(slot, doctor, board)),
    ]),
  ];
}

function slotLines({ id, startTime }: OpenedSlot, doctor: DoctorView, board: Board): string[] {
  const { tokens = [], waitlist = [], capacity = 0, status = '' } = board.get(id) ?? {};
  const start = Temporal.Instant.from(startTime).toZonedDateTimeISO(doctor.time_zone);
  const time = start.toPlainTime().toString({ smallestUnit: 'minute' });
  return [
    `  ${time}  ${`${tokens.length}/${capacity}`.padStart(7)} seated   ${named(tokens)}${status === 'CLOSED' ? ' (closed)' : ''}`,
    `  ${' '.repeat(time.length)}  ${String(waitlist.length).padStart(7)} waiting  ${named(waitlist)}`,
  ];
}

function named(tokens: readonly TokenView[]): string {
  const names = tokens
    .slice(0, LINE_TOKENS)
    .map(({ type, number }) => `${initialsOf(type)}#${number}`);
  const rest = tokens.length - names.length;
  return [...names, ...(rest > 0 ? [`and ${rest} more`] : [])].join(' ');
}

/** What was asked and answered, by class, and how fast. */
export function summaryLines(
  ledger: Ledger,
  latencies: readonly number[],
  elapsedMs: number,
): string[] {
  const width = Math.max(...Array.from(ledger.counts.keys(), ({ length }) => length), 5) + 2;
  const row = (name: string, cells: readonly string[]): string =>
    name.padEnd(width) + cells.map((cell) => cell.padStart(10)).join('');
  const cellsOf = (count: ClassCount): string[] => COLUMNS.map((name) => grouped(count[name]));
  const refusals = [...ledger.refusals].sort(([a], [b]) => (a < b ? -1 : 1));
  const rate = grouped((latencies.length / elapsedMs) * 1_000);
  return [
    row('class', COLUMNS),
    ...Array.from(ledger.counts, ([type, count]) => row(type, cellsOf(count))),
    row('all', cellsOf(ledger.total)),
    '',
    `refused as they must be: ${refusals.map(([code, count]) => `${count} ${code}`).join(', ')}`,
    `${grouped(latencies.length)} requests in ${(elapsedMs / 1_000).toFixed(1)} s, ${rate} a second, ` +
      `p50 ${percentile(latencies, 0.5).toFixed(1)} ms, p99 ${percentile(latencies, 0.99).toFixed(1)} ms`,
  ];
}
