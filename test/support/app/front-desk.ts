import { expect } from 'vitest';
import type {
  ChangeView,
  HistoryView,
  ScheduleView,
  SlotView,
} from '../../../src/http/resources/index.ts';
import type { Answer, TestApp } from './app.ts';
import { snapshotOf } from '../engine/snapshot.ts';

// The front desk: what it asks of the program, and what it is told.

/** The first doctor's two slots of the day of these tests, and one of the second doctor's. */
export const NINE = 'doc1_slot1@2026-11-23';
export const TEN = 'doc1_slot2@2026-11-23';
export const DOC2_NINE = 'doc2_slot1@2026-11-23';

/** What follows a name at the desk. */
const STEPS = { '+': '/check-in', '!': '/start' } as const;

export type Ids = Readonly<Record<string, string>>;

/** Books these people, such as `E1 W2+ F3!`: a `+` checks in, a `!` goes to the doctor; their tokens' ids by name. */
export async function bookAll(opd: TestApp, people: string, slot: string = NINE): Promise<Ids> {
  const doctor_id = /^doc\d/.exec(slot)?.[0] ?? 'doc1';
  const ids: Record<string, string> = {};
  for (const person of people.split(' ')) {
    const [, name = '', step = ''] = /^(\w+)(\W?)$/.exec(person) ?? [];
    const { id } = await opd.book(name, { doctor_id, slot_id: slot });
    if (step === '+' || step === '!') await postOk(opd, STEPS[step], { token_id: id });
    ids[name] = id;
  }
  return ids;
}

const DOCTORS = ['doc1', 'doc2', 'doc3'];

/** The slots of the demo's doctors in the days around the day of these tests. */
async function slotsOf(opd: TestApp): Promise<SlotView[]> {
  const schedules = await Promise.all(
    DOCTORS.map((id) =>
      opd.get<ScheduleView>(`/schedule?doctor_id=${id}&from=2026-11-21&to=2026-11-27`),
    ),
  );
  return schedules.flatMap(({ body }) => body.slots);
}

/** `'E1 P2:CHECKED_IN | W3'`: the seated before the line and the waiting behind it, with a status that is not told by that. */
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

export async function historyOf(opd: TestApp, id: string): Promise<readonly ChangeView[]> {
  const { status, body } = await opd.get<HistoryView>(`/tokens/${id}/history`);
  expect(status).toBe(200);
  return body.changes;
}

/** What the engine knows, what the schedules show, and what is on record of these tokens. */
export const stateOf = async (opd: TestApp, ids: readonly string[]) => ({
  engine: snapshotOf(opd.engine),
  slots: await slotsOf(opd),
  histories: await Promise.all(ids.map((id) => historyOf(opd, id))),
});

/** The answer to a command that is accepted. */
export async function postOk<T = Record<string, unknown>>(
  opd: TestApp,
  url: string,
  body: object,
): Promise<T> {
  const answer = await opd.post<T>(url, body);
  expect(answer).toMatchObject({ status: 200 });
  return answer.body;
}

/** An answer but for the request that a problem names: a repeat is another one. */
export const withoutInstance = ({ text }: Answer): string => text.replace(/"instance":"[^"]*"/, '');
