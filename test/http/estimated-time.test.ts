import { expect, it } from 'vitest';
import type { TokenView } from '../../src/http/resources/index.ts';
import { openApp, type TestApp } from '../support/app/app.ts';
import { bookAll, NINE, postOk } from '../support/app/front-desk.ts';

// The estimated time of a seated token: the remaining tokens before it, at the pace of the slot, counted from the delayed
// start or from now. The slot from 09:00 to 10:00 has three seats, so its pace is a patient every twenty minutes.

/** Lines such as `W1 09:20`, in rank order. A token without an estimated time has a dash. */
async function times(opd: TestApp): Promise<string[]> {
  const { tokens, waitlist } = await opd.slot('2026-11-23');
  return [...tokens, ...waitlist].map(
    ({ patient_name, estimated_time: time }) => `${patient_name} ${time?.slice(11, 16) ?? '-'}`,
  );
}

it('estimated times count from the start, and a waiting token has none', async () => {
  const opd = await openApp();
  await bookAll(opd, 'W1 F2 W3 W4');
  expect(await times(opd)).toEqual(['F2 09:00', 'W1 09:20', 'W3 09:40', 'W4 -']);
});

it('estimated times count from the delayed start', async () => {
  const opd = await openApp();
  await bookAll(opd, 'W1 W2');
  await postOk(opd, '/doctors/doc1/delay', { date: '2026-11-23', minutes: 35 });
  expect(await times(opd)).toEqual(['W1 09:35', 'W2 09:55']);
  await opd.patch(`/slots/${NINE}`, { delay_minutes: 0 });
  expect(await times(opd)).toEqual(['W1 09:00', 'W2 09:20']);
});

it('estimated times count from now when the slot has started, and are never in the past', async () => {
  const opd = await openApp();
  await bookAll(opd, 'W1 W2 W3');
  for (const [now, expected] of [
    ['08:59', ['W1 09:00', 'W2 09:20', 'W3 09:40']],
    ['09:05', ['W1 09:05', 'W2 09:25', 'W3 09:45']],
    ['10:10', ['W1 10:10', 'W2 10:30', 'W3 10:50']],
    // Whoever has not come before the slot has ended is not waited for.
    ['17:00', ['W1 17:00', 'W2 17:00', 'W3 17:00']],
  ] as const) {
    opd.now = `2026-11-23T${now}:00Z`;
    expect(await times(opd)).toEqual(expected);
  }
});

it('a patient in consultation counts for the estimated times, and a patient who has been seen does not', async () => {
  const opd = await openApp();
  const { W1, W2, W3 } = await bookAll(opd, 'W1 W2 W3');
  opd.now = '2026-11-23T09:10:00Z';
  const started = await postOk<TokenView>(opd, '/start', { token_id: W3 });
  expect(started.estimated_time).toBe('2026-11-23T09:10:00.000Z');
  expect(await times(opd)).toEqual(['W1 09:30', 'W2 09:50', 'W3 09:10']);
  opd.now = '2026-11-23T09:15:00Z';
  const completed = await postOk<TokenView>(opd, '/complete', { token_id: W3 });
  expect(completed.estimated_time).toBeNull();
  expect(await times(opd)).toEqual(['W1 09:15', 'W2 09:35', 'W3 -']);
  await postOk(opd, '/check-in', { token_id: W2 });
  await postOk(opd, '/no-show', { token_id: W1 });
  expect(await times(opd)).toEqual(['W2 09:15', 'W3 -']);
});

it('estimated times count from now when a consultation has started early, and from the start when none is in progress', async () => {
  const opd = await openApp();
  const { W1 } = await bookAll(opd, 'W1 W2 W3');
  opd.now = '2026-11-23T08:45:00Z';
  await postOk(opd, '/start', { token_id: W1 });
  expect(await times(opd)).toEqual(['W1 08:45', 'W2 09:05', 'W3 09:25']);
  await postOk(opd, '/complete', { token_id: W1 });
  expect(await times(opd)).toEqual(['W1 -', 'W2 09:00', 'W3 09:20']);
});

it('more seats make the estimated times earlier', async () => {
  const opd = await openApp();
  await bookAll(opd, 'W1 W2 W3');
  await opd.patch(`/slots/${NINE}`, { capacity: 6 });
  expect(await times(opd)).toEqual(['W1 09:00', 'W2 09:10', 'W3 09:20']);
  await opd.patch(`/slots/${NINE}`, { capacity: 7 });
  const { tokens } = await opd.slot('2026-11-23');
  expect(tokens[1]?.estimated_time).toBe('2026-11-23T09:08:34.285Z');
});

it('every answer about a token has the same estimated time as the slot', async () => {
  const opd = await openApp();
  await bookAll(opd, 'W1 W2');
  const booked = await opd.book('W3');
  expect(booked.estimated_time).toBe('2026-11-23T09:40:00.000Z');
  const read = await opd.get(`/tokens/${booked.id}`);
  expect(read).toMatchObject({ body: { estimated_time: booked.estimated_time } });
  const checkedIn = await postOk<TokenView>(opd, '/check-in', { token_id: booked.id });
  expect(checkedIn.estimated_time).toBe(booked.estimated_time);
});
