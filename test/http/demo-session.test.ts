import { expect, it } from 'vitest';
import type { BookingView, CancelView } from '../../src/http/resources/index.ts';
import { openApp } from '../support/app/app.ts';

const JOHN = {
  doctor_id: 'doc1',
  slot_id: 'doc1_slot1',
  patient_name: 'John Doe',
  patient_type: 'ONLINE_BOOKING',
};

it('the booking of the original documentation is answered with a token', async () => {
  const opd = await openApp();
  const { status, headers, body } = await opd.post<BookingView>('/book', JOHN);
  expect(status).toBe(201);
  expect(headers).toMatchObject({
    location: `/tokens/${body.id}`,
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  });
  expect(body).toEqual({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    number: 1,
    room: null,
    patient_name: 'John Doe',
    type: 'ONLINE_BOOKING',
    timestamp: '2026-11-23T08:00:00.000Z',
    slot_id: 'doc1_slot1@2026-11-23',
    doctor_id: 'doc1',
    status: 'BOOKED',
    start_time: '2026-11-23T09:00:00.000Z',
    end_time: '2026-11-23T10:00:00.000Z',
    waitlist_position: null,
    estimated_time: '2026-11-23T09:00:00.000Z',
    bumped: null,
  });
});

it('the demo works: three seats, a waiting token, an emergency that bumps a token, a cancel that promotes the first waiting token', async () => {
  const opd = await openApp();
  const seated = [
    await opd.book('O1'),
    await opd.book('W2'),
    await opd.book('P3', { patient_id: 'p-3' }),
  ];
  expect(seated.map(({ status, number }) => [status, number])).toEqual([
    ['BOOKED', 1],
    ['BOOKED', 2],
    ['BOOKED', 3],
  ]);

  const fourth = await opd.book('O4');
  expect(fourth).toMatchObject({
    status: 'BOOKED',
    bumped: { id: seated[1]?.id, number: 2, type: 'WALK_IN', waitlist_position: 1 },
  });
  const fifth = await opd.book('W5');
  expect(fifth).toMatchObject({
    status: 'WAITING',
    waitlist_position: 2,
    estimated_time: null,
    bumped: null,
  });
  expect(fifth.alternatives).toEqual([
    { id: 'doc1_slot2@2026-11-23', start_time: '2026-11-23T10:00:00.000Z', seats_left: 3 },
    { id: 'doc1_slot1@2026-11-24', start_time: '2026-11-24T09:00:00.000Z', seats_left: 3 },
    { id: 'doc1_slot2@2026-11-24', start_time: '2026-11-24T10:00:00.000Z', seats_left: 3 },
  ]);

  const emergency = await opd.book('E6');
  expect(emergency).toMatchObject({
    status: 'BOOKED',
    bumped: { id: fourth.id, number: 4, type: 'ONLINE_BOOKING', waitlist_position: 1 },
  });

  const cancelled = await opd.post<CancelView>('/cancel', { token_id: seated[0]?.id });
  expect(cancelled).toMatchObject({
    status: 200,
    body: {
      status: 'CANCELLED',
      id: seated[0]?.id,
      promoted: { id: fourth.id, number: 4, status: 'BOOKED', waitlist_position: null },
    },
  });
  const slot = await opd.slot('2026-11-23');
  expect(slot).toMatchObject({ capacity: 3, seated: 3, seats_left: 0, waiting: 2, status: 'OPEN' });
  expect(slot.tokens.map((token) => token.patient_name)).toEqual(['E6', 'P3', 'O4']);
  expect(slot.waitlist.map((token) => token.patient_name)).toEqual(['W2', 'W5']);
  expect(slot.waitlist.map((token) => token.waitlist_position)).toEqual([1, 2]);
  expect(slot.tokens.map((token) => token.estimated_time)).toEqual([
    '2026-11-23T09:00:00.000Z',
    '2026-11-23T09:20:00.000Z',
    '2026-11-23T09:40:00.000Z',
  ]);
});

it('a seated token has no alternatives, and a waiting token has an empty list when no seat is free', async () => {
  const opd = await openApp({ horizonDays: 1, now: '2026-11-23T09:00:00Z' });
  expect(await opd.book('E0')).not.toHaveProperty('alternatives');
  for (const slot_id of ['doc1_slot1@2026-11-23', 'doc1_slot2@2026-11-23'])
    for (const name of ['E1', 'E2', 'E3']) await opd.book(name, { slot_id });
  for (const slot_id of ['doc1_slot1@2026-11-24', 'doc1_slot2@2026-11-24'])
    for (const name of ['E1', 'E2', 'E3']) await opd.book(name, { slot_id });
  expect((await opd.book('W9')).alternatives).toEqual([]);
});

it('a no-show frees the seat, and the first waiting token is promoted', async () => {
  const opd = await openApp();
  const first = await opd.book('W1');
  for (const name of ['W2', 'W3', 'W4']) await opd.book(name);
  const answer = await opd.post('/no-show', { token_id: first.id, force: true });
  expect(answer).toMatchObject({
    status: 200,
    body: {
      id: first.id,
      status: 'NO_SHOW',
      waitlist_position: null,
      estimated_time: null,
      promoted: { patient_name: 'W4', status: 'BOOKED' },
    },
  });
});

it('token numbers are counted for each doctor and day', async () => {
  const opd = await openApp();
  const numbers = [
    await opd.book('W1'),
    await opd.book('W2', { slot_id: 'doc1_slot2' }),
    await opd.book('W3', { slot_id: 'doc1_slot1@2026-11-24' }),
    await opd.book('W4', { doctor_id: 'doc2', slot_id: 'doc2_slot1' }),
  ].map(({ number }) => number);
  expect(numbers).toEqual([1, 2, 1, 1]);
});
