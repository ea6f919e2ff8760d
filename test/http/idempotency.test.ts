import { expect, it } from 'vitest';
import {
  booking,
  openApp,
  openAppOnTestDisk,
  type Answer,
  type TestApp,
} from '../support/app/app.ts';
import { withoutInstance } from '../support/app/front-desk.ts';
import { snapshotOf } from '../support/engine/snapshot.ts';

const KEY = { 'idempotency-key': 'k-1' };
const SLOT = {
  doctor_id: 'doc1',
  start_time: '2026-11-23T12:00:00Z',
  end_time: '2026-11-23T13:00:00Z',
  capacity: 1,
};

const DELAY = { date: '2026-11-23', minutes: 20 };

const checkedIn = async (opd: TestApp): Promise<string> => {
  const { id } = await opd.book('W1');
  await opd.post('/check-in', { token_id: id });
  return id;
};

const started = async (opd: TestApp): Promise<string> => {
  const { id } = await opd.book('W1');
  await opd.post('/start', { token_id: id });
  return id;
};

/** Expects that the repeat gets exactly the first answer and changes nothing. */
const expectReplay = async (
  opd: TestApp,
  first: Answer,
  repeat: () => Promise<Answer>,
): Promise<void> => {
  const before = snapshotOf(opd.engine);
  const again = await repeat();
  expect(again).toMatchObject({ headers: { 'idempotency-replayed': 'true' } });
  expect([again.status, again.headers['location']]).toEqual([
    first.status,
    first.headers['location'],
  ]);
  expect(withoutInstance(again)).toEqual(withoutInstance(first));
  expect(first.headers).not.toHaveProperty('idempotency-replayed');
  expect(snapshotOf(opd.engine)).toEqual(before);
};

it.each<[string, (opd: TestApp) => Promise<[url: string, body: object]>]>([
  ['/book', () => Promise.resolve(['/book', booking('E1')])],
  ['/cancel', async (opd) => ['/cancel', { token_id: (await opd.book('W1')).id, reason: 'ill' }]],
  ['/no-show', async (opd) => ['/no-show', { token_id: (await opd.book('W1')).id, force: true }]],
  ['/check-in', async (opd) => ['/check-in', { token_id: (await opd.book('W1')).id }]],
  ['/start', async (opd) => ['/start', { token_id: (await opd.book('W1')).id }]],
  ['/complete', async (opd) => ['/complete', { token_id: await started(opd) }]],
  [
    '/call-next',
    async (opd) => {
      await checkedIn(opd);
      return ['/call-next', { doctor_id: 'doc1' }];
    },
  ],
  [
    '/move',
    async (opd) => ['/move', { token_id: (await opd.book('W1')).id, slot_id: 'doc2_slot1' }],
  ],
  [
    '/reclassify',
    async (opd) => {
      const { id } = await opd.book('W1');
      return ['/reclassify', { token_id: id, patient_type: 'EMERGENCY', reason: 'chest pain' }];
    },
  ],
  [
    '/slots/{id}/close',
    async (opd) => {
      const { slot_id } = await opd.book('W1');
      return [`/slots/${slot_id}/close`, { reason: 'ill', move_to: 'doc1_slot2' }];
    },
  ],
  ['/doctors/{id}/delay', () => Promise.resolve(['/doctors/doc1/delay', DELAY])],
  ['/slots', () => Promise.resolve(['/slots', SLOT])],
])('%s with a key runs once, and a repeat gets the same answer (R9)', async (_url, prepare) => {
  const opd = await openApp();
  const [url, body] = await prepare(opd);
  const first = await opd.post(url, body, KEY);
  expect(first.status).toBeLessThan(300);
  await opd.book('W8');
  opd.now = '2026-11-23T08:30:00Z';
  await expectReplay(opd, first, () => opd.post(url, body, KEY));
});

it.each<[code: string, url: string, body: object]>([
  ['doctor_not_found', '/book', booking('W1', { doctor_id: 'x' })],
  ['slot_not_found', '/book', booking('W1', { slot_id: 'x' })],
  ['slot_ended', '/book', booking('W1', { slot_id: 'doc1_slot1@2026-11-23' })],
  ['waitlist_full', '/book', booking('W1', { slot_id: 'full' })],
  ['token_not_found', '/cancel', { token_id: 'x' }],
  ['doctor_not_found', '/slots', { ...SLOT, doctor_id: 'x' }],
  ['id_taken', '/slots', { ...SLOT, id: 'doc1_slot1' }],
  ['token_not_found', '/check-in', { token_id: 'x' }],
  ['nobody_waiting', '/call-next', { doctor_id: 'doc1' }],
  ['slot_not_found', '/move', { token_id: 'x', slot_id: 'y' }],
  ['token_not_found', '/move', { token_id: 'x', slot_id: 'doc1_slot2' }],
  ['slot_not_found', '/slots/x/close', { reason: 'ill' }],
  ['slot_not_found', '/slots/doc1_slot2/close', { reason: 'ill', move_to: 'x' }],
  ['slot_ended', '/slots/doc1_slot1@2026-11-23/close', { reason: 'ill' }],
  ['doctor_not_found', '/doctors/x/delay', DELAY],
])('the refusal %s of %s is stored and replayed', async (code, url, body) => {
  const opd = await openApp({ waitlistMax: 0 });
  await opd.advanceTo('2026-11-23T10:45:00Z');
  await opd.post('/slots', { ...SLOT, id: 'full' });
  await opd.book('W0', { slot_id: 'full' });
  const first = await opd.post(url, body, KEY);
  expect(first).toMatchObject({ body: { code } });
  await expectReplay(opd, first, () => opd.post(url, body, KEY));
});

it('the refusal of a token that was cancelled days ago is stored and replayed', async () => {
  const opd = await openApp();
  const { id } = await opd.book('W1');
  await opd.post('/cancel', { token_id: id });
  await opd.advanceTo('2026-11-30T08:00:00Z');
  const first = await opd.post('/cancel', { token_id: id }, KEY);
  expect(first).toMatchObject({ body: { code: 'token_already_cancelled' } });
  await expectReplay(opd, first, () => opd.post('/cancel', { token_id: id }, KEY));
});

it('answers with the status 400 or 503 are not stored, because the command did not run', async () => {
  const { opd, disk } = await openAppOnTestDisk();
  const bad = booking('W1', { patient_type: 'X' });
  expect(await opd.post('/book', bad, KEY)).toMatchObject({ status: 400 });
  const slot = { ...SLOT, end_time: SLOT.start_time };
  expect(await opd.post('/slots', slot, KEY)).toMatchObject({ status: 400 });
  disk.fill();
  const waiting = opd.post('/book', booking('W9'));
  while (disk.state === 'ready') await new Promise(setImmediate);
  expect(await opd.post('/book', booking('W1'), KEY)).toMatchObject({ status: 503 });
  disk.makeSpace();
  await waiting;
  const answer = await opd.post('/book', booking('W1'), KEY);
  expect(answer).toMatchObject({ status: 201 });
  expect(answer.headers).not.toHaveProperty('idempotency-replayed');
});

it('a key is refused for another body or route, and still replays the first answer', async () => {
  const opd = await openApp();
  const first = await opd.post('/book', booking('W1'), KEY);
  const reused = { status: 422, body: { code: 'idempotency_key_reused' } };
  expect(await opd.post('/book', booking('W2'), KEY)).toMatchObject(reused);
  expect(await opd.post('/book', booking('W1', { patient_id: 'p' }), KEY)).toMatchObject(reused);
  expect(await opd.post('/cancel', { token_id: 'x' }, KEY)).toMatchObject(reused);
  expect(await opd.post('/slots', SLOT, KEY)).toMatchObject(reused);
  const noShow = { token_id: 'y' };
  await opd.post('/no-show', noShow, { 'idempotency-key': 'k-2' });
  const other = await opd.post('/cancel', noShow, { 'idempotency-key': 'k-2' });
  expect(other).toMatchObject(reused);
  await expectReplay(opd, first, () => opd.post('/book', booking('W1'), KEY));
});

it('white space and the order of fields do not make another body', async () => {
  const opd = await openApp();
  const headers = { ...KEY, 'content-type': 'application/json' };
  const send = (payload: string) => opd.send({ method: 'POST', url: '/book', payload, headers });
  const first = await send(JSON.stringify(booking('W1')));
  await expectReplay(opd, first, () => send(JSON.stringify(booking('W1'), null, 2)));
  const reversed = Object.fromEntries(Object.entries(booking('W1')).reverse());
  await expectReplay(opd, first, () => send(JSON.stringify(reversed)));
});

it.each([
  ['without quotes', 'k-1', 'quoted', '"k-1"'],
  ['quoted with spaces', '" k 1 "', 'the same', '" k 1 "'],
  ['of 255 characters', 'x'.repeat(255), 'quoted', `"${'x'.repeat(255)}"`],
  [
    'of punctuation',
    "!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
    'the same',
    "!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
  ],
])('a key %s equals the key %s', async (_one, key, _other, again) => {
  const opd = await openApp();
  const first = await opd.post('/book', booking('W1'), { 'idempotency-key': key });
  const repeat = () => opd.post('/book', booking('W1'), { 'idempotency-key': again });
  await expectReplay(opd, first, repeat);
});

it.each([
  ['256 characters', 'x'.repeat(256)],
  ['256 quoted characters', `"${'x'.repeat(256)}"`],
  ['no characters', ''],
  ['no characters in quotes', '""'],
  ['one quote', '"k'],
  ['a quote inside', 'a"b'],
  ['letters beyond ASCII', 'clé'],
])('a key of %s is refused', async (_what, key) => {
  const opd = await openApp();
  const answer = await opd.post('/book', booking('W1'), { 'idempotency-key': key });
  const errors = [{ pointer: '/idempotency-key' }];
  expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request', errors } });
});

it('keys that differ in case are different keys', async () => {
  const opd = await openApp();
  await opd.book('W1', {}, { 'idempotency-key': 'a' });
  const other = await opd.post('/book', booking('W1'), { 'idempotency-key': 'A' });
  expect(other).toMatchObject({ status: 201, body: { number: 2 } });
});

it('an answer is stored for 24 hours', async () => {
  const opd = await openApp();
  const body = booking('W1', { slot_id: 'doc1_slot1@2026-11-25' });
  const first = await opd.post('/book', body, KEY);
  opd.now = '2026-11-24T07:59:59.999Z';
  await expectReplay(opd, first, () => opd.post('/book', body, KEY));
  opd.now = '2026-11-24T08:00:00Z';
  const later = await opd.post('/book', body, KEY);
  expect(later).toMatchObject({ status: 201, body: { number: 2 } });
  opd.now = '2026-11-25T07:00:00Z';
  await expectReplay(opd, later, () => opd.post('/book', body, KEY));
});

it('a repeat before the first answer is durable gets 409, and one booking is made', async () => {
  const { opd, disk } = await openAppOnTestDisk();
  disk.hold();
  const first = opd.post('/book', booking('W1'), KEY);
  for (const body of [booking('W1'), booking('W2')])
    expect(await opd.post('/book', body, KEY)).toMatchObject({
      status: 409,
      headers: { 'retry-after': '1' },
      body: { code: 'idempotency_in_progress' },
    });
  disk.release();
  await expectReplay(opd, await first, () => opd.post('/book', booking('W1'), KEY));
  expect(await opd.slot('2026-11-23')).toMatchObject({ seated: 1 });
});

it('a failed request frees its key', async () => {
  const opd = await openApp();
  const storedResponse = opd.archive.storedResponse.bind(opd.archive);
  opd.archive.storedResponse = () => Promise.reject(new Error('unreadable'));
  expect(await opd.post('/book', booking('W1'), KEY)).toMatchObject({ status: 500 });
  opd.archive.storedResponse = storedResponse;
  expect(await opd.post('/book', booking('W1'), KEY)).toMatchObject({ status: 201 });
});
