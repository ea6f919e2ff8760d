import accepts from '@fastify/accepts';
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { Reports } from '../service/index.ts';
import { send } from './answer.ts';
import { problems } from './describe.ts';
import { reportCsvOf } from './report-csv.ts';
import { DayReport, DayReportCsv, DayReportQuery } from './report-schemas.ts';

interface ReportRoutes {
  readonly reports: Reports;
}

const JSON_TYPE = 'application/json';
/** With its parameters: who asks for a table with a header, or in UTF-8, gets what they ask for. */
const CSV_TYPE = 'text/csv; charset=utf-8; header=present';

const dayReport = {
  tags: ['Reports'],
  summary: "Count what happened on a doctor's day",
  description:
    'In every row booked + moved_in - moved_out - cancelled - no_show - expired = seated + waiting. JSON, or CSV when `Accept` prefers it.',
  querystring: DayReportQuery,
  response: {
    200: {
      description: 'The day up to now.',
      content: { [JSON_TYPE]: { schema: DayReport }, 'text/csv': { schema: DayReportCsv } },
    },
    ...problems(['invalid_request', 'doctor_not_found', 'not_durable']),
  },
};

/** What a hospital counts at the end of a day, as JSON or as a table. */
export const reportRoutes: FastifyPluginCallbackTypebox<ReportRoutes> = (
  app,
  { reports },
  done,
) => {
  void app.register(accepts);

  app.get('/reports/day', { schema: dayReport }, async (request, reply) => {
    const result = await reports.day(request.query);
    reply.header('vary', 'Accept');
    // Of two types that are as welcome the first; JSON too when neither is.
    if (!result.ok || request.type([JSON_TYPE, CSV_TYPE]) !== CSV_TYPE)
      return send(request, reply, result);
    return send(request, reply.type(CSV_TYPE), { ok: true, value: reportCsvOf(result.value) });
  });

  done();
};
