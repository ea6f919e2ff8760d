import { expect } from 'vitest';
import type { CountsView, DayReportView } from '../../../src/http/resources/index.ts';
import type { TestApp } from './app.ts';

/** The day that is played and reported. */
export const DATE = '2026-11-23';

const FIRST = `doc1_slot1@${DATE}`;
const SECOND = `doc1_slot2@${DATE}`;

export const reportUrl = (doctor = 'doc1', date = DATE): string =>
  `/reports/day?doctor_id=${doctor}&date=${date}`;

export async function reportOf(
  opd: TestApp,
  doctor?: string,
  date?: string,
): Promise<DayReportView> {
  const answer = await opd.get<DayReportView>(reportUrl(doctor, date));
  expect(answer).toMatchObject({ status: 200 });
  return answer.body;
}

/** Counts of which all but these are 0; `wait` is who waited for a seat and got it, median and 90th percentile. */
export function counts(
  these: Partial<Omit<CountsView, 'wait'>>,
  [patients, median_minutes, p90_minutes]: readonly [number, number | null, number | null] = [
    0,
    null,
    null,
  ],
): CountsView {
  return {
    booked: 0,
    moved_in: 0,
    moved_out: 0,
    bumped: 0,
    promoted: 0,
    checked_in: 0,
    completed: 0,
    cancelled: 0,
    no_show: 0,
    expired: 0,
    seated: 0,
    waiting: 0,
    wait: { patients, median_minutes, p90_minutes },
    ...these,
  };
}

/**
 * Plays a Monday of doc1, in two slots of three seats, with everything in it that a report counts. W2 is PAID_PRIORITY
 * at the end, E4 is seen, F5 does not come, O8 leaves for doc2, F9 comes from there, the second slot is closed.
 */
export async function playDay(opd: TestApp): Promise<void> {
  const ids = new Map<string, string>();
  const at = (time: string) => opd.advanceTo(`${DATE}T${time}:00Z`);
  const book = async (name: string, more: object = {}) =>
    void ids.set(name, (await opd.book(name, more)).id);
  const send = async (method: 'POST' | 'PATCH', url: string, payload: object) =>
    expect(await opd.send({ method, url, payload })).toMatchObject({ status: 200 });
  const desk = (url: string, name: string, more: object = {}) =>
    send('POST', url, { token_id: ids.get(name), ...more });

  for (const name of ['W1', 'W2', 'O3']) await book(name);
  await at('08:10');
  await book('E4'); // bumps W2
  await at('08:20');
  await book('F5'); // bumps W1
  await at('08:30');
  await desk('/cancel', 'O3'); // W1 is promoted after 30 minutes
  await desk('/check-in', 'E4');
  await desk('/check-in', 'F5');
  await at('08:50');
  // Bumps W1 and is promoted after 50 minutes.
  await desk('/reclassify', 'W2', { patient_type: 'PAID_PRIORITY', reason: 'has paid' });
  await at('09:00');
  await send('POST', '/call-next', { doctor_id: 'doc1' }); // E4
  await at('09:10');
  await desk('/complete', 'E4');
  await desk('/no-show', 'F5'); // W1 is promoted after 70 minutes
  await at('09:12');
  await book('W7', { slot_id: FIRST });
  await at('09:15');
  await send('PATCH', `/slots/${FIRST}`, { capacity: 4 }); // W7 is promoted after 3 minutes
  await at('09:20');
  await send('PATCH', `/slots/${FIRST}`, { capacity: 3 }); // W7 is bumped
  await at('09:25');
  await desk('/move', 'W7', { slot_id: SECOND });
  await book('O8', { slot_id: SECOND });
  await desk('/move', 'O8', { slot_id: `doc2_slot1@${DATE}` });
  await book('F9', { doctor_id: 'doc2', slot_id: `doc2_slot1@${DATE}` });
  await desk('/move', 'F9', { slot_id: SECOND });
  await at('09:30');
  // Moves F9, who bumps W1, and W7, who waits.
  await send('POST', `/slots/${SECOND}/close`, { reason: 'ill', move_to: FIRST });
  await at('09:35');
  await desk('/cancel', 'W2'); // W1 is promoted after 95 minutes
  await at('10:29');
}
