import { hash } from 'node:crypto';
import { expect, it } from 'vitest';
import { epochMs } from '../../src/engine/index.ts';
import { openApp, type TestApp } from '../support/app/app.ts';
import { NINE } from '../support/app/front-desk.ts';

// A response that an earlier version of the program stored is replayed. So the request hash and the format must not change.

/** Stores a response, as a command of an earlier version would have stored it. */
const storeResponse = ({ store }: TestApp, request: string, answer: string): Promise<unknown> =>
  store.transact({ doctorIds: [] }, () => ({
    changes: [],
    answer: null,
    origin: { actor: 'anonymous', reason: null },
    response: {
      ...{ caller: 'anonymous', key: 'k', answer },
      requestHash: hash('sha256', request, 'base64url'),
      at: epochMs(Date.parse('2026-11-23T07:00:00Z')),
    },
  }));

const TOKEN = {
  ...{ id: 'before', number: 7, patient_name: 'Asha', type: 'WALK_IN', status: 'BOOKED' },
  ...{ timestamp: '2026-11-23T07:00:00.000Z', slot_id: NINE, doctor_id: 'doc1' },
  ...{ start_time: '2026-11-23T09:00:00.000Z', end_time: '2026-11-23T10:00:00.000Z' },
  ...{ waitlist_position: null, estimated_time: '2026-11-23T09:00:00.000Z' },
};

const booking = {
  doctor_id: 'doc1',
  slot_id: 'doc1_slot1',
  patient_name: ' Asha',
  patient_type: 'WALK_IN',
};

it.each<[url: string, body: object, request: string]>([
  [
    '/book',
    booking,
    '["book",{"doctor_id":"doc1","patient_name":" Asha","patient_type":"WALK_IN","slot_id":"doc1_slot1"}]',
  ],
  ['/check-in', { token_id: 'before' }, '["check-in",{"token_id":"before"}]'],
  [
    '/slots/doc1_slot1%402026-11-23/close',
    { reason: 'ill' },
    '["slots/doc1_slot1@2026-11-23/close",{"reason":"ill"}]',
  ],
  [
    '/doctors/doc1/delay',
    { minutes: 10, date: '2026-11-23' },
    '["doctors/doc1/delay",{"date":"2026-11-23","minutes":10}]',
  ],
])('a stored refusal is replayed: POST %s %j', async (url, body, request) => {
  const opd = await openApp();
  const refusal = { code: 'consultation_in_progress', tokenId: 'before' };
  await storeResponse(opd, request, JSON.stringify({ ok: false, refusal }));
  const answer = await opd.post(url, body, { 'idempotency-key': '"k"' });
  expect(answer).toMatchObject({
    status: 409,
    headers: { 'idempotency-replayed': 'true' },
    body: { code: 'consultation_in_progress', token_id: 'before' },
  });
});

it('a stored booking is replayed unchanged, with its Location header', async () => {
  const opd = await openApp();
  const request = `["book",${JSON.stringify(booking, Object.keys(booking).sort())}]`;
  const stored = { ...TOKEN, bumped: null };
  await storeResponse(opd, request, JSON.stringify({ ok: true, value: stored }));
  const answer = await opd.post('/book', booking, { 'idempotency-key': 'k' });
  expect(answer).toMatchObject({
    status: 201,
    headers: { 'idempotency-replayed': 'true', location: '/tokens/before' },
  });
  expect(answer.body).toEqual(stored);
});
