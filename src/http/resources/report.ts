import { Type, type Static, type TInteger } from '@sinclair/typebox';
import {
  COUNTED,
  HOURLY,
  instantOf,
  type CountedKind,
  type Counts,
  type DayCounts,
  type DayReport as Report,
  type HourlyKind,
  type RangeReport as Range,
} from '../../service/index.ts';
import { csvOf, type Cell } from '../csv.ts';
import { arrayOf, Count, Instant, Text, TextOrNull } from '../schema.ts';

const MinutesOrNull = Type.Unsafe<number | null>({
  type: ['number', 'null'],
  description: 'Minutes, to a tenth, by nearest rank; null when there is no such patient.',
});

const waitFields = {
  patients: Count,
  median_minutes: MinutesOrNull,
  p90_minutes: MinutesOrNull,
};

const Wait = Type.Object(waitFields, {
  title: 'Wait',
  description:
    'How long the patients waited who got a seat in the end: from the arrival in the slot to the seat.',
});

const CallWait = Type.Object(waitFields, {
  title: 'CallWait',
  description:
    'How long the patients waited who checked in and were called: from the check-in to the call.',
});

const countFields = {
  ...(Object.fromEntries(COUNTED.map((kind) => [kind, Count])) as Record<CountedKind, TInteger>),
  seated: Type.Integer({
    minimum: 0,
    description: 'Tokens that have a seat now, or have used it up.',
  }),
  waiting: Count,
  wait: Wait,
  call_wait: CallWait,
};

const Total = Type.Object(countFields, { title: 'Counts' });
export type CountsView = Static<typeof Total>;

const waitOf = ({ patients, medianMinutes, p90Minutes }: Counts['wait']): Static<typeof Wait> => ({
  patients,
  median_minutes: medianMinutes,
  p90_minutes: p90Minutes,
});

const countsOf = ({ changes, seated, waiting, wait, callWait }: Counts): CountsView => ({
  ...changes,
  seated,
  waiting,
  wait: waitOf(wait),
  call_wait: waitOf(callWait),
});

const dayFields = {
  slots: Type.Integer({ minimum: 0, description: 'Slots, closed ones included.' }),
  offered: Type.Integer({ minimum: 0, description: 'Seats of the slots that are not closed.' }),
  total: Total,
  by_class: Type.Array(Type.Object({ type: Text, ...countFields }, { title: 'ClassCounts' }), {
    description: 'The class table, in its order; a token counts under the class it has at the end.',
  }),
  empty_seat_minutes: Type.Number({
    minimum: 0,
    description: 'Minutes for which a seat stayed empty while a patient waited: 0.',
  }),
};

const dayFieldsOf = ({ slots, offered, total, byClass, emptySeatMinutes }: DayCounts) => ({
  slots,
  offered,
  total: countsOf(total),
  by_class: byClass.map(({ type, ...counts }) => ({ type, ...countsOf(counts) })),
  empty_seat_minutes: emptySeatMinutes,
});

export const DayReport = Type.Object(
  { doctor_id: Text, date: Text, ...dayFields },
  { title: 'DayReport', description: "What happened in a doctor's slots of a day." },
);
export type DayReportView = Static<typeof DayReport>;

export const dayReportOf = (report: Report): DayReportView => ({
  doctor_id: report.doctorId,
  date: report.date,
  ...dayFieldsOf(report),
});

const HourCounts = Type.Object(
  {
    hour: Type.Integer({ minimum: 0, maximum: 23, description: "An hour of the doctors' clocks." }),
    seats: Type.Number({
      minimum: 0,
      description:
        'Seats of the slots that are not closed, to a tenth: those of a slot are spread evenly over its time.',
    }),
    ...(Object.fromEntries(HOURLY.map((kind) => [kind, Count])) as Record<HourlyKind, TInteger>),
  },
  {
    title: 'HourCounts',
    description:
      'What happened in an hour on the dates of the slots; earlier bookings are in no hour.',
  },
);

export const RangeReport = Type.Object(
  {
    from: Text,
    to: Text,
    doctor_id: TextOrNull('The doctor who was asked for; null for all.'),
    department: TextOrNull('The department that was asked for; null for all.'),
    doctors: Type.Integer({ minimum: 0, description: 'Doctors that the report covers.' }),
    at: Instant,
    ...dayFields,
    by_hour: arrayOf(HourCounts, 'The hours 0 to 23, added up over all days.'),
    by_day: arrayOf(
      Type.Object({ date: Text, ...dayFields }, { title: 'DateCounts' }),
      'Every date of the range.',
    ),
  },
  { title: 'RangeReport', description: 'What happened in the slots of some days.' },
);
export type RangeReportView = Static<typeof RangeReport>;

export const rangeReportOf = ({ from, to, doctors, at, ...report }: Range): RangeReportView => ({
  ...{ from, to, doctors, at: instantOf(at) },
  doctor_id: report.doctorId,
  department: report.department,
  ...dayFieldsOf(report),
  by_hour: report.byHour.map(({ hour, seats, changes }) => ({ hour, seats, ...changes })),
  by_day: report.byDay.map(({ date, ...counts }) => ({ date, ...dayFieldsOf(counts) })),
});

export const ReportCsv = Type.String({
  description: 'RFC 4180: a header line, and for each day a line for each class, and TOTAL.',
});

const COUNT_COLUMNS = [
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
  // At the end, because they came later, and programs may read the columns before by their places.
  'call_wait_patients',
  'call_wait_median_minutes',
  'call_wait_p90_minutes',
] as const;

type Row = { readonly [Column in (typeof COUNT_COLUMNS)[number]]?: Cell };

/** A line for each class, and TOTAL, which alone has what belongs to the day. */
const rowsOf = ({ total, by_class, ...ofDay }: ReturnType<typeof dayFieldsOf>): readonly Row[] => [
  ...by_class.map(({ type, ...counts }) => ({ type, ...countCellsOf(counts) })),
  { type: 'TOTAL', ...ofDay, ...countCellsOf(total) },
];

const countCellsOf = ({ wait, call_wait, ...counts }: CountsView): Row => ({
  ...counts,
  wait_patients: wait.patients,
  wait_median_minutes: wait.median_minutes,
  wait_p90_minutes: wait.p90_minutes,
  call_wait_patients: call_wait.patients,
  call_wait_median_minutes: call_wait.median_minutes,
  call_wait_p90_minutes: call_wait.p90_minutes,
});

/** The report of a doctor's day as a table. */
export const dayReportCsvOf = ({ doctor_id, date, ...counts }: DayReportView): string =>
  csvOf(
    ['doctor_id', 'date', ...COUNT_COLUMNS],
    rowsOf(counts).map((row) => ({ doctor_id, date, ...row })),
  );

/** The report of some days as a table: the days one after another, and the whole range, whose waits no sum of days gives. */
export function rangeReportCsvOf({ from, to, by_day, ...report }: RangeReportView): string {
  const { doctor_id, department, slots, offered, total, by_class, empty_seat_minutes } = report;
  const range = { slots, offered, total, by_class, empty_seat_minutes };
  return csvOf(
    ['doctor_id', 'department', 'date', ...COUNT_COLUMNS],
    [...by_day, { date: `${from}/${to}`, ...range }].flatMap(({ date, ...counts }) =>
      rowsOf(counts).map((row) => ({ doctor_id, department, date, ...row })),
    ),
  );
}
