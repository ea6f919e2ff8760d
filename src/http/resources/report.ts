import { Type, type Static, type TInteger } from '@sinclair/typebox';
import {
  COUNTED,
  type CountedKind,
  type Counts,
  type DayReport as Report,
} from '../../service/index.ts';
import { Count, Text } from '../schema.ts';

const MinutesOrNull = Type.Unsafe<number | null>({
  type: ['number', 'null'],
  description: 'Minutes, to a tenth, by nearest rank; null when no patient waited and got a seat.',
});

const Wait = Type.Object(
  {
    patients: Count,
    median_minutes: MinutesOrNull,
    p90_minutes: MinutesOrNull,
  },
  {
    title: 'Wait',
    description:
      'How long the patients waited who got a seat in the end: from the arrival in the slot to the seat.',
  },
);

const countFields = {
  ...(Object.fromEntries(COUNTED.map((kind) => [kind, Count])) as Record<CountedKind, TInteger>),
  seated: Type.Integer({
    minimum: 0,
    description: 'Tokens that have a seat now, or have used it up.',
  }),
  waiting: Count,
  wait: Wait,
};

const Total = Type.Object(countFields, { title: 'Counts' });
export type CountsView = Static<typeof Total>;

const countsOf = ({ changes, seated, waiting, wait }: Counts): CountsView => ({
  ...changes,
  seated,
  waiting,
  wait: {
    patients: wait.patients,
    median_minutes: wait.medianMinutes,
    p90_minutes: wait.p90Minutes,
  },
});

export const DayReport = Type.Object(
  {
    doctor_id: Text,
    date: Text,
    slots: Type.Integer({ minimum: 0, description: 'Slots of the day, closed ones included.' }),
    offered: Type.Integer({ minimum: 0, description: 'Seats of the slots that are not closed.' }),
    total: Total,
    by_class: Type.Array(Type.Object({ type: Text, ...countFields }, { title: 'ClassCounts' }), {
      description:
        'The class table, in its order; a token counts under the class it has at the end.',
    }),
    empty_seat_minutes: Type.Number({
      minimum: 0,
      description: 'Minutes for which a seat stayed empty while a patient waited: 0.',
    }),
  },
  { title: 'DayReport', description: "What happened in a doctor's slots of a day." },
);
export type DayReportView = Static<typeof DayReport>;

export const dayReportOf = (report: Report): DayReportView => ({
  doctor_id: report.doctorId,
  date: report.date,
  slots: report.slots,
  offered: report.offered,
  total: countsOf(report.total),
  by_class: report.byClass.map(({ type, ...counts }) => ({ type, ...countsOf(counts) })),
  empty_seat_minutes: report.emptySeatMinutes,
});

export const DayReportCsv = Type.String({
  description: 'RFC 4180: a header line, a line for each class, and TOTAL.',
});

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
 * to the day. A cell without a value is empty.
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

// No cell needs quotes, because ids, dates and names of classes have neither commas nor quotes nor line ends.
const lineOf = (row: Row): string => COLUMNS.map((column) => row[column] ?? '').join(',');
