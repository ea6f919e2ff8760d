import { COUNTED, type CountsView, type DayReportView } from '../service/index.ts';

const COLUMNS = [
  'doctor_id',
  'date',
  'type',
  'slots',
  'offered',
  ...COUNTED,
  'seated',
  'waiting',
  'wait_patients',
  'wait_median_minutes',
  'wait_p90_minutes',
  'empty_seat_minutes',
] as const;

type Row = { readonly [Column in (typeof COLUMNS)[number]]?: string | number | null };

/**
 * The day report as a table (RFC 4180): a header line, a line for each class, and TOTAL, which alone has what belongs
 * to the day. A cell is empty where there is nothing to tell.
 */
export function reportCsvOf({ total, by_class, ...report }: DayReportView): string {
  const { doctor_id, date, ...ofDay } = report;
  const rows: Row[] = [
    ...by_class.map(({ type, ...counts }) => ({ doctor_id, date, type, ...countCellsOf(counts) })),
    { doctor_id, date, type: 'TOTAL', ...ofDay, ...countCellsOf(total) },
  ];
  return [COLUMNS.join(','), ...rows.map(lineOf)].map((line) => `${line}\r\n`).join('');
}

const countCellsOf = ({ wait, ...counts }: CountsView): Row => ({
  ...counts,
  wait_patients: wait.patients,
  wait_median_minutes: wait.median_minutes,
  wait_p90_minutes: wait.p90_minutes,
});

// Nothing needs quotes: ids, dates and names of classes have neither commas nor quotes nor line ends.
const lineOf = (row: Row): string => COLUMNS.map((column) => row[column] ?? '').join(',');
