import { Type, type Static, type TObject, type TSchema } from '@sinclair/typebox';
import { doctorId, localDate } from '../../engine/index.ts';
import { Id, type Query, type Reports, type Result } from '../../service/index.ts';
import { CSV_TYPE } from '../csv.ts';
import { EXAMPLE_DATE } from '../examples.ts';
import {
  DayReport,
  dayReportCsvOf,
  dayReportOf,
  RangeReport,
  rangeReportCsvOf,
  rangeReportOf,
  ReportCsv,
} from '../resources/report.ts';
import { askedBy, optionsOf, send, shown, type Routes } from '../route.ts';
import { closed, DateText } from '../schema.ts';

interface ReportRoutes {
  readonly reports: Reports;
}

const JSON_TYPE = 'application/json';

const DayReportQuery = closed({
  doctor_id: Type.String({ ...Id, examples: ['doc1'] }),
  date: Type.String({ ...DateText, examples: [EXAMPLE_DATE] }),
});

const RangeReportQuery = closed({
  from: Type.String({ ...DateText, examples: [EXAMPLE_DATE] }),
  to: Type.String({ ...DateText, examples: [EXAMPLE_DATE] }),
  doctor_id: Type.Optional(Type.String(Id)),
  department: Type.Optional(
    Type.String({ minLength: 1, maxLength: 200, description: 'As the doctors have it.' }),
  ),
});

const ROW_SUM =
  'In every row `booked` + `moved_in` - `moved_out` - `cancelled` - `no_show` - `expired` = `seated` + `waiting`.';

/** Adds the routes of what a hospital counts at the end of a day or of several days, as JSON or as a table. */
export function addReportRoutes(routes: Routes, { reports }: ReportRoutes): void {
  addReport(routes, {
    name: 'readDayReport',
    url: '/reports/day',
    summary: "Count what happened in a doctor's slots of a day",
    description: `The counts of the day up to now, in total and by class. ${ROW_SUM} The answer is JSON, or CSV when the header \`Accept\` prefers it.`,
    query: DayReportQuery,
    success: DayReport,
    read: async ({ doctor_id, date }, asked) => {
      const query = { ...asked, doctorId: doctorId(doctor_id), date: localDate(date) };
      return shown(await reports.day(query), dayReportOf);
    },
    csvOf: dayReportCsvOf,
    daysOf: ({ date }) => date,
  });

  addReport(routes, {
    name: 'readRangeReport',
    url: '/reports/range',
    summary: 'Count what happened in the slots of some days',
    description: `The counts from one day to another up to now, of all doctors or some: in total, by class, by day and by hour. ${ROW_SUM} The answer is JSON, or CSV when the header \`Accept\` prefers it.`,
    query: RangeReportQuery,
    success: RangeReport,
    read: async ({ from, to, doctor_id, department = null }, asked) => {
      const query = {
        ...asked,
        ...{ from: localDate(from), to: localDate(to), department },
        doctorId: doctor_id === undefined ? null : doctorId(doctor_id),
      };
      return shown(await reports.range(query), rangeReportOf);
    },
    csvOf: rangeReportCsvOf,
    daysOf: ({ from, to }) => (from === to ? from : `${from}-to-${to}`),
  });
}

interface Report<Asked extends TObject, Success extends TSchema> {
  readonly name: 'readDayReport' | 'readRangeReport';
  readonly url: string;
  readonly summary: string;
  readonly description: string;
  readonly query: Asked;
  readonly success: Success;
  readonly read: (query: Static<Asked>, asked: Query) => Promise<Result<Static<Success>>>;
  readonly csvOf: (view: Static<Success>) => string;
  /** The days of the report. The name of a file has nothing else, because a doctor is a person. */
  readonly daysOf: (view: Static<Success>) => string;
}

/** Adds a route that answers with a report, or with a table of it. */
function addReport<Asked extends TObject, Success extends TSchema>(
  { app, access, reads }: Routes,
  { url, query, success, read, csvOf, daysOf, ...texts }: Report<Asked, Success>,
): void {
  const options = optionsOf({
    ...texts,
    tag: 'Reports',
    query,
    answers: {
      200: {
        description: 'The report.',
        content: { [JSON_TYPE]: { schema: success }, 'text/csv': { schema: ReportCsv } },
      },
    },
    codes: ['invalid_request', 'doctor_not_found', 'overloaded', 'not_durable'],
  });
  app.get(url, { ...options, onRequest: access.hook(texts.name) }, async (request, reply) => {
    const result = await reads.during(() =>
      read(request.query as Static<Asked>, askedBy(request, reply)),
    );
    reply.header('vary', 'Accept');
    // With equal quality values the first of the list; JSON too when the client accepts neither.
    const isTable = request.type([JSON_TYPE, CSV_TYPE]) === CSV_TYPE;
    if (!isTable || !result.ok) return send(request, reply, result);
    const file = `opd-report-${daysOf(result.value)}.csv`;
    reply.type(CSV_TYPE).header('content-disposition', `attachment; filename="${file}"`);
    return send(request, reply, shown(result, csvOf));
  });
}
