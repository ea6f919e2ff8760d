import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openDatabase } from '../../src/store/index.ts';
import { publish } from '../../src/telemetry/index.ts';
import { booking } from '../support/app/app.ts';
import { TestDisk } from '../support/app/test-disk.ts';
import { eventually } from '../support/eventually.ts';
import { openMeasuredApp } from '../support/metrics.ts';
import { failChanges } from '../support/postgres/pg-hospital.ts';
import { createDatabase } from '../support/postgres/postgres.ts';

// A scrape is given to all who ask within a second. The tests ask more often, so they advance the clock.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});
const SECOND_MS = 1_000;

it('counts the changes of tokens by kind and class, once they are durable', async () => {
  const { opd, scrape } = await openMeasuredApp();
  const [first] = [await opd.book('W1'), await opd.book('W2'), await opd.book('O1')];
  await opd.book('E1');
  const forced = { token_id: first.id, force: true };
  expect((await opd.post('/no-show', forced)).status).toBe(200);
  expect((await opd.post('/no-show', forced)).status).toBe(409);
  expect((await scrape()).series('opd_token_changes_total')).toEqual({
    'booked WALK_IN': 2,
    'booked ONLINE_BOOKING': 1,
    'booked EMERGENCY': 1,
    'bumped WALK_IN': 1,
    'no_show WALK_IN': 1,
    'promoted WALK_IN': 1,
  });
});

it('counts the tokens that expire without a command, by class', async () => {
  const { opd, scrape } = await openMeasuredApp();
  for (const name of ['W1', 'W2', 'W3', 'W4']) await opd.book(name);
  await opd.advanceTo('2026-11-23T12:00:00Z');
  expect((await scrape()).series('opd_token_changes_total')).toMatchObject({
    'expired WALK_IN': 1,
  });
});

it('counts neither a repeated command nor a dry run a second time', async () => {
  const { opd, scrape } = await openMeasuredApp();
  const key = { 'idempotency-key': 'k' };
  const { slot_id } = await opd.book('W1', {}, key);
  await opd.book('W1', {}, key);
  await opd.post(`/slots/${slot_id}/close?dry_run=true`, { reason: 'ill' });
  expect((await scrape()).series('opd_token_changes_total')).toEqual({ 'booked WALK_IN': 1 });
});

it('counts every decision once when its transaction was rolled back and decided again', async () => {
  vi.useRealTimers();
  const { url } = await createDatabase();
  const { opd, scrape } = await openMeasuredApp({ store: (engine) => openDatabase(url, engine) });
  await failChanges(url, '40001', { times: 1 });
  await opd.book('W1');
  const read = await scrape();
  expect(read.series('opd_token_changes_total')).toEqual({ 'booked WALK_IN': 1 });
  const { committed = 0, ...others } = read.series('opd_transactions_total');
  expect(others).toEqual({ rolledBack: 1 });
  expect(committed).toBeGreaterThan(1);
  expect(read.value('opd_commit_commands_count')).toBe(committed);
});

it('counts requests by operation and status with their times, and refusals by code', async () => {
  const { opd, scrape } = await openMeasuredApp();
  await opd.book('W1');
  await opd.post('/book', booking('W2', { doctor_id: 'nobody' }));
  await opd.get('/tokens/nobody');
  await opd.post('/book', {});
  const read = await scrape();
  expect(read.series('opd_http_requests_total')).toEqual({
    'book 201': 1,
    'book 404': 1,
    'book 400': 1,
    'readToken 404': 1,
  });
  expect(read.series('opd_http_request_duration_seconds_count')).toEqual({ book: 3, readToken: 1 });
  const { token_not_found, doctor_not_found, invalid_request, ...others } =
    read.series('opd_refusals_total');
  expect([token_not_found, doctor_not_found, invalid_request]).toEqual([1, 1, 1]);
  expect(new Set(Object.values(others))).toEqual(new Set([0]));
  expect(others).toHaveProperty('internal');
});

it('has a bounded number of series and nothing of a request in them, whatever clients send', async () => {
  const { opd, scrape } = await openMeasuredApp();
  const send = async (word: string) => {
    const { id } = await opd.book('W1', { patient_name: word, patient_id: word });
    await opd.post('/cancel', { token_id: id, reason: word });
    await opd.get(`/tokens/${word}`);
    await opd.get(`/tokens/${id}`);
    await opd.get(`/${word}?a=${word}`);
    await opd.get(`/%E0%A4%A${word}`);
    await opd.post(`/tokens/${word}`, { word });
    await opd.post('/book', booking('W1', { patient_type: word, slot_id: word, doctor_id: word }));
    await opd.put(`/doctors/${word}`, { name: word, time_zone: 'UTC', sessions: [] });
    await opd.send({ method: 'PROPFIND', url: `/docs/static/${word}` });
    return id;
  };
  const first = await send('Quagmire');
  const before = await scrape();
  const second = await send('Zebulon');
  await vi.advanceTimersByTimeAsync(SECOND_MS);
  const after = await scrape();
  const seriesOf = ({ text }: typeof before) => text.match(/^opd_.* /gm)?.toSorted();
  // The first scrape was itself a request.
  expect(seriesOf(after)?.filter((line) => !line.includes('readMetrics'))).toEqual(
    seriesOf(before),
  );
  expect(after.text).not.toMatch(new RegExp(`Quagmire|Zebulon|${first}|${second}|doc1|slot1`));
});

it('gives the seats of open slots and how they are used, today and later', async () => {
  const { opd, scrape } = await openMeasuredApp({ horizonDays: 1 });
  for (const name of ['W1', 'W2', 'W3', 'W4', 'W5']) await opd.book(name);
  await opd.book('W6', { slot_id: 'doc1_slot1@2026-11-24' });
  const closed = await opd.post('/slots/doc2_slot1@2026-11-23/close', { reason: 'ill' });
  expect(closed.status).toBe(200);
  const read = await scrape();
  // Three doctors with two slots of three seats; one of today's slots is closed.
  expect(read.series('opd_seats')).toEqual({ today: 15, later: 18 });
  expect(read.series('opd_seated_tokens')).toEqual({ today: 3, later: 1 });
  expect(read.series('opd_waiting_tokens')).toEqual({ today: 2, later: 0 });
});

it('tells a stall while it lasts and after it', async () => {
  const disk = new TestDisk();
  const { opd, scrape } = await openMeasuredApp({ store: (engine) => disk.open(engine) });
  const [states, total] = ['opd_store_state', 'opd_store_stalled_seconds_total'];
  expect((await scrape()).series(states)).toEqual({ ready: 1, stalled: 0, failed: 0 });
  disk.fill();
  const waiting = opd.book('W1');
  await eventually(() => opd.store.state === 'stalled');
  await vi.advanceTimersByTimeAsync(SECOND_MS);
  const since = performance.now();
  await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
  const during = await scrape();
  expect(during.series(states)).toEqual({ ready: 0, stalled: 1, failed: 0 });
  expect(during.value('opd_ready')).toBe(0);
  expect(during.value('opd_store_queue_length')).toBe(1);
  expect(during.value(total) * SECOND_MS).toBeGreaterThanOrEqual(performance.now() - since);
  disk.makeSpace();
  await vi.advanceTimersByTimeAsync(SECOND_MS);
  await waiting;
  const after = await scrape();
  expect(after.series(states)).toEqual({ ready: 1, stalled: 0, failed: 0 });
  expect(after.value('opd_ready')).toBe(1);
  expect(after.value('opd_store_queue_length')).toBe(0);
  expect(after.value('opd_store_stalls_total')).toBe(1);
  const seconds = after.value(total);
  expect(seconds).toBeGreaterThanOrEqual(10);
  await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
  expect((await scrape()).value(total)).toBe(seconds);
});

it('counts two stalls that overlap as one', async () => {
  const { scrape } = await openMeasuredApp();
  const stalled = async () => {
    await vi.advanceTimersByTimeAsync(SECOND_MS);
    const read = await scrape();
    await vi.advanceTimersByTimeAsync(SECOND_MS);
    return [
      read.series('opd_store_state')['stalled'],
      read.value('opd_store_stalls_total'),
      Math.round(read.value('opd_store_stalled_seconds_total')),
    ];
  };
  publish('opd:commit-stalled', () => ({ cause: '53100' }));
  expect(await stalled()).toEqual([1, 1, 1]);
  publish('opd:database-unreachable', () => ({ cause: 'ECONNREFUSED' }));
  expect(await stalled()).toEqual([1, 1, 3]);
  publish('opd:database-reachable', () => ({ unreachableMs: 2 * SECOND_MS }));
  expect(await stalled()).toEqual([1, 1, 5]);
  publish('opd:commit-recovered', () => ({ stalledMs: 6 * SECOND_MS }));
  expect(await stalled()).toEqual([0, 1, 6]);
});

it('gives the sizes and times of commits', async () => {
  const disk = new TestDisk();
  const { opd, scrape } = await openMeasuredApp({ store: (engine) => disk.open(engine) });
  const before = await scrape();
  disk.hold();
  const answers = [opd.book('W1'), opd.book('W2'), opd.book('W3')];
  await eventually(async () => {
    await vi.advanceTimersByTimeAsync(10);
    return opd.service.queueLength === 3;
  });
  await vi.advanceTimersByTimeAsync(20 * SECOND_MS);
  disk.release();
  await Promise.all(answers);
  const after = await scrape();
  const grown = (name: string) => after.value(name) - before.value(name);
  expect(grown('opd_commit_commands_sum')).toBe(3);
  expect(grown('opd_commit_commands_count')).toBeLessThanOrEqual(3);
  expect(grown('opd_commit_duration_seconds_sum')).toBeGreaterThanOrEqual(20);
});

it('counts dropped log lines, refused connections and runs of background tasks', async () => {
  const { scrape } = await openMeasuredApp();
  publish('opd:log-dropped', () => ({ lines: 3 }));
  publish('opd:log-dropped', () => ({ lines: 4 }));
  publish('opd:connection-refused', () => ({ cause: 'too_many' }));
  const run = { name: 'tick', ms: 1, faultCount: 0 };
  publish('opd:background-run', () => ({ ...run, fault: null }));
  publish('opd:background-run', () => ({ ...run, fault: 'Error', faultCount: 1 }));
  const read = await scrape();
  expect(read.value('opd_log_lines_dropped_total')).toBe(7);
  expect(read.series('opd_connections_refused_total')).toEqual({ too_many: 1 });
  expect(read.series('opd_background_runs_total')).toEqual({ 'tick ok': 1, 'tick failed': 1 });
  const [success = 0] = Object.values(read.series('opd_background_last_success_timestamp_seconds'));
  expect(Math.abs(success - Date.now() / 1_000)).toBeLessThan(60);
  expect(read.series('opd_build_info')).toEqual({ '1.2.3': 1 });
});

it('answers all who ask within a second with one scrape', async () => {
  let counts = 0;
  const occupancy = () =>
    Promise.resolve({ today: { seats: (counts += 1), seated: 0, waiting: 0 } });
  const { scrape } = await openMeasuredApp({}, { occupancy });
  const texts = await Promise.all([scrape(), scrape(), scrape()]);
  texts.push(await scrape());
  expect(new Set(texts.map(({ text }) => text)).size).toBe(1);
  expect(counts).toBe(1);
  await vi.advanceTimersByTimeAsync(SECOND_MS);
  await scrape();
  expect(counts).toBe(2);
});

it('a scrape that hangs or fails affects no command', async () => {
  const source = Promise.withResolvers<never>();
  const { opd } = await openMeasuredApp({}, { occupancy: () => source.promise });
  const hanging = opd.get('/metrics');
  await opd.book('W1');
  source.reject(new Error('of the source'));
  expect(await hanging).toMatchObject({ status: 500, body: { code: 'internal' } });
  await opd.book('W2');
});

it('a subscriber that throws affects no command', async () => {
  const errors: unknown[] = [];
  const { opd, metrics } = await openMeasuredApp({}, { onError: (error) => errors.push(error) });
  // A negative count is refused by the package.
  publish('opd:log-dropped', () => ({ lines: -1 }));
  await opd.book('W1');
  expect(errors).toEqual([expect.any(Error)]);
  metrics.close();
  publish('opd:log-dropped', () => ({ lines: -1 }));
  expect(errors).toHaveLength(1);
});
