import { expect } from 'vitest';
import type { CountsView, DayReportView } from '../../../src/http/resources/index.ts';
import type { TestApp } from './app.ts';

/** The day that is played and reported. */
export const DATE = '2026-11-23';

const FIRST = `doc1_slot1@${DATE}`;
const SECOND = `doc1_slot2@${DATE}`;

/** The URL of the report of a doctor's day. */
export const reportUrl = (doctor = 'doc1', date = DATE): string =>
  `/reports/day?doctor_id=${doctor}&date=${date}`;

/** The report of a doctor's day: that of doc1 on `DATE` by default. */
export async function reportOf(
  opd: TestApp,
  doctor?: string,
  date?: string,
): Promise<DayReportView> {
  const answer = await opd.get<DayReportView>(reportUrl(doctor, date));
  expect(answer).toMatchObject({ status: 200 });
  return answer.body;
}

/** The number of patients, the median and the 90th percentile of their wait. */
type WaitNumbers = readonly [number, number | null, number | null];

const NO_WAIT: WaitNumbers = [0, null, null];

const waitOf = ([patients, median_minutes, p90_minutes]: WaitNumbers): CountsView['wait'] => ({
  patients,
  median_minutes,
  p90_minutes,
});

/**
 * The given counts, and 0 for all others.
 * @param wait of the patients who waited and got a seat
 * @param callWait of the patients who checked in and were called
 */
export function counts(
  given: Partial<Omit<CountsView, 'wait' | 'call_wait'>>,
  wait = NO_WAIT,
  callWait = NO_WAIT,
): CountsView {
  return {
    booked: 0,
    moved_in: 0,
    moved_out: 0,
    bumped: 0,
    promoted: 0,
    checked_in: 0,
    skipped: 0,
    completed: 0,
    cancelled: 0,
    no_show: 0,
    expired: 0,
    seated: 0,
    waiting: 0,
    wait: waitOf(wait),
    call_wait: waitOf(callWait),
    ...given,
  };
}

/**
 * Plays a Monday of doc1 with two slots of three seats. The day contains everything that a report counts: W2 becomes
 * PAID_PRIORITY, E4 is seen, F5 is a no-show, O8 moves to doc2, F9 moves from doc2, and the second slot is closed.
 */
export async function playDay(opd: TestApp): Promise<void> {
  const ids = new Map<string, string>();
  const at = (time: string) => opd.advanceTo(`${DATE}T${time}:00Z`);
  const book = async (name: string, more: object = {}) =>
    void ids.set(name, (await opd.book(name, more)).id);
  const send = async (method: 'POST' | 'PATCH', url: string, payload: object) =>
    expect(await opd.send({ method, url, payload })).toMatchObject({ status: 200 });
  const tokenCommand = (url: string, name: string, more: object = {}) =>
    send('POST', url, { token_id: ids.get(name), ...more });

  for (const name of ['W1', 'W2', 'O3']) await book(name);
  await at('08:10');
  await book('E4'); // bumps W2
  await at('08:20');
  await book('F5'); // bumps W1
  await at('08:30');
  await tokenCommand('/cancel', 'O3'); // W1 is promoted after 30 minutes
  await tokenCommand('/check-in', 'E4');
  await tokenCommand('/check-in', 'F5');
  await at('08:50');
  // Bumps W1 and is promoted after 50 minutes.
  await tokenCommand('/reclassify', 'W2', { patient_type: 'PAID_PRIORITY', reason: 'has paid' });
  await at('09:00');
  await send('POST', '/call-next', { doctor_id: 'doc1' }); // E4
  await at('09:10');
  await tokenCommand('/complete', 'E4');
  await tokenCommand('/no-show', 'F5'); // W1 is promoted after 70 minutes
  await at('09:12');
  await book('W7', { slot_id: FIRST });
  await at('09:15');
  await send('PATCH', `/slots/${FIRST}`, { capacity: 4 }); // W7 is promoted after 3 minutes
  await at('09:20');
  await send('PATCH', `/slots/${FIRST}`, { capacity: 3 }); // W7 is bumped
  await at('09:25');
  await tokenCommand('/move', 'W7', { slot_id: SECOND });
  await book('O8', { slot_id: SECOND });
  await tokenCommand('/move', 'O8', { slot_id: `doc2_slot1@${DATE}` });
  await book('F9', { doctor_id: 'doc2', slot_id: `doc2_slot1@${DATE}` });
  await tokenCommand('/move', 'F9', { slot_id: SECOND });
  await at('09:30');
  // The closing moves F9, which bumps W1, and W7, which waits.
  await send('POST', `/slots/${SECOND}/close`, { reason: 'ill', move_to: FIRST });
  await at('09:35');
  await tokenCommand('/cancel', 'W2'); // W1 is promoted after 95 minutes
  await at('10:29');
}
