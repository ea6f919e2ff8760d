import { say } from '../lib/words.ts';
import type { Report } from './choice.ts';
import { classOf, dayOf, numberOf, percentOf, weekdayOf, weekdays } from './format.ts';

/** How a series is drawn. Each can be told from the others without its colour. */
export type Look = 'solid' | 'outline' | 'line';

/** One value for each label. */
export interface Series {
  readonly label: string;
  readonly look: Look;
  readonly values: readonly (number | null)[];
}

/** A column of a table. */
export interface Column {
  readonly label: string;
  readonly cells: readonly string[];
}

/** A table, and perhaps plots of some of its columns. */
export interface Chart {
  readonly id: string;
  readonly title: string;
  /** How to read it, in one or two sentences. */
  readonly about: string;
  /** What the labels are: the heading of their column. */
  readonly head: string;
  readonly labels: readonly string[];
  readonly plots: readonly Plot[];
  readonly columns: readonly Column[];
}

/** A plot over the labels of its chart, or over labels of its own. */
export interface Plot {
  /** Null when the chart has one plot. */
  readonly title: string | null;
  readonly labels: readonly string[];
  readonly series: readonly Series[];
  /** The upper end of the axis; null for that of the values. */
  readonly max: number | null;
  readonly format: (value: number) => string;
}

type Counts = Report['total'];
type Wait = Counts['wait'];

const columnOf = ({ label, values }: Pick<Series, 'label' | 'values'>): Column => ({
  label,
  cells: values.map(numberOf),
});

/** All charts of a report, in their order. A chart has no plot when it would be empty. */
export const chartsOf = (report: Report): readonly Chart[] => [
  hoursChart(report),
  waitChart(report, 'call_wait', 'calls'),
  waitChart(report, 'wait', 'seats'),
  noShowChart(report),
  ...(report.by_day.length > 1 ? [daysChart(report)] : []),
  bumpsChart(report),
];

function hoursChart({ by_hour }: Report): Chart {
  const isUsed = by_hour.map(
    ({ seats, booked, checked_in, completed }) => seats + booked + checked_in + completed > 0,
  );
  const hours = by_hour.slice(isUsed.indexOf(true), isUsed.lastIndexOf(true) + 1);
  const labels = hours.map(({ hour }) => `${String(hour).padStart(2, '0')}:00`);
  const series: readonly Series[] = [
    { label: say('reports.seats'), look: 'line', values: hours.map(({ seats }) => seats) },
    {
      label: say('reports.checkedIn'),
      look: 'solid',
      values: hours.map(({ checked_in }) => checked_in),
    },
    {
      label: say('reports.bookedOnDay'),
      look: 'outline',
      values: hours.map(({ booked }) => booked),
    },
  ];
  return {
    ...{ id: 'hours', title: say('reports.hours'), about: say('reports.hoursAbout') },
    ...{ head: say('reports.hour'), labels },
    plots: hours.length === 0 ? [] : [plotOf(labels, series)],
    columns: [
      ...series.map(columnOf),
      columnOf({ label: say('reports.seen'), values: hours.map(({ completed }) => completed) }),
    ],
  };
}

function waitChart(
  { by_class, total }: Report,
  field: 'wait' | 'call_wait',
  words: 'seats' | 'calls',
): Chart {
  const waits: readonly Wait[] = by_class.map((counts) => counts[field]);
  const labels = by_class.map(({ type }) => classOf(type));
  const seriesOf = (all: readonly Wait[]): readonly Series[] => [
    {
      label: say('reports.median'),
      look: 'solid',
      values: all.map(({ median_minutes }) => median_minutes),
    },
    { label: say('reports.p90'), look: 'outline', values: all.map((wait) => wait.p90_minutes) },
  ];
  const rows = [...waits, total[field]];
  return {
    id: words,
    title: say(words === 'seats' ? 'reports.seatWait' : 'reports.callWait'),
    about: say(words === 'seats' ? 'reports.seatWaitAbout' : 'reports.callWaitAbout'),
    ...{ head: say('reports.class'), labels: [...labels, say('reports.all')] },
    plots: total[field].patients === 0 ? [] : [plotOf(labels, seriesOf(waits))],
    columns: [
      columnOf({ label: say('reports.patients'), values: rows.map(({ patients }) => patients) }),
      ...seriesOf(rows).map(columnOf),
    ],
  };
}

/** How many patients had a seat on the day, and how many of them did not come. */
interface Due {
  readonly noShows: number;
  readonly due: number;
}

/** A token that is seated at the end was due, and so was a no-show. */
export const dueOf = (counts: readonly Counts[]): Due => {
  const noShows = counts.reduce((sum, { no_show }) => sum + no_show, 0);
  return { noShows, due: counts.reduce((sum, { seated }) => sum + seated, noShows) };
};

export const rateOf = ({ noShows, due }: Due): number | null => (due === 0 ? null : noShows / due);

function noShowChart({ by_class, by_day }: Report): Chart {
  const days = Map.groupBy(by_day, ({ date }) => weekdayOf(date));
  const columns = [...days.keys()].sort();
  const countsOf = (day: number, type: string | null): readonly Counts[] =>
    (days.get(day) ?? []).flatMap(({ total, by_class: rows }) =>
      type === null ? [total] : rows.filter((row) => row.type === type),
    );
  const types = [...by_class.map(({ type }) => type), null];
  const dues = types.map((type) => columns.map((day) => dueOf(countsOf(day, type))));
  const rates = dues.map((row) => row.map(rateOf));
  const labels = types.map((type) => (type === null ? say('reports.all') : classOf(type)));
  const names = weekdays();
  const dayNames = columns.map((day) => names[day] ?? '');
  return {
    ...{ id: 'no-shows', title: say('reports.noShows'), about: say('reports.noShowsAbout') },
    ...{ head: say('reports.class'), labels },
    plots: noShowPlots(rates, labels, dayNames),
    columns: [
      ...dayNames.map((label, day) => ({
        label,
        cells: dues.map((row) => dueInWords(row[day])),
      })),
      ...(columns.length === 1
        ? []
        : [{ label: say('reports.allDays'), cells: dues.map((row) => dueInWords(sumOf(row))) }]),
    ],
  };
}

/**
 * A small plot over the weekdays for each class, all with one axis. With one weekday alone, one plot over the classes.
 * @param rates of each class, by weekday
 */
function noShowPlots(
  rates: readonly (readonly (number | null)[])[],
  classes: readonly string[],
  weekdays: readonly string[],
): readonly Plot[] {
  const seriesOf = (values: readonly (number | null)[]): readonly Series[] => [
    { label: say('reports.noShowRate'), look: 'solid', values },
  ];
  const max = Math.max(...rates.flat().map((rate) => rate ?? 0));
  if (max === 0) return [];
  if (weekdays.length === 1) {
    const series = seriesOf(rates.map(([rate = null]) => rate));
    return [{ ...plotOf(classes, series), format: percentOf }];
  }
  return rates.flatMap((values, index) =>
    values.every((rate) => rate === null)
      ? []
      : {
          ...{ title: classes[index] ?? '', labels: weekdays, series: seriesOf(values) },
          ...{ max, format: percentOf },
        },
  );
}

const sumOf = (row: readonly Due[]): Due => ({
  noShows: row.reduce((sum, { noShows }) => sum + noShows, 0),
  due: row.reduce((sum, { due }) => sum + due, 0),
});

/** `3/12 (25 %)`; a dash when no patient was due. */
const dueInWords = (due: Due | undefined): string =>
  due === undefined || due.due === 0
    ? '–'
    : say('reports.of', {
        ...{ count: numberOf(due.noShows), total: numberOf(due.due) },
        percent: percentOf(rateOf(due)),
      });

function daysChart({ by_day }: Report): Chart {
  const labels = by_day.map(({ date }) => dayOf(date));
  const ofDays = (label: string, value: (counts: Counts) => number): Column =>
    columnOf({ label, values: by_day.map(({ total }) => value(total)) });
  const series: readonly Series[] = [
    { label: say('reports.seats'), look: 'line', values: by_day.map(({ offered }) => offered) },
    {
      label: say('reports.seated'),
      look: 'solid',
      values: by_day.map(({ total }) => total.seated),
    },
  ];
  return {
    ...{ id: 'days', title: say('reports.days'), about: say('reports.daysAbout') },
    ...{ head: say('reports.day'), labels },
    plots: [plotOf(labels, series)],
    columns: [
      ...series.map(columnOf),
      ofDays(say('reports.booked'), ({ booked }) => booked),
      ofDays(say('reports.checkedIn'), ({ checked_in }) => checked_in),
      ofDays(say('reports.seen'), ({ completed }) => completed),
      ofDays(say('reports.notCome'), ({ no_show }) => no_show),
      ofDays(say('reports.cancelled'), ({ cancelled }) => cancelled),
      ofDays(say('reports.expired'), ({ expired }) => expired),
      ofDays(say('reports.waiting'), ({ waiting }) => waiting),
    ],
  };
}

/** By day; by class when there is one day only. */
function bumpsChart({ by_day, by_class }: Report): Chart {
  const isOneDay = by_day.length === 1;
  const groups: readonly Counts[] = isOneDay ? by_class : by_day.map(({ total }) => total);
  const labels = isOneDay
    ? by_class.map(({ type }) => classOf(type))
    : by_day.map(({ date }) => dayOf(date));
  const series: readonly Series[] = [
    { label: say('reports.bumped'), look: 'outline', values: groups.map(({ bumped }) => bumped) },
    {
      label: say('reports.promoted'),
      look: 'solid',
      values: groups.map(({ promoted }) => promoted),
    },
  ];
  const isEmpty = groups.every(({ bumped, promoted }) => bumped + promoted === 0);
  return {
    ...{ id: 'bumps', title: say('reports.bumps'), about: say('reports.bumpsAbout') },
    ...{ head: say(isOneDay ? 'reports.class' : 'reports.day'), labels },
    plots: isEmpty ? [] : [plotOf(labels, series)],
    columns: series.map(columnOf),
  };
}

const plotOf = (labels: readonly string[], series: readonly Series[]): Plot => ({
  ...{ title: null, labels, series, max: null },
  format: numberOf,
});
