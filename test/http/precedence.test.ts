import type { InjectOptions } from 'fastify';
import { expect, it } from 'vitest';
import type { ProblemCode } from '../../src/http/problem.ts';
import { booking, openApp, type TestApp } from '../support/app/app.ts';
import { doctorInput } from '../support/app/doctor-input.ts';

const TOO_LARGE = '{'.repeat(300 * 1024);
const JSON_TYPE = { 'content-type': 'application/json' };
const TEXT = { 'content-type': 'text/plain' };
const BAD_KEY = { 'idempotency-key': '"' };

type Faulty = readonly [expected: ProblemCode, faults: string, request: InjectOptions];

it.each<Faulty>([
  ['route_not_found', 'no route, too large', raw('POST', '/nope', TOO_LARGE, JSON_TYPE)],
  ['route_not_found', 'no route, not JSON', raw('POST', '/nope', '{', JSON_TYPE)],
  ['route_not_found', 'no route, unsupported media type', raw('PUT', '/doctor/x', '{}', TEXT)],
  ['method_not_allowed', 'wrong method, too large', raw('PATCH', '/book', TOO_LARGE, JSON_TYPE)],
  ['method_not_allowed', 'wrong method, not JSON', raw('PUT', '/book', '{', JSON_TYPE)],
  [
    'method_not_allowed',
    'wrong method, unsupported media type',
    raw('DELETE', '/slots', 'x', TEXT),
  ],
  ['method_not_allowed', 'wrong method, unknown slot', raw('PUT', '/slots/x', '{', JSON_TYPE)],
  ['unsupported_media_type', 'other type, not JSON', raw('POST', '/book', '{', TEXT)],
  ['payload_too_large', 'too large, not JSON', raw('POST', '/book', TOO_LARGE, JSON_TYPE)],
  ['malformed_json', 'not JSON, bad key', raw('POST', '/book', '{', { ...JSON_TYPE, ...BAD_KEY })],
  [
    'invalid_request',
    'bad field, unknown doctor',
    post('/book', booking('W', { doctor_id: 'x', slot_id: '' })),
  ],
  [
    'invalid_request',
    'bad key, unknown doctor',
    post('/book', booking('W', { doctor_id: 'x' }), BAD_KEY),
  ],
  [
    'doctor_not_found',
    'unknown doctor, unknown slot',
    post('/book', booking('W', { doctor_id: 'x', slot_id: 'y' })),
  ],
  [
    'slot_not_found',
    "another doctor's slot",
    post('/book', booking('W', { slot_id: 'doc2_slot1@2026-11-23' })),
  ],
  [
    'slot_not_found',
    "another doctor's session",
    post('/book', booking('W', { slot_id: 'doc2_slot1' })),
  ],
  ['doctor_not_found', 'unknown doctor, slot over', post('/slots', slot({ doctor_id: 'x' }))],
  ['slot_ended', 'slot over, id taken', post('/slots', slot({}))],
  [
    'invalid_request',
    'ends before it starts, unknown doctor',
    post('/slots', slot({ doctor_id: 'x', end_time: '2026-11-01T08:00:00Z' })),
  ],
  [
    'invalid_request',
    'bad query, unknown slot',
    post('/slots/x/close?dry_run=1', { reason: 'ill' }),
  ],
  ['invalid_request', 'bad path, bad body', post('/slots/a%20b/close', {})],
  [
    'invalid_request',
    'a reserved reason, unknown slot',
    post('/slots/x/close', { reason: 'session_ended' }),
  ],
  [
    'invalid_request',
    'no calendar day, unknown doctor of a delay',
    post('/doctors/x/delay', { date: '2026-02-30', minutes: 5 }),
  ],
  ['slot_not_found', 'unknown slot, unknown token', post('/move', { token_id: 'x', slot_id: 'y' })],
  [
    'doctor_not_found',
    'unknown doctor and slot of call-next',
    post('/call-next', { doctor_id: 'x', slot_id: 'y' }),
  ],
  [
    'slot_not_found',
    'unknown target slot, session in the path',
    post('/slots/doc1_slot1/close', { reason: 'ill', move_to: 'x' }),
  ],
  [
    'invalid_request',
    'no calendar day, unknown doctor of a schedule',
    { method: 'GET', url: '/schedule?doctor_id=x&date=2026-02-30' },
  ],
])('the answer is %s when two faults apply: %s', async (expected, _faults, request) => {
  const opd = await openApp();
  expect(await opd.send(request)).toMatchObject({ body: { code: expected } });
});

it.each<readonly [ProblemCode, string, (opd: TestApp) => Promise<unknown>, object]>([
  [
    'duplicate_booking',
    'booked already, and slot over',
    (opd) => opd.advanceTo('2026-11-23T12:00:00Z'),
    { patient_id: 'p1' },
  ],
  ['duplicate_booking', 'booked already, and waitlist full', fillUp, { patient_id: 'p1' }],
  [
    'slot_ended',
    'over, and waitlist full',
    async (opd) => {
      await fillUp(opd);
      await opd.advanceTo('2026-11-23T12:00:00Z');
    },
    {},
  ],
  [
    'slot_ended',
    'over, and closed',
    async (opd) => {
      await opd.put('/doctors/doc1', doctorInput({ sessions: [] }));
      await opd.advanceTo('2026-11-24T12:00:00Z');
    },
    { slot_id: 'doc1_slot1@2026-11-24' },
  ],
  ['stopping', 'stopping, and unknown doctor', stop, { doctor_id: 'x' }],
  ['invalid_request', 'a bad field, and stopping', stop, { patient_type: 'X' }],
])('the answer is %s when two faults apply: %s', async (expected, _faults, prepare, more) => {
  const opd = await openApp({ waitlistMax: 1 });
  await opd.book('W1', { patient_id: 'p1' });
  await prepare(opd);
  const request = booking('W9', { slot_id: 'doc1_slot1@2026-11-23', ...more });
  expect(await opd.post('/book', request)).toMatchObject({ body: { code: expected } });
});

/** A patient with tokens in three slots of doc1, one of them in consultation. The first slot of doc2 is full. */
async function openBusy(): Promise<{ opd: TestApp; ids: Readonly<Record<string, string>> }> {
  const opd = await openApp({ waitlistMax: 1 });
  const ids: Record<string, string> = {};
  for (const name of ['W1', 'W2', 'W3'])
    ids[name] = (await opd.book(name, { patient_id: 'p1', slot_id: SLOT_OF[name] })).id;
  for (const name of ['W4', 'W5', 'W6', 'W7'])
    ids[name] = (await opd.book(name, { slot_id: 'doc2_slot1', doctor_id: 'doc2' })).id;
  await opd.post('/start', { token_id: ids['W1'] });
  return { opd, ids };
}

const SLOT_OF: Readonly<Record<string, string>> = {
  W1: 'doc1_slot1@2026-11-23',
  W2: 'doc1_slot2@2026-11-23',
  W3: 'doc1_slot1@2026-11-24',
};

type Ids = Readonly<Record<string, string>>;

it.each<readonly [ProblemCode, string, string, (ids: Ids) => object]>([
  [
    'duplicate_booking',
    'a patient with a token in the target slot, and a token in consultation',
    '/move',
    ({ W1 = '' }) => ({ token_id: W1, slot_id: SLOT_OF['W2'] }),
  ],
  [
    'waitlist_full',
    'a full waitlist, and a token in consultation',
    '/move',
    ({ W1 = '' }) => ({ token_id: W1, slot_id: 'doc2_slot1' }),
  ],
  [
    'invalid_transition',
    'a waiting token, and too early',
    '/no-show',
    ({ W7 = '' }) => ({ token_id: W7 }),
  ],
  [
    'invalid_transition',
    'a token in consultation, and the doctor is in a consultation',
    '/start',
    ({ W1 = '' }) => ({ token_id: W1 }),
  ],
  [
    'consultation_in_progress',
    'a consultation in progress, and no patient to call',
    '/call-next',
    () => ({ doctor_id: 'doc1' }),
  ],
  [
    'slot_not_found',
    "another doctor's slot, and a consultation in progress",
    '/call-next',
    () => ({ doctor_id: 'doc1', slot_id: 'doc2_slot1' }),
  ],
  [
    'slot_closed',
    'closed with itself as the target',
    '/slots/doc1_slot1@2026-11-23/close',
    () => ({ reason: 'ill', move_to: SLOT_OF['W1'] }),
  ],
])('the answer is %s when two faults apply: %s', async (expected, _faults, url, bodyOf) => {
  const { opd, ids } = await openBusy();
  expect(await opd.post(url, bodyOf(ids))).toMatchObject({ body: { code: expected } });
});

it.each<readonly [ProblemCode, string, object]>([
  ['invalid_request', 'a bad field, and a key of another request', { patient_name: '' }],
  ['idempotency_key_reused', 'a key of another request, and unknown doctor', { doctor_id: 'x' }],
])('the answer is %s when two faults apply: %s', async (expected, _faults, more) => {
  const opd = await openApp();
  const key = { 'idempotency-key': 'k' };
  await opd.book('W1', {}, key);
  expect(await opd.post('/book', booking('W2', more), key)).toMatchObject({
    body: { code: expected },
  });
});

function raw(
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  url: string,
  payload: string,
  headers: Record<string, string>,
): InjectOptions {
  return { method, url, payload, headers };
}

function post(url: string, payload: object, headers: Record<string, string> = {}): InjectOptions {
  return { method: 'POST', url, payload, headers };
}

function slot(more: object): object {
  const [start_time, end_time] = ['2026-11-01T09:00:00Z', '2026-11-01T10:00:00Z'];
  return { id: 'doc1_slot1', doctor_id: 'doc1', start_time, end_time, capacity: 1, ...more };
}

async function fillUp(opd: TestApp): Promise<void> {
  for (const name of ['W2', 'W3', 'W4']) await opd.book(name);
}

function stop(opd: TestApp): Promise<void> {
  opd.service.stop();
  return Promise.resolve();
}
