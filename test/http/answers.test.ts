import { expect, it } from 'vitest';
import { epochMs, slotId } from '../../src/engine/index.ts';
import { revisedSlotOf } from '../../src/http/resources/slot.ts';
import { ANONYMOUS } from '../../src/service/index.ts';
import { booking, openApp, type TestApp } from '../support/app/app.ts';
import { postOk } from '../support/app/front-desk.ts';

// The schema of an answer drops every field that it does not describe. These tests prove that no field of the service's
// result is dropped.

const NINE = 'doc1_slot1@2026-11-23';
const TEN = 'doc1_slot2@2026-11-23';
const DOC2_NINE = 'doc2_slot1@2026-11-23';

/** Two full slots of two doctors with a waitlist, and a slot of the first doctor with two checked-in patients. */
async function open(): Promise<{ opd: TestApp; id: (name: string) => string }> {
  const opd = await openApp();
  const ids = new Map<string, string>();
  for (const [slot, names] of [
    [NINE, 'P1 W2 W3 W4'],
    [TEN, 'O5 W6'],
    [DOC2_NINE, 'W7 W8 W9 W0'],
  ] as const)
    for (const name of names.split(' ')) {
      const more = { doctor_id: slot.slice(0, 4), slot_id: slot, patient_id: `p-${name}` };
      ids.set(name, (await opd.book(name, more)).id);
    }
  const id = (name: string): string => ids.get(name) ?? '';
  for (const name of ['O5', 'W6']) await postOk(opd, '/check-in', { token_id: id(name) });
  await postOk(opd, '/call-next', { doctor_id: 'doc1' });
  return { opd, id };
}

type IdOf = (name: string) => string;

it.each<[what: string, url: string, body: (id: IdOf) => object, expected: object]>([
  ['the bumped token', '/book', () => booking('E1', { slot_id: NINE }), { bumped: {} }],
  ['alternatives', '/book', () => booking('W1', { slot_id: NINE }), { alternatives: [{}, {}, {}] }],
  ['the promoted token', '/cancel', (id) => ({ token_id: id('W2') }), { promoted: {} }],
  [
    'the promoted token',
    '/no-show',
    (id) => ({ token_id: id('W2'), force: true }),
    { status: 'NO_SHOW', promoted: {} },
  ],
  ['the token', '/check-in', (id) => ({ token_id: id('W2') }), { status: 'CHECKED_IN' }],
  ['the token', '/start', (id) => ({ token_id: id('W7') }), { status: 'IN_CONSULTATION' }],
  ['the token', '/complete', (id) => ({ token_id: id('O5') }), { status: 'COMPLETED' }],
  [
    'the completed token',
    '/call-next',
    () => ({ doctor_id: 'doc1', complete_current: true }),
    { completed: { status: 'COMPLETED' } },
  ],
  [
    'the bumped and the promoted token',
    '/move',
    (id) => ({ token_id: id('P1'), slot_id: DOC2_NINE }),
    { bumped: {}, promoted: {} },
  ],
  [
    'the alternatives',
    '/move',
    (id) => ({ token_id: id('W2'), slot_id: DOC2_NINE }),
    { status: 'WAITING', alternatives: [{}, {}, {}] },
  ],
  [
    'the bumped token',
    '/reclassify',
    (id) => ({ token_id: id('W4'), patient_type: 'EMERGENCY', reason: 'triage' }),
    { bumped: {}, promoted: null },
  ],
  [
    'the outcome for each token',
    `/slots/${NINE}/close`,
    () => ({ reason: 'ill', move_to: DOC2_NINE }),
    { affected: [{}, {}, {}, {}], bumped: [{}] },
  ],
  [
    'the slots of the day',
    '/doctors/doc1/delay',
    () => ({ date: '2026-11-23', minutes: 10 }),
    { slots: [{ waitlist: [{}] }, { tokens: [{}, {}] }] },
  ],
])(
  '%s: POST %s %# answers all fields of the result of the service',
  async (_what, url, bodyOf, expected) => {
    const { opd, id } = await open();
    const answer = await opd.post(url, bodyOf(id), { 'idempotency-key': 'k' });
    expect(answer).toMatchObject({ body: expected });
    const stored = await opd.archive.storedResponse(
      'anonymous',
      'k',
      epochMs(Date.parse('2026-11-23')),
    );
    expect(JSON.parse(stored?.answer ?? 'null')).toEqual({ ok: true, value: answer.body });
  },
);

it('PATCH of a slot answers all fields of the result of the service', async () => {
  const { opd } = await open();
  for (const capacity of [1, 4]) {
    const command = {
      slotId: slotId(NINE),
      capacity,
      delayMinutes: undefined,
      intake: undefined,
      isDryRun: true,
    };
    const context = { identity: ANONYMOUS, idempotency: null };
    const { result } = await opd.service.clinic.reviseSlot(command, context, revisedSlotOf);
    const { body } = await opd.patch(`/slots/${NINE}`, { capacity });
    expect(JSON.parse(JSON.stringify(result))).toEqual({ ok: true, value: body });
    expect(body).toMatchObject(capacity === 1 ? { bumped: [{}, {}] } : { promoted: [{}, {}, {}] });
  }
});
