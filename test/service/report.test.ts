import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AllocationEngine,
  DEFAULT_CLASSES,
  doctorId,
  endsAt,
  epochMs,
  localDate,
  slotId,
  tokenId,
  type Change,
  type DoctorId,
} from '../../src/engine/index.ts';
import type { CountsView, DayReportView } from '../../src/http/resources/index.ts';
import { dayReportOf as viewOf } from '../../src/http/resources/report.ts';
import { shown } from '../../src/http/route.ts';
import { ANONYMOUS, COUNTED, type DayCounts } from '../../src/service/index.ts';
import { LargeReads } from '../../src/service/large-reads.ts';
import { Lifecycle } from '../../src/service/lifecycle.ts';
import { dayReportOf } from '../../src/service/report.ts';
import { Reports } from '../../src/service/reports.ts';
import { openMemoryDatabase } from '../../src/store/memory/database.ts';
import { durableDatabase } from '../support/app/app-database.ts';
import { booking, openApp, openAppOnTestDisk, type TestApp } from '../support/app/app.ts';
import { clock, NOW, TODAY, TOMORROW } from '../support/engine/clinic.ts';
import { decided } from '../support/store/desk.ts';
import {
  DOCTORS,
  histories,
  HISTORY_RULES,
  perform,
  SLOTS,
  type Action,
} from '../support/model/history.ts';
import {
  bumped,
  cancelled,
  entered,
  movedOut,
  promoted,
  record,
  set,
} from '../support/store/records.ts';
import { counts, DATE, playDay, reportOf } from '../support/app/report-day.ts';
import { rerun, seed } from '../support/seed.ts';

const runDay = async (opd: TestApp): Promise<void> => {
  await playDay(opd);
  await opd.advanceTo(`${DATE}T10:30:00Z`);
};

describe('the report of a known day', () => {
  it('counts each token under its last class', async () => {
    const opd = await openApp();
    await runDay(opd);
    expect(await reportOf(opd)).toEqual({
      doctor_id: 'doc1',
      date: DATE,
      slots: 2,
      offered: 3,
      total: counts(
        {
          ...{ booked: 7, moved_in: 4, moved_out: 4, bumped: 5, promoted: 5, checked_in: 2 },
          ...{ completed: 1, cancelled: 2, no_show: 1, expired: 1, seated: 3 },
        },
        [2, 50, 95],
        [1, 30, 30],
      ),
      by_class: [
        {
          type: 'EMERGENCY',
          ...counts({ booked: 1, checked_in: 1, completed: 1, seated: 1 }, undefined, [1, 30, 30]),
        },
        {
          type: 'PAID_PRIORITY',
          ...counts({ booked: 1, bumped: 1, promoted: 1, cancelled: 1 }, [1, 50, 50]),
        },
        {
          type: 'FOLLOW_UP',
          ...counts({ booked: 1, moved_in: 2, moved_out: 1, checked_in: 1, no_show: 1, seated: 1 }),
        },
        { type: 'ONLINE_BOOKING', ...counts({ booked: 2, moved_out: 1, cancelled: 1 }) },
        {
          type: 'WALK_IN',
          ...counts(
            {
              ...{ booked: 2, moved_in: 2, moved_out: 2, bumped: 4, promoted: 4 },
              ...{ expired: 1, seated: 1 },
            },
            [1, 95, 95],
          ),
        },
      ],
      empty_seat_minutes: 0,
    });
  });

  it('has the other half of a move to another doctor in the report of that doctor', async () => {
    const opd = await openApp();
    await runDay(opd);
    const { total } = await reportOf(opd, 'doc2');
    expect(total).toEqual(counts({ booked: 1, moved_in: 1, moved_out: 1, seated: 1 }));
    expect(await reportOf(opd, 'doc1', '2026-11-24')).toMatchObject({
      slots: 2,
      offered: 6,
      total: counts({}),
    });
  });

  it('counts a waiting token as waiting until the slot ends', async () => {
    const opd = await openApp();
    await playDay(opd);
    expect((await reportOf(opd)).total).toMatchObject({ waiting: 1, expired: 0, seated: 3 });
  });

  it('is the same when the day is evicted, and after a restart', async () => {
    const store = await durableDatabase();
    const before = await openApp({ store });
    await runDay(before);
    const expected = [await reportOf(before), await reportOf(before, 'doc2')];
    expect(expected[0]?.total).toMatchObject({ booked: 7, moved_in: 4, moved_out: 4 });
    await before.advanceTo('2026-11-25T12:00:00Z');
    expect(before.engine.slot(slotId(`doc1_slot1@${DATE}`))).toBeUndefined();
    expect([await reportOf(before), await reportOf(before, 'doc2')]).toEqual(expected);
    await before.store.close();
    const after = await openApp({ store, now: '2027-01-01T08:00:00Z' });
    expect([await reportOf(after), await reportOf(after, 'doc2')]).toEqual(expected);
    await after.store.close();
  });

  it('is the same after a restart in the middle of the day', async () => {
    const store = await durableDatabase();
    const before = await openApp({ store });
    await playDay(before);
    const expected = await reportOf(before);
    await before.store.close();
    const after = await openApp({ store, now: `${DATE}T10:29:00Z` });
    expect(await reportOf(after)).toEqual(expected);
    await after.store.close();
  });
});

/** The report of a day, as a client receives it. */
const dayOf = async (reports: Reports, id: DoctorId, date = localDate(DATE)) => {
  const request = new AbortController();
  const query = { identity: ANONYMOUS, ended: () => request.signal, doctorId: id, date };
  const result = await reports.day(query);
  request.abort();
  return shown(result, viewOf);
};

describe('a report', () => {
  it('is answered only when its data is durable', async () => {
    const { opd, disk } = await openAppOnTestDisk();
    disk.hold();
    const booked = opd.post('/book', booking('W1'));
    while ([...opd.engine.tokens].length === 0) await new Promise(setImmediate);
    let isAnswered = false;
    const report = dayOf(opd.service.reports, doctorId('doc1'));
    void report.then(() => (isAnswered = true));
    // The report of another doctor does not wait, because that doctor has no changes that are not durable.
    expect((await reportOf(opd, 'doc2')).total).toEqual(counts({}));
    expect(isAnswered).toBe(false);
    disk.release();
    await booked;
    expect(await report).toMatchObject({ value: { total: { booked: 1 } } });
  });

  it('shows the instant of the request, even if a command runs before the answer', async () => {
    const opd = await openApp();
    const moving = await opd.book('W1');
    await opd.book('W2');
    const requested = Promise.withResolvers<undefined>();
    const moved = Promise.withResolvers<undefined>();
    const slots = opd.archive.slots.bind(opd.archive);
    opd.archive.slots = async (...range) => {
      requested.resolve(undefined);
      await moved.promise;
      return slots(...range);
    };
    const report = dayOf(opd.service.reports, doctorId('doc1'));
    await requested.promise;
    const move = { token_id: moving.id, slot_id: 'doc1_slot2' };
    expect(await opd.post('/move', move)).toMatchObject({ status: 200 });
    moved.resolve(undefined);
    expect(await report).toMatchObject({
      ok: true,
      value: { total: counts({ booked: 2, seated: 2 }) },
    });
    expect((await reportOf(opd)).total).toMatchObject({ moved_in: 1, moved_out: 1, seated: 2 });
  });

  it('includes a past slot that a command loads while the report runs', async () => {
    const { opd, disk } = await openAppOnTestDisk();
    const { id } = await opd.book('W1');
    await opd.advanceTo('2026-11-24T00:00:00Z');
    const slot = () => opd.engine.slot(slotId(`doc1_slot1@${DATE}`));
    expect(slot()).toBeUndefined();
    disk.hold();
    const booked = opd.post('/book', booking('W2'));
    while ([...opd.engine.tokens].length === 0) await new Promise(setImmediate);
    const report = dayOf(opd.service.reports, doctorId('doc1'));
    const scope = { doctorIds: [doctorId('doc1')], slotIds: [slotId(`doc1_slot1@${DATE}`)] };
    const cancel = () => opd.engine.cancel({ tokenId: tokenId(id), at: NOW });
    const cancelled = opd.store.transact(scope, () => decided(cancel()));
    expect(slot()).toBeDefined();
    disk.release();
    const total = counts({ booked: 1, seated: 1 });
    expect(await report).toMatchObject({ value: { slots: 2, offered: 6, total } });
    await Promise.all([booked, cancelled]);
  });
});

describe('the wait', () => {
  const reportFor = async (...changes: readonly Change[]): Promise<DayReportView> => {
    const day = {
      ...{ doctorId: 'rao', date: TODAY, classes: DEFAULT_CLASSES, at: clock(12) },
      slots: [[record(set({ capacity: 2 }), ...changes)]],
    };
    return viewOf(await dayReportOf(day, new AbortController().signal));
  };

  it.each<[what: string, changes: readonly Change[], minutes: number | null]>([
    ['a seat at once', [entered('W1', 'BOOKED', 5)], null],
    ['no seat', [entered('W1', 'WAITING', 5)], null],
    ['a promotion', [entered('W1', 'WAITING', 5), promoted('W1', 25)], 20],
    [
      'a bump and a promotion',
      [entered('W1', 'BOOKED', 5), bumped('W1', 10), promoted('W1', 25)],
      20,
    ],
    [
      'a promotion and a bump',
      [entered('W1', 'WAITING', 5), promoted('W1', 25), bumped('W1', 30)],
      null,
    ],
    [
      'two promotions: the last gives the seat',
      [entered('W1', 'WAITING', 5), promoted('W1', 25), bumped('W1', 30), promoted('W1', 40)],
      35,
    ],
    [
      'a seat that is cancelled later',
      [entered('W1', 'WAITING', 5), promoted('W1', 25), cancelled('W1', 'BOOKED', 30)],
      20,
    ],
    [
      'a promotion and a move to a seat',
      [
        entered('W1', 'WAITING', 5),
        promoted('W1', 25),
        movedOut('W1', 'BOOKED', 30),
        entered('W1', 'BOOKED', 30, 'moved_in'),
      ],
      20,
    ],
    [
      'a promotion and a move to a waitlist',
      [
        entered('W1', 'WAITING', 5),
        promoted('W1', 25),
        movedOut('W1', 'BOOKED', 30),
        entered('W1', 'WAITING', 30, 'moved_in'),
      ],
      null,
    ],
    [
      'a move: only the wait in the slot of the seat counts',
      [
        entered('W1', 'WAITING', 5),
        movedOut('W1', 'WAITING', 30),
        entered('W1', 'WAITING', 30, 'moved_in'),
        promoted('W1', 40),
      ],
      10,
    ],
    ['a clock set back', [entered('W1', 'WAITING', 5), promoted('W1', 3)], 0],
  ])('of %s', async (_what, changes, minutes) => {
    const { wait } = (await reportFor(...changes)).total;
    const patients = minutes === null ? 0 : 1;
    expect(wait).toEqual({ patients, median_minutes: minutes, p90_minutes: minutes });
  });

  const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

  it.each<[waits: readonly number[], median: number | null, p90: number | null]>([
    [[], null, null],
    [[7], 7, 7],
    [[2, 1], 1, 2],
    [[30, 1, 2], 2, 30],
    [upTo(9).reverse(), 5, 9],
    [upTo(10), 5, 9],
    [upTo(11), 6, 10],
    [upTo(20), 10, 18],
    [upTo(30), 15, 27],
    [[1.26, 1.24], 1.2, 1.3],
  ])('of %j minutes has median %s and 90th percentile %s', async (waits, median, p90) => {
    const changes = waits.flatMap((minutes, index) => [
      entered(`W${index}`, 'WAITING', 0),
      promoted(`W${index}`, minutes),
    ]);
    expect((await reportFor(...changes)).total.wait).toEqual({
      patients: waits.length,
      median_minutes: median,
      p90_minutes: p90,
    });
  });

  it('is reported by class, also for a class that the table no longer has', async () => {
    const { by_class } = await reportFor(
      entered('X1', 'WAITING', 0, 'booked', 'SENIOR_CITIZEN'),
      promoted('X1', 8),
    );
    expect(by_class.map(({ type }) => type)).toEqual([
      ...DEFAULT_CLASSES.map(({ type }) => type),
      'SENIOR_CITIZEN',
    ]);
    const expected = counts({ booked: 1, promoted: 1, seated: 1 }, [1, 8, 8]);
    expect(by_class.at(-1)).toEqual({ type: 'SENIOR_CITIZEN', ...expected });
  });
});

/** Runs a history through a store and returns the reports of all its days. */
async function reportsOf(
  history: readonly Action[],
): Promise<[AllocationEngine, DayReportView[], DayCounts]> {
  const engine = new AllocationEngine(HISTORY_RULES);
  const { store, archive } = openMemoryDatabase(engine);
  const run = (command: () => ReturnType<typeof perform>) =>
    store.transact({ doctorIds: DOCTORS.map(({ id }) => id) }, () => decided(command()));
  for (const doctor of DOCTORS) {
    const slots = SLOTS.filter(({ doctorId }) => doctorId === doctor.id);
    await run(() => engine.putDoctor(doctor, slots, NOW));
  }
  await Promise.all(history.map((action) => run(() => perform(engine, action))));
  const lifecycle = new Lifecycle(store);
  lifecycle.run();
  // All slots are over at this instant, so every wait has ended.
  const now = epochMs(Math.max(...SLOTS.map((slot) => endsAt(slot, 24 * 60))));
  const reports = new Reports({
    ...{ engine, store, archive, lifecycle, clock: () => now },
    largeReads: new LargeReads(),
  });
  const days = DOCTORS.flatMap(({ id }) => [TODAY, TOMORROW].map((date) => [id, date] as const));
  const results = await Promise.all(days.map(([id, date]) => dayOf(reports, id, date)));
  const request = new AbortController();
  const range = await reports.range({
    ...{ identity: ANONYMOUS, ended: () => request.signal, from: TODAY, to: TOMORROW },
    ...{ doctorId: null, department: null },
  });
  request.abort();
  if (!range.ok) throw new Error(range.refusal.code);
  return [engine, results.flatMap((result) => (result.ok ? [result.value] : [])), range.value];
}

const balanceOf = (row: CountsView): number =>
  row.booked + row.moved_in - row.moved_out - row.cancelled - row.no_show - row.expired;

it(`every row of a report balances, and no seat is empty while a token waits (R5) ${rerun}`, async () => {
  const seen = new Set<string>();
  const property = fc.asyncProperty(histories, async (history) => {
    const [engine, reports, range] = await reportsOf(history);
    expect(reports).toHaveLength(DOCTORS.length * 2);
    for (const kind of COUNTED)
      expect(range.total.changes[kind]).toBe(
        reports.reduce((sum, { total }) => sum + total[kind], 0),
      );
    expect(range.total.wait.patients).toBe(
      reports.reduce((sum, { total }) => sum + total.wait.patients, 0),
    );
    for (const { doctor_id, date, total, by_class, empty_seat_minutes } of reports) {
      for (const row of [total, ...by_class]) expect(balanceOf(row)).toBe(row.seated + row.waiting);
      for (const kind of [...COUNTED, 'seated', 'waiting'] as const) {
        expect(by_class.reduce((sum, row) => sum + row[kind], 0)).toBe(total[kind]);
        if (total[kind] > 0) seen.add(kind);
      }
      const slots = [...engine.doctors]
        .flatMap((doctor) => doctor.slots)
        .filter(({ facts }) => facts.doctorId === doctor_id && facts.date === date);
      expect(total.seated).toBe(slots.reduce((sum, { seated }) => sum + seated, 0));
      expect(total.waiting).toBe(slots.reduce((sum, { waiting }) => sum + waiting, 0));
      expect(empty_seat_minutes).toBe(0);
      if (total.wait.patients > 0) seen.add('wait');
    }
  });
  await fc.assert(property, { seed, numRuns: 300 });
  expect([...seen].sort()).toEqual([...COUNTED, 'seated', 'waiting', 'wait'].sort());
});
