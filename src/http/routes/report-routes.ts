import { Type, type Static } from '@sinclair/typebox';
import { doctorId, localDate } from '../../engine/index.ts';
import { Id, type Reports } from '../../service/index.ts';
import { DayReport, DayReportCsv, dayReportOf, reportCsvOf } from '../resources/report.ts';
import { askedBy, optionsOf, send, shown, type Routes } from '../route.ts';
import { EXAMPLE_DATE } from '../examples.ts';
import { closed, DateText } from '../schema.ts';

interface ReportRoutes {
  readonly reports: Reports;
}

const JSON_TYPE = 'application/json';
/** With its parameters, because a client that accepts only a table with a header, or in UTF-8, gets exactly that. */
const CSV_TYPE = 'text/csv; charset=utf-8; header=present';

const DayReportQuery = closed({
  doctor_id: Type.String({ ...Id, examples: ['doc1'] }),
  date: Type.String({ ...DateText, examples: [EXAMPLE_DATE] }),
});

/** Adds the route of what a hospital counts at the end of a day, as JSON or as a table. */
export function addReportRoutes({ app, access, reads }: Routes, { reports }: ReportRoutes): void {
  const options = optionsOf({
    name: 'readDayReport',
    tag: 'Reports',
    summary: "Count what happened in a doctor's slots of a day",
    description:
      'The counts of the day up to now, in total and by class. In every row `booked` + `moved_in` - `moved_out` - `cancelled` - `no_show` - `expired` = `seated` + `waiting`. The answer is JSON, or CSV when the header `Accept` prefers it.',
    query: DayReportQuery,
    answers: {
      200: {
        description: 'The report.',
        content: { [JSON_TYPE]: { schema: DayReport }, 'text/csv': { schema: DayReportCsv } },
      },
    },
    codes: ['invalid_request', 'doctor_not_found', 'overloaded', 'not_durable'],
  });

  app.get<{ Querystring: Static<typeof DayReportQuery> }>(
    '/reports/day',
    { ...options, onRequest: access.hook('readDayReport') },
    async (request, reply) => {
      const { doctor_id, date } = request.query;
      const query = {
        ...askedBy(request, reply),
        doctorId: doctorId(doctor_id),
        date: localDate(date),
      };
      const result = shown(await reads.during(() => reports.day(query)), dayReportOf);
      reply.header('vary', 'Accept');
      // With equal quality values the first of the list; JSON too when the client accepts neither.
      const isTable = request.type([JSON_TYPE, CSV_TYPE]) === CSV_TYPE;
      return isTable && result.ok
        ? send(request, reply.type(CSV_TYPE), shown(result, reportCsvOf))
        : send(request, reply, result);
    },
  );
}
