import { expect } from 'vitest';
import type {
  ChangeView,
  HistoryView,
  ScheduleView,
  SlotView,
} from '../../../src/http/resources/index.ts';
import type { Answer, TestApp } from './app.ts';
import { snapshotOf } from '../engine/snapshot.ts';

// What a front desk does in these tests: it books patients, sends commands, and reads slots and histories.

/** The two slots of doc1 on the date of these tests, and the first slot of doc2. */
export const NINE = 'doc1_slot1@2026-11-23';
export const TEN = 'doc1_slot2@2026-11-23';
export const DOC2_NINE = 'doc2_slot1@2026-11-23';

/** The command that a mark behind a patient's name stands for. */
const STEPS = { '+': '/check-in', '!': '/start' } as const;

/** Token ids by patient name. */
export type Ids = Readonly<Record<string, string>>;

/**
 * Books patients, for example `E1 W2+ F3!`. A `+` checks the patient in, and a `!` starts the consultation. Returns the
 * ids of the tokens by name.
 */
export async function bookAll(opd: TestApp, patients: string, slot: string = NINE): Promise<Ids> {
  const doctor_id = /^doc\d/.exec(slot)?.[0] ?? 'doc1';
  const ids: Record<string, string> = {};
  for (const patient of patients.split(' ')) {
    const [, name = '', step = ''] = /^(\w+)(\W?)$/.exec(patient) ?? [];
    const { id } = await opd.book(name, { doctor_id, slot_id: slot });
    if (step === '+' || step === '!') await postOk(opd, STEPS[step], { token_id: id });
    ids[name] = id;
  }
  return ids;
}

const DOCTORS = ['doc1', 'doc2', 'doc3'];

/** The slots of the demo's doctors on the days around the date of these tests. */
async function slotsOf(opd: TestApp): Promise<SlotView[]> {
  const schedules = await Promise.all(
    DOCTORS.map((id) =>
      opd.get<ScheduleView>(`/schedule?doctor_id=${id}&from=2026-11-21&to=2026-11-27`),
    ),
  );
  return schedules.flatMap(({ body }) => body.slots);
}

/**
 * The patients of a slot, for example `'E1 P2:CHECKED_IN | W3'`: seated patients before the bar, waiting ones after it. A
 * status other than BOOKED or WAITING follows the name.
 */
export async function patientsIn(opd: TestApp, id: string): Promise<string> {
  const slot = (await slotsOf(opd)).find((each) => each.id === id);
  if (slot === undefined) throw new Error(`there is no slot ${id}`);
  const names = (tokens: SlotView['tokens']): string =>
    tokens
      .map(({ patient_name, status }) =>
        ['BOOKED', 'WAITING'].includes(status) ? patient_name : `${patient_name}:${status}`,
      )
      .join(' ');
  return `${names(slot.tokens)} | ${names(slot.waitlist)}`.trim();
}

/** The recorded changes of a token, oldest first. */
export async function historyOf(opd: TestApp, id: string): Promise<readonly ChangeView[]> {
  const { status, body } = await opd.get<HistoryView>(`/tokens/${id}/history`);
  expect(status).toBe(200);
  return body.changes;
}

/** The state of the engine, the schedules, and the histories of these tokens: equal when nothing has changed. */
export const stateOf = async (opd: TestApp, ids: readonly string[]) => ({
  engine: snapshotOf(opd.engine),
  slots: await slotsOf(opd),
  histories: await Promise.all(ids.map((id) => historyOf(opd, id))),
});

/** Sends a command, expects the status 200, and returns the body of the answer. */
export async function postOk<T = Record<string, unknown>>(
  opd: TestApp,
  url: string,
  body: object,
): Promise<T> {
  const answer = await opd.post<T>(url, body);
  expect(answer).toMatchObject({ status: 200 });
  return answer.body;
}

/** The text of an answer without `instance`, because `instance` names the request and a repeat is another request. */
export const withoutInstance = ({ text }: Answer): string => text.replace(/"instance":"[^"]*"/, '');
