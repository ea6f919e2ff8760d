import { describe, expect, it } from 'vitest';
import { doctorId } from '../../src/engine/index.ts';
import type { BookingView } from '../../src/http/resources/index.ts';
import type { QueueView } from '../../src/http/resources/queue.ts';
import type { PatientStatusView } from '../../src/http/resources/patient-status.ts';
import { booking, openApp, type TestApp } from '../support/app/app.ts';
import { postOk } from '../support/app/front-desk.ts';

const PUBLIC_URL = 'https://opd.hospital.example';
const NINE = '2026-11-23T09:00:00Z';
const TEN = { slot_id: 'doc1_slot2' };

interface Linked {
  readonly id: string;
  readonly status_url?: string;
}

/** The path of the patient's page of a booking. */
const pathOf = ({ status_url = '' }: Linked): string => new URL(status_url).pathname;

const statusOf = async (opd: TestApp, booked: Linked): Promise<PatientStatusView> => {
  const { status, body } = await opd.get<PatientStatusView>(`${pathOf(booked)}/status`);
  expect(status).toBe(200);
  return body;
};

const cancel = (opd: TestApp, booked: Linked) => opd.post(`${pathOf(booked)}/cancel`, {});

describe('the link to the page of a patient', () => {
  it('is in no answer without PUBLIC_URL', async () => {
    const opd = await openApp();
    const booked = await opd.book('W1');
    const read = await opd.get(`/tokens/${booked.id}`);
    const list = await postOk(opd, '/bookings', { bookings: [booking('W2')] });
    expect(JSON.stringify([booked, read, list])).not.toContain('status_url');
  });

  it('is in the answers to bookings and their repeats, and to reads', async () => {
    const opd = await openApp({ publicUrl: PUBLIC_URL });
    const key = { 'idempotency-key': 'k' };
    const booked: Linked = await opd.book('W1', {}, key);
    expect(booked.status_url).toMatch(/^https:\/\/opd\.hospital\.example\/t\/[\w-]+\.[\w-]{22}$/);
    expect(await opd.book('W1', {}, key)).toEqual(booked);
    const read = await opd.get<Linked>(`/tokens/${booked.id}`);
    expect(read.body.status_url).toBe(booked.status_url);
    const list = await opd.post<{ outcomes: { status: number; token?: Linked }[] }>('/bookings', {
      bookings: [booking('W2'), booking('W3', { doctor_id: 'unknown' })],
    });
    const [made, refused] = list.body.outcomes;
    expect(made?.token?.status_url).toContain(`${PUBLIC_URL}/t/`);
    expect(refused).toMatchObject({ code: 'doctor_not_found' });
    expect(refused).not.toHaveProperty('token');
  });

  it('is shown to the roles that may cancel, because its holder may', async () => {
    const opd = await openApp({ publicUrl: PUBLIC_URL });
    const { id } = await opd.book('W1');
    const seen: Record<string, boolean> = {};
    for (const role of ['desk', 'admin', 'doctor', 'auditor'] as const) {
      const doctorIds = role === 'doctor' ? [doctorId('doc1')] : [];
      const key = await opd.key({ role, doctorIds });
      const { body } = await opd.as(key).get<Linked>(`/tokens/${id}`);
      seen[role] = body.status_url !== undefined;
    }
    expect(seen).toEqual({ desk: true, admin: true, doctor: false, auditor: false });
  });

  it('is left out of the answer when the secret of the tickets cannot be stored', async () => {
    const opd = await openApp({ publicUrl: PUBLIC_URL });
    const { patientTickets } = opd.service;
    patientTickets.ticketOf = () => Promise.resolve(undefined);
    expect(await opd.book('W1')).not.toHaveProperty('status_url');
  });
});

describe('GET /t/{ticket}/status', () => {
  it('needs no key, and tells what the patient may know', async () => {
    const opd = await openApp({ publicUrl: PUBLIC_URL, now: NINE });
    const booked: BookingView = await opd.book('W1 Marker', { patient_id: 'Marker-1' });
    await opd.key({ role: 'admin' });
    const status = await statusOf(opd, booked);
    expect(status).toEqual({
      ...{ number: 1, status: 'BOOKED', doctor_name: 'Dr. A (Cardiology)', date: '2026-11-23' },
      ...{ start_time: '2026-11-23T09:00:00.000Z', end_time: '2026-11-23T10:00:00.000Z' },
      time_zone: 'UTC',
      ...{ delay_minutes: 0, break_until: null, room: null, ahead: 0, waitlist_position: null },
      estimated_from: '2026-11-23T09:00:00.000Z',
      estimated_until: '2026-11-23T09:20:00.000Z',
      can_cancel: true,
    });
  });

  it('counts those before the patient as /queue orders them', async () => {
    const opd = await openApp({ publicUrl: PUBLIC_URL, now: NINE });
    const booked = [
      ...[await opd.book('W1'), await opd.book('F2'), await opd.book('P3')],
      ...[await opd.book('W4', TEN), await opd.book('E5', TEN)],
      await opd.book('W6', { slot_id: 'doc1_slot1@2026-11-24' }),
    ];
    const emergency = booked[4];
    await postOk(opd, '/check-in', { token_id: emergency?.id });
    const { body } = await opd.get<QueueView>('/queue?doctor_id=doc1');
    const order = body.doctors[0]?.calling_order.map(({ number }) => number);
    expect(order).toEqual([5, 3, 2, 1, 4]);
    const places: (number | null)[] = [];
    for (const each of booked) places.push((await statusOf(opd, each)).ahead);
    // The last one is of another day.
    expect(places).toEqual([3, 2, 1, 4, 0, 0]);
  });

  it('has no place in the order for one who waits, is with the doctor or is over', async () => {
    const opd = await openApp({ publicUrl: PUBLIC_URL, now: NINE });
    const first = await opd.book('W1');
    await opd.book('W2');
    const bumped = await opd.book('W3');
    await opd.book('P4');
    expect(await statusOf(opd, bumped)).toMatchObject({
      ...{ status: 'WAITING', ahead: null, waitlist_position: 1 },
      ...{ estimated_from: null, estimated_until: null, can_cancel: true },
    });
    await postOk(opd, '/start', { token_id: first.id, room: '7' });
    expect(await statusOf(opd, first)).toMatchObject({
      ...{ status: 'IN_CONSULTATION', ahead: null, room: '7', can_cancel: false },
    });
    await postOk(opd, '/complete', { token_id: first.id });
    expect(await statusOf(opd, first)).toMatchObject({
      ...{ status: 'COMPLETED', ahead: null, room: null, can_cancel: false },
    });
    await opd.advanceTo('2026-11-25T09:00:00Z');
    expect(await statusOf(opd, bumped)).toMatchObject({
      ...{ status: 'EXPIRED', doctor_name: 'Dr. A (Cardiology)', can_cancel: false },
    });
  });

  it('tells a delay and a break, and gives a range of times that begins after both', async () => {
    const opd = await openApp({ publicUrl: PUBLIC_URL, now: '2026-11-23T08:00:00Z' });
    const names = ['W1', 'W2', 'W3'];
    const booked = [];
    for (const name of names) booked.push(await opd.book(name));
    const [, , last = { id: '' }] = booked;
    // Visits take 20 minutes: two before it, so 9:40, and 20 minutes times the root of 3 to both sides.
    expect(await statusOf(opd, last)).toMatchObject({
      ahead: 2,
      estimated_from: '2026-11-23T09:05:00.000Z',
      estimated_until: '2026-11-23T10:15:00.000Z',
    });
    await postOk(opd, '/doctors/doc1/delay', { date: '2026-11-23', minutes: 30 });
    opd.now = '2026-11-23T09:20:00Z';
    await postOk(opd, '/doctors/doc1/break', { minutes: 25 });
    expect(await statusOf(opd, booked[0] ?? last)).toMatchObject({
      ...{ delay_minutes: 30, break_until: '2026-11-23T09:45:00.000Z' },
      ...{ estimated_from: '2026-11-23T09:45:00.000Z' },
    });
  });

  it('answers 304 to a client that has the answer', async () => {
    const opd = await openApp({ publicUrl: PUBLIC_URL });
    const booked = await opd.book('W1');
    const url = `${pathOf(booked)}/status`;
    const { headers } = await opd.get(url);
    const again = {
      method: 'GET',
      url,
      headers: { 'if-none-match': String(headers['etag']) },
    } as const;
    expect(await opd.send(again)).toMatchObject({ status: 304, text: '' });
    await opd.book('P2');
    expect(await opd.send(again)).toMatchObject({ status: 200, body: { ahead: 1 } });
  });

  it('answers a ticket that is not valid as a token that does not exist, and counts it', async () => {
    const opd = await openApp({ publicUrl: PUBLIC_URL, rateLimits: { refusedPerMinute: 4 } });
    const booked = await opd.book('W1');
    const [text = '', code = ''] = pathOf(booked).slice(3).split('.');
    const { ticket: ofEvents } = await postOk<{ ticket: string }>(opd, '/events/ticket', {});
    const other = Buffer.from('another').toString('base64url');
    const tickets = ['x', `${text}.${code.slice(0, -2)}AA`, `${other}.${code}`, ofEvents];
    for (const ticket of tickets)
      expect(await opd.get(`/t/${ticket}/status`)).toMatchObject({
        ...{ status: 404, body: { code: 'token_not_found' } },
      });
    expect(await opd.get('/t/x/status')).toMatchObject({ status: 429 });
    expect(await statusOf(opd, booked)).toMatchObject({ number: 1 });
  });

  it('is limited for each token by itself, not for all patients behind one address', async () => {
    const opd = await openApp({ publicUrl: PUBLIC_URL, rateLimits: { requestsPerMinute: 2 } });
    const booked = [await opd.book('W1'), await opd.book('W2')];
    const statuses: number[] = [];
    for (const each of booked)
      for (let read = 0; read < 3; read += 1)
        statuses.push((await opd.get(`${pathOf(each)}/status`)).status);
    expect(statuses).toEqual([200, 200, 429, 200, 200, 429]);
  });
});

describe('POST /t/{ticket}/cancel', () => {
  it('cancels the token, and fills its seat', async () => {
    const opd = await openApp({ publicUrl: PUBLIC_URL });
    const [first] = [await opd.book('W1'), await opd.book('W2'), await opd.book('W3')];
    const waiting = await opd.book('W4 Marker');
    expect(waiting.status).toBe('WAITING');
    const { text, status, body } = await cancel(opd, first);
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { status: 'CANCELLED', can_cancel: false },
    });
    // The answer does not tell who got the seat.
    expect(text).not.toContain('Marker');
    expect((await statusOf(opd, waiting)).status).toBe('BOOKED');
    expect(await cancel(opd, first)).toMatchObject({
      ...{ status: 404, body: { code: 'token_already_cancelled' } },
    });
    const { text: history } = await opd.get(`/tokens/${first.id}/history`);
    expect(history).toContain('"actor":"patient:link"');
  });

  it('is refused for one who is with the doctor, and without a valid ticket', async () => {
    const opd = await openApp({ publicUrl: PUBLIC_URL, now: NINE });
    const booked = await opd.book('W1');
    await postOk(opd, '/start', { token_id: booked.id });
    expect(await cancel(opd, booked)).toMatchObject({
      ...{ status: 409, body: { code: 'invalid_transition' } },
    });
    expect(await opd.post('/t/x/cancel', {})).toMatchObject({ status: 404 });
  });
});
