import type { Static } from '@sinclair/typebox';
import { doctorId, localDate } from '../../engine/index.ts';
import { Id, type Reports } from '../../service/index.ts';
import { DayReport, DayReportCsv, dayReportOf, reportCsvOf } from '../resources/report.ts';
import { schemaOf, send, shown, type Routes } from '../route.ts';
import { closed, DateText } from '../schema.ts';

interface ReportRoutes {
  readonly reports: Reports;
}

const JSON_TYPE = 'application/json';
/** With its parameters, because a client that accepts only a table with a header, or in UTF-8, gets exactly that. */
const CSV_TYPE = 'text/csv; charset=utf-8; header=present';

const DayReportQuery = closed({ doctor_id: Id, date: DateText });

/** Adds the route of what a hospital counts at the end of a day, as JSON or as a table. */
export function addReportRoutes({ app, identify }: Routes, { reports }: ReportRoutes): void {
  const schema = schemaOf({
    tag: 'Reports',
    summary: "Count what happened on a doctor's day",
    description:
      'In every row booked + moved_in - moved_out - cancelled - no_show - expired = seated + waiting. JSON, or CSV when `Accept` prefers it.',
    query: DayReportQuery,
    answers: {
      200: {
        description: 'The day up to now.',
        content: { [JSON_TYPE]: { schema: DayReport }, 'text/csv': { schema: DayReportCsv } },
      },
    },
    codes: ['invalid_request', 'doctor_not_found', 'not_durable'],
  });

  app.get<{ Querystring: Static<typeof DayReportQuery> }>(
    '/reports/day',
    { schema },
    async (request, reply) => {
      const { doctor_id, date } = request.query;
      const query = {
        identity: identify(request),
        doctorId: doctorId(doctor_id),
        date: localDate(date),
      };
      const result = shown(await reports.day(query), dayReportOf);
      reply.header('vary', 'Accept');
      // With equal quality values the first of the list; JSON too when the client accepts neither.
      const isTable = request.type([JSON_TYPE, CSV_TYPE]) === CSV_TYPE;
      return isTable && result.ok
        ? send(request, reply.type(CSV_TYPE), shown(result, reportCsvOf))
        : send(request, reply, result);
    },
  );
}
