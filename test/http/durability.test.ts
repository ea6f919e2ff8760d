import { expect, it } from 'vitest';
import type { BookingView, ScheduleView } from '../../src/http/resources/index.ts';
import { booking, openAppOnTestDisk, type Answer, type TestApp } from '../support/app/app.ts';

// Promise 2: no answer shows a state that could still be lost. The tests hold and release the disk.

/** Sends requests to other doctors one after another, and returns the indexes of the requests answered before their end. */
const answeredDuringOtherRequests = async (opd: TestApp, requests: readonly Promise<unknown>[]) => {
  const answered: number[] = [];
  for (const [index, request] of requests.entries()) void request.then(() => answered.push(index));
  const unknownSlot = booking('W1', { doctor_id: 'doc2', slot_id: 'no-such-slot' });
  for (const url of ['/schedule?doctor_id=doc2', '/doctors/doc2', '/schedule?doctor_id=doc3']) {
    expect(await opd.get(url)).toMatchObject({ status: 200 });
    expect(await opd.post('/book', unknownSlot)).toMatchObject({ status: 404 });
  }
  return answered;
};

const idOf = (opd: TestApp, name: string): string => {
  const slots = Array.from(opd.engine.doctors).flatMap((doctor) => doctor.slots);
  const tokens = slots.flatMap((slot) => [...slot.seatedTokens(), ...slot.waitlist()]);
  return tokens.find(({ patientName }) => patientName === name)?.id ?? '';
};

const idWhenBooked = async (opd: TestApp, name: string): Promise<string> => {
  while (idOf(opd, name) === '') await new Promise(setImmediate);
  return idOf(opd, name);
};

it.each<[what: string, request: (opd: TestApp, id: string) => Promise<Answer>, status: number]>([
  ['the booking', () => Promise.resolve({ status: 0, headers: {}, body: null, text: '' }), 0],
  ['a read of the token', (opd, id) => opd.get(`/tokens/${id}`), 200],
  ['a read of its history', (opd, id) => opd.get(`/tokens/${id}/history`), 200],
  ['a read of the schedule', (opd) => opd.get('/schedule?doctor_id=doc1'), 200],
  [
    'a booking that is refused because of it',
    (opd) => opd.post('/book', booking('E2', { patient_id: 'p1' })),
    409,
  ],
  ['a refused command on the token', (opd, id) => opd.post('/complete', { token_id: id }), 409],
  ['a command on the token', (opd, id) => opd.post('/check-in', { token_id: id }), 200],
])('the answer to %s comes only when the booking is durable', async (what, request, status) => {
  const { opd, disk } = await openAppOnTestDisk();
  disk.hold();
  const booking1 = opd.post<BookingView>('/book', booking('W1', { patient_id: 'p1' }));
  const id = await idWhenBooked(opd, 'W1');
  const tested = what === 'the booking' ? booking1 : request(opd, id);
  expect(await answeredDuringOtherRequests(opd, [booking1, tested])).toEqual([]);
  disk.release();
  expect(await booking1).toMatchObject({ status: 201, body: { id } });
  expect(await tested).toMatchObject({ status: status === 0 ? 201 : status });
});

it('no answer shows a cancel before the cancel is durable', async () => {
  const { opd, disk } = await openAppOnTestDisk();
  const { id } = await opd.book('W1');
  disk.hold();
  const cancelled = opd.post('/cancel', { token_id: id });
  while (idOf(opd, 'W1') !== '') await new Promise(setImmediate);
  const requests = [
    cancelled,
    opd.get(`/tokens/${id}`),
    opd.get(`/tokens/${id}/history`),
    opd.get('/schedule?doctor_id=doc1'),
    opd.post('/cancel', { token_id: id }),
  ];
  expect(await answeredDuringOtherRequests(opd, requests)).toEqual([]);
  disk.release();
  const answers = await Promise.all(requests);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 404]);
  expect(answers[1]).toMatchObject({ body: { status: 'CANCELLED' } });
  expect(answers[4]).toMatchObject({ body: { code: 'token_already_cancelled' } });
});

it('each command is answered with its own decision, whatever later commands change', async () => {
  const { opd, disk } = await openAppOnTestDisk();
  for (const name of ['W1', 'W2']) await opd.book(name);
  disk.hold();
  const third = opd.post<BookingView>('/book', booking('W3'));
  await idWhenBooked(opd, 'W3');
  const early = opd.get<ScheduleView>('/schedule?doctor_id=doc1');
  await answeredDuringOtherRequests(opd, [early]);
  const fourth = opd.post<BookingView>('/book', booking('E4'));
  await idWhenBooked(opd, 'E4');
  const waiting = opd.post<BookingView>('/book', booking('W5'));
  await idWhenBooked(opd, 'W5');
  const sixth = opd.post<BookingView>('/book', booking('E6'));
  await idWhenBooked(opd, 'E6');
  const id = idOf(opd, 'W3');
  const cancelled = opd.post('/cancel', { token_id: id });
  while (idOf(opd, 'W3') !== '') await new Promise(setImmediate);
  disk.release();

  expect(await third).toMatchObject({ body: { id, status: 'BOOKED', waitlist_position: null } });
  expect(await fourth).toMatchObject({ body: { bumped: { id, waitlist_position: 1 } } });
  expect(await waiting).toMatchObject({ body: { status: 'WAITING', waitlist_position: 2 } });
  expect(await sixth).toMatchObject({ body: { bumped: { number: 2, waitlist_position: 1 } } });
  expect(await cancelled).toMatchObject({ body: { promoted: null } });
  const { slots } = (await early).body;
  expect(slots[0]?.tokens.map(({ patient_name, status }) => `${patient_name} ${status}`)).toEqual([
    'W1 BOOKED',
    'W2 BOOKED',
    'W3 BOOKED',
  ]);
  const now = await opd.slot('2026-11-23');
  expect(now.tokens.map(({ patient_name }) => patient_name)).toEqual(['E4', 'E6', 'W1']);
  expect(now.waitlist.map(({ patient_name }) => patient_name)).toEqual(['W2', 'W5']);
});

it('commands and reads of changes that are not durable are refused while the disk is full, and work again after it', async () => {
  const { opd, disk } = await openAppOnTestDisk();
  const { id } = await opd.book('W1');
  disk.fill();
  const second = opd.post('/book', booking('W2'));
  while (disk.state === 'ready') await new Promise(setImmediate);
  const notDurable = {
    status: 503,
    headers: { 'retry-after': '2' },
    body: { code: 'not_durable' },
  };
  expect(await opd.get('/ready')).toMatchObject(notDurable);
  expect(await opd.get('/health')).toMatchObject({ status: 200 });
  expect(await opd.post('/book', booking('W3'))).toMatchObject(notDurable);
  expect(await opd.post('/cancel', { token_id: id })).toMatchObject(notDurable);
  expect(await opd.get('/schedule?doctor_id=doc1')).toMatchObject(notDurable);
  expect(await opd.get(`/tokens/${id}/history`)).toMatchObject(notDurable);
  expect(await opd.get('/schedule?doctor_id=doc2')).toMatchObject({ status: 200 });
  disk.makeSpace();
  expect(await second).toMatchObject({ status: 201, body: { number: 2 } });
  expect(await opd.get('/ready')).toMatchObject({ status: 200 });
  expect(await opd.book('W3')).toMatchObject({ number: 3 });
});

it('requests that wait for the disk are answered with not_durable when the disk is full', async () => {
  const { opd, disk } = await openAppOnTestDisk();
  disk.hold();
  const first = opd.post('/book', booking('W1'));
  const id = await idWhenBooked(opd, 'W1');
  const requests = [
    opd.post('/complete', { token_id: id }),
    opd.get(`/tokens/${id}`),
    opd.get(`/tokens/${id}/history`),
    opd.get('/schedule?doctor_id=doc1'),
    opd.get('/reports/day?doctor_id=doc1&date=2026-11-23'),
  ];
  expect(await answeredDuringOtherRequests(opd, requests)).toEqual([]);
  disk.fill();
  disk.release();
  for (const request of requests)
    expect(await request).toMatchObject({ body: { code: 'not_durable' } });
  disk.makeSpace();
  expect(await first).toMatchObject({ status: 201 });
});

it('a tick with a full or slow disk leaves no unhandled rejection', async () => {
  const { opd, disk } = await openAppOnTestDisk();
  const unhandled: unknown[] = [];
  const collect = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', collect);
  disk.hold();
  disk.fill();
  const first = opd.post('/book', booking('W1'));
  await idWhenBooked(opd, 'W1');
  await opd.service.tick();
  disk.release();
  while (disk.state === 'ready') await new Promise(setImmediate);
  await opd.service.tick();
  await new Promise(setImmediate);
  process.off('unhandledRejection', collect);
  disk.makeSpace();
  expect(await first).toMatchObject({ status: 201 });
  expect(unhandled).toEqual([]);
});
