import { Temporal } from 'temporal-polyfill';
import type { DoctorView, TokenView } from '../../src/http/resources/index.ts';
import { grouped, percentile } from '../lib/statistics.ts';
import type { Clinic } from './clinic.ts';
import { HOSPITAL_COUNTS, type HospitalRecord } from './hospital-record.ts';
import { COLUMN_NAMES, COLUMNS, type ClassCount, type Ledger, type OpenedSlot } from './ledger.ts';
import type { Board } from './read-back.ts';

/** Tokens that are listed in one line of the board at most. */
const LINE_TOKENS = 24;

/** Returns the initials of a class: E for EMERGENCY, PP for PAID_PRIORITY. */
const initialsOf = (type: string): string =>
  type
    .split('_')
    .map((word) => word.charAt(0))
    .join('');

/** Writes the final board: the seated and waiting tokens of each slot of each doctor, with a legend. */
export function boardLines({ doctors, slots, priorities }: Clinic, board: Board): string[] {
  const classes = Array.from(priorities.keys(), (type) => `${initialsOf(type)} = ${type}`);
  return [
    'The final board: the tokens of each slot, read from /schedule, best rank first',
    `  classes    ${classes.join(', ')}`,
    '  E#7        the token with the printed number 7 and the class E',
    '  3/5 seated 3 of 5 seats are taken (expected: never more than there are)',
    '  waiting    tokens on the waitlist, the next to be seated first (expected: 0 if a seat of an open slot is free)',
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

/** Writes what the answers reported, by class, the refusals, and the time of the requests, each with a legend. */
export function summaryLines(
  ledger: Ledger,
  hospital: HospitalRecord,
  latencies: readonly number[],
  elapsedMs: number,
): string[] {
  const width = Math.max(...Array.from(ledger.counts.keys(), ({ length }) => length), 5) + 2;
  const row = (name: string, cells: readonly string[]): string =>
    name.padEnd(width) + cells.map((cell) => cell.padStart(12)).join('');
  const cellsOf = (count: ClassCount): string[] => COLUMN_NAMES.map((name) => grouped(count[name]));
  const refusals = [...ledger.refusals].sort(([a], [b]) => (a < b ? -1 : 1));
  const rate = grouped((latencies.length / elapsedMs) * 1_000);
  return [
    'Summary: the number of tokens in the answers of this run, by class',
    row('class', COLUMN_NAMES),
    ...Array.from(ledger.counts, ([type, count]) => row(type, cellsOf(count))),
    row('all', cellsOf(ledger.total)),
    ...COLUMN_NAMES.map((name) => `  ${name.padEnd(12)}${COLUMNS[name]}`),
    '  No number is expected here: they depend on the seed and on the order of concurrent requests.',
    '',
    'The hospital: the number of its commands in this run',
    ...Object.entries(HOSPITAL_COUNTS).map(([name, what]) => {
      const count = hospital.counts.get(name as keyof typeof HOSPITAL_COUNTS) ?? 0;
      return `  ${name.padEnd(16)}${grouped(count).padStart(4)}  ${what}`;
    }),
    '',
    `Expected refusals: ${refusals.map(([code, count]) => `${count} ${code}`).join(', ')}`,
    '  The number of answers with each error code. Every refusal was checked; a wrong one is a violation.',
    `Speed: ${grouped(latencies.length)} requests in ${(elapsedMs / 1_000).toFixed(1)} s, ${rate} a second, ` +
      `p50 ${percentile(latencies, 0.5).toFixed(1)} ms, p99 ${percentile(latencies, 0.99).toFixed(1)} ms`,
    '  p50 and p99: 50 and 99 of 100 requests took at most this time, from sending to the whole answer. No target.',
  ];
}
