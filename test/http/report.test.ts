import { beforeEach, describe, expect, it } from 'vitest';
import type { DayReportView } from '../../src/http/resources/index.ts';
import {
  booking,
  openApp,
  openAppOnTestDisk,
  type Answer,
  type TestApp,
} from '../support/app/app.ts';
import { withoutReferences } from '../support/app/described-routes.ts';
import { DATE, playDay, reportOf, reportUrl } from '../support/app/report-day.ts';

let opd: TestApp;

beforeEach(async () => {
  opd = await openApp();
});

const getReport = (accept: string | undefined, url = reportUrl()): Promise<Answer<DayReportView>> =>
  opd.send({ method: 'GET', url, headers: accept === undefined ? {} : { accept } });

const JSON_TYPE = 'application/json; charset=utf-8';
const CSV_TYPE = 'text/csv; charset=utf-8; header=present';

it('the CSV report is a table of RFC 4180: a header line, a line for each class, and TOTAL', async () => {
  await playDay(opd);
  await opd.advanceTo(`${DATE}T10:30:00Z`);
  const answer = await getReport('text/csv');
  expect(answer).toMatchObject({ status: 200, headers: { 'content-type': CSV_TYPE } });
  const lines = [
    'doctor_id,date,type,slots,offered,booked,moved_in,moved_out,bumped,promoted,checked_in,skipped,completed,cancelled,no_show,expired,seated,waiting,wait_patients,wait_median_minutes,wait_p90_minutes,empty_seat_minutes,call_wait_patients,call_wait_median_minutes,call_wait_p90_minutes',
    'doc1,2026-11-23,EMERGENCY,,,1,0,0,0,0,1,0,1,0,0,0,1,0,0,,,,1,30,30',
    'doc1,2026-11-23,PAID_PRIORITY,,,1,0,0,1,1,0,0,0,1,0,0,0,0,1,50,50,,0,,',
    'doc1,2026-11-23,FOLLOW_UP,,,1,2,1,0,0,1,0,0,0,1,0,1,0,0,,,,0,,',
    'doc1,2026-11-23,ONLINE_BOOKING,,,2,0,1,0,0,0,0,0,1,0,0,0,0,0,,,,0,,',
    'doc1,2026-11-23,WALK_IN,,,2,2,2,4,4,0,0,0,0,0,1,1,0,1,95,95,,0,,',
    'doc1,2026-11-23,TOTAL,2,3,7,4,4,5,5,2,0,1,2,1,1,3,0,2,50,95,0,1,30,30',
  ];
  expect(answer.text).toBe(lines.map((line) => `${line}\r\n`).join(''));
});

it.each([
  // The header                                              the media type
  [undefined, JSON_TYPE],
  ['', JSON_TYPE],
  ['*/*', JSON_TYPE],
  ['application/json', JSON_TYPE],
  ['application/*', JSON_TYPE],
  ['text/csv', CSV_TYPE],
  ['TEXT/CSV', CSV_TYPE],
  ['text/*', CSV_TYPE],
  ['text/csv; charset=utf-8', CSV_TYPE],
  ['text/csv;header=present', CSV_TYPE],
  ['text/csv, */*;q=0.1', CSV_TYPE],
  ['text/csv, application/json', CSV_TYPE],
  ['application/json, text/csv', JSON_TYPE],
  ['text/csv;q=0.5, application/json;q=0.9', JSON_TYPE],
  ['text/csv;q=0.9, application/json;q=0.5', CSV_TYPE],
  ['application/json;q=0.5, text/*', CSV_TYPE],
  ['application/json;q=0, */*', CSV_TYPE],
  ['text/csv;q=0, */*', JSON_TYPE],
  ['text/csv;q=0', JSON_TYPE],
  ['text/csv;header=absent', JSON_TYPE],
  ['image/png', JSON_TYPE],
  ['nonsense', JSON_TYPE],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', JSON_TYPE],
])('the report for Accept: %s is %s', async (accept, type) => {
  const { status, headers, text } = await getReport(accept);
  expect(status).toBe(200);
  expect(headers).toMatchObject({
    'content-type': type,
    'cache-control': 'no-store',
    vary: 'Accept',
  });
  expect(text.startsWith(type === CSV_TYPE ? 'doctor_id,' : '{"doctor_id":')).toBe(true);
});

it('the report contains no data of a patient', async () => {
  const { id } = await opd.book('W1', { patient_name: 'Asha Devi', patient_id: 'p-77' });
  for (const accept of ['application/json', 'text/csv']) {
    const { text } = await getReport(accept);
    for (const secret of ['Asha', 'p-77', id]) expect(text).not.toContain(secret);
  }
});

it('the report covers the local day of the doctor', async () => {
  opd = await openApp({ timeZone: 'Asia/Kolkata', now: '2026-11-22T20:00:00Z' });
  await opd.book('W1');
  expect(await reportOf(opd)).toMatchObject({ slots: 2, total: { booked: 1 } });
  expect(await reportOf(opd, 'doc1', '2026-11-22')).toMatchObject({ slots: 0, offered: 0 });
});

it('the report of a day without slots is empty', async () => {
  const { by_class, ...report } = await reportOf(opd, 'doc1', '2020-02-29');
  expect(by_class).toHaveLength(5);
  expect(report).toMatchObject({ slots: 0, offered: 0, empty_seat_minutes: 0 });
});

describe('a report request is refused', () => {
  it.each([
    ['', '/doctor_id'],
    ['?doctor_id=doc1', '/date'],
    [`?date=${DATE}`, '/doctor_id'],
    ['?doctor_id=doc1&date=', '/date'],
    ['?doctor_id=doc1&date=2026-02-30', '/date'],
    ['?doctor_id=doc1&date=today', '/date'],
    ['?doctor_id=doc1&date=2026-11-23T00:00:00Z', '/date'],
    [`?doctor_id=doc1&date=${DATE}&date=${DATE}`, '/date'],
    [`?doctor_id=a%20b&date=${DATE}`, '/doctor_id'],
    [`?doctor_id=doc1&date=${DATE}&format=csv`, '/format'],
    // An invalid date is reported before an unknown doctor.
    ['?doctor_id=doc9&date=2026-02-30', '/date'],
  ])('with 400 and a JSON problem when the query is %s', async (query, pointer) => {
    const answer = await getReport('text/csv', `/reports/day${query}`);
    expect(answer).toMatchObject({
      status: 400,
      headers: { 'content-type': expect.stringMatching(/^application.problem.json;/) as string },
      body: { code: 'invalid_request' },
    });
    const { errors } = answer.body as unknown as { errors: readonly { pointer: string }[] };
    expect(errors.map((error) => error.pointer)).toContain(pointer);
  });

  it('with 404 when the doctor is unknown', async () => {
    const answer = await getReport('text/csv', reportUrl('doc9'));
    expect(answer).toMatchObject({ status: 404, body: { code: 'doctor_not_found' } });
  });

  it('with 503 while the service loads', async () => {
    opd = await openApp({ started: false });
    expect(await getReport(undefined)).toMatchObject({
      status: 503,
      body: { code: 'not_durable' },
    });
  });

  it('with 503 while the full disk has not written a change of the doctor', async () => {
    const { opd: held, disk } = await openAppOnTestDisk();
    disk.fill();
    const booked = held.post('/book', booking('W1'));
    while (held.store.state !== 'stalled') await new Promise(setImmediate);
    opd = held;
    expect(await getReport(undefined)).toMatchObject({
      status: 503,
      body: { code: 'not_durable' },
    });
    expect(await getReport(undefined, reportUrl('doc2'))).toMatchObject({ status: 200 });
    disk.makeSpace();
    expect(await booked).toMatchObject({ status: 201 });
    expect((await reportOf(held)).total).toMatchObject({ booked: 1 });
  });
});

it('/openapi.json describes the report with both media types', async () => {
  const { body } = await opd.get<{ paths: Record<string, { get: unknown }> }>('/openapi.json');
  expect(withoutReferences(body.paths['/reports/day']?.get, body)).toMatchObject({
    parameters: [
      { name: 'doctor_id', in: 'query', required: true },
      { name: 'date', in: 'query', required: true },
    ],
    responses: {
      200: {
        content: {
          'application/json': { schema: { properties: { total: {}, by_class: {} } } },
          'text/csv': { schema: { type: 'string' } },
        },
      },
      400: {},
      404: {},
      503: {},
    },
  });
});
