import { describe, expect, it } from 'vitest';
import type { RangeReportView } from '../../src/http/resources/report.ts';
import { csvOf } from '../../src/http/csv.ts';
import { openApp, type TestApp } from '../support/app/app.ts';
import { counts, DATE, playDay, reportOf } from '../support/app/report-day.ts';

const range = (opd: TestApp, query: string) => opd.get<RangeReportView>(`/reports/range?${query}`);
const DAY = `from=${DATE}&to=${DATE}`;

it('a range of one day of a doctor is the day report of it, with hours', async () => {
  const opd = await openApp();
  await playDay(opd);
  const { doctor_id, date, ...day } = await reportOf(opd);
  const { status, body } = await range(opd, `${DAY}&doctor_id=doc1`);
  expect(status).toBe(200);
  const { by_hour, by_day, ...head } = body;
  expect(head).toEqual({
    ...{ from: DATE, to: DATE, doctor_id, department: null, doctors: 1 },
    at: `${DATE}T10:29:00.000Z`,
    ...day,
  });
  expect(by_day).toEqual([{ date, ...day }]);
  expect(by_hour.filter(({ seats, booked }) => seats + booked > 0)).toEqual([
    { hour: 8, seats: 0, booked: 5, checked_in: 2, completed: 0 },
    { hour: 9, seats: 3, booked: 2, checked_in: 0, completed: 1 },
  ]);
});

it('a range of all doctors adds up their days', async () => {
  const opd = await openApp();
  await playDay(opd);
  const { body } = await range(opd, `from=${DATE}&to=2026-11-24`);
  expect(body).toMatchObject({ doctor_id: null, doctors: 3, slots: 12, offered: 33 });
  expect(body.by_day.map(({ date, offered, total }) => [date, offered, total])).toEqual([
    [
      DATE,
      15,
      counts(
        {
          // Of doc1 as in its day report, and of doc2: booked 1, moved in 1, moved out 1, seated 1.
          ...{ booked: 8, moved_in: 5, moved_out: 5, bumped: 5, promoted: 5, checked_in: 2 },
          ...{ completed: 1, cancelled: 2, no_show: 1, expired: 0, seated: 4, waiting: 1 },
        },
        [2, 50, 95],
        [1, 30, 30],
      ),
    ],
    ['2026-11-24', 18, counts({})],
  ]);
  expect(body.by_hour.reduce((sum, { seats }) => sum + seats, 0)).toBe(33);
});

describe('a range of a department', () => {
  it('has the doctors of it alone, retired ones included', async () => {
    const opd = await openApp();
    const sessions = [{ id: 'ent1_am', weekdays: ['mon'], start: '09:00', end: '10:00', capacity: 2 }]; // prettier-ignore
    const doctor = { name: 'Dr. D', department: 'ENT', time_zone: 'UTC', sessions };
    expect(await opd.put('/doctors/ent1', doctor)).toMatchObject({ status: 201 });
    const { body } = await range(opd, `${DAY}&department=ENT`);
    expect(body).toMatchObject({ department: 'ENT', doctors: 1, slots: 1, offered: 2 });
    expect(await opd.send({ method: 'DELETE', url: '/doctors/ent1' })).toMatchObject({
      status: 200,
    });
    expect(await range(opd, `${DAY}&department=ENT`)).toMatchObject({
      body: { doctors: 1, slots: 1, offered: 0 },
    });
  });

  it.each(['department=Nowhere', 'department=ENT&doctor_id=doc2'])(
    '%s is refused',
    async (query) => {
      const opd = await openApp();
      expect(await range(opd, `${DAY}&${query}`)).toMatchObject({
        status: 400,
        body: { code: 'invalid_request', errors: [{ pointer: '/department' }] },
      });
    },
  );
});

it.each([
  ['from=2026-11-23', '/to'],
  ['from=2026-11-23&to=2026-02-30', '/to'],
  ['from=2026-11-23&to=2026-11-22', '/to'],
  ['from=2026-01-01&to=2026-04-03', '/to'],
  [`${DAY}&department=`, '/department'],
  [`${DAY}&date=${DATE}`, '/date'],
])('a range is refused when the query is %s', async (query, pointer) => {
  const opd = await openApp();
  const { status, body } = await range(opd, query);
  expect([status, body]).toMatchObject([400, { errors: [{ pointer }] }]);
});

it('a range may have 92 days, an unknown doctor has no report', async () => {
  const opd = await openApp();
  const { body } = await range(opd, 'from=2026-01-01&to=2026-04-02');
  expect([body.by_day.length, body.slots]).toEqual([92, 0]);
  expect(await range(opd, `${DAY}&doctor_id=doc9`)).toMatchObject({
    status: 404,
    body: { code: 'doctor_not_found' },
  });
});

it('a range of more than 10,000 slots is refused, and says what to ask for', async () => {
  const opd = await openApp();
  const slots = opd.archive.slots.bind(opd.archive);
  opd.archive.slots = async (id, from, to, except) => {
    const real = await slots(id, from, to, except);
    const [slot] = opd.engine.doctor(id)?.slots ?? [];
    return slot === undefined ? real : Array.from({ length: 4_000 }, () => slot.facts);
  };
  expect(await range(opd, DAY)).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: '/to', detail: /department/ }] },
  });
});

it('the CSV of a range is a file without the name of a doctor, and has the lines of each day and of all days', async () => {
  const opd = await openApp();
  await playDay(opd);
  const url = `/reports/range?from=${DATE}&to=2026-11-24&doctor_id=doc1`;
  const { headers, text } = await opd.send({ method: 'GET', url, headers: { accept: 'text/csv' } });
  expect(headers).toMatchObject({
    'content-type': 'text/csv; charset=utf-8; header=present',
    'content-disposition': `attachment; filename="opd-report-${DATE}-to-2026-11-24.csv"`,
  });
  const lines = text.split('\r\n');
  expect(lines[0]?.split(',').slice(0, 7)).toEqual([
    ...['doctor_id', 'department', 'date', 'type', 'slots', 'offered', 'booked'],
  ]);
  const total = '4,4,5,5,2,0,1,2,1,0,3,1,2,50,95,0,1,30,30';
  expect(lines.filter((line) => line.includes('TOTAL'))).toEqual([
    `doc1,,${DATE},TOTAL,2,3,7,${total}`,
    'doc1,,2026-11-24,TOTAL,2,6,0,0,0,0,0,0,0,0,0,0,0,0,0,0,,,0,0,,',
    `doc1,,${DATE}/2026-11-24,TOTAL,4,9,7,${total}`,
  ]);
});

it.each([
  [null, ''],
  [undefined, ''],
  [-1.5, '-1.5'],
  ['ENT', 'ENT'],
  ['Ear, nose', '"Ear, nose"'],
  ['"Ear"', '"""Ear"""'],
  ['two\nlines', '"two\nlines"'],
  ['=1+1', "'=1+1"],
  ['+1', "'+1"],
  ['-1', "'-1"],
  ['@A1', "'@A1"],
  ['\t=1', "'\t=1"],
  ['=HYPERLINK("x","y")', '"\'=HYPERLINK(""x"",""y"")"'],
  ['कान', 'कान'],
])('%j is the cell %j', (value, cell) => {
  expect(csvOf(['a'], [{ a: value }])).toBe(`a\r\n${cell}\r\n`);
});
