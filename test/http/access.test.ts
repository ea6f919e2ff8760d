import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { doctorId } from '../../src/engine/index.ts';
import type { BookingView, ScheduleView } from '../../src/http/resources/index.ts';
import type { QueueView } from '../../src/http/resources/queue.ts';
import type { Role } from '../../src/service/index.ts';
import { booking, openApp, type AppOptions, type TestApp } from '../support/app/app.ts';

const PATIENT = { patient_type: 'FOLLOW_UP', patient_id: 'UHID/1' };

/** The program as the key of a role calls it. */
async function openAs(role: Role, options: AppOptions = {}): Promise<TestApp> {
  const opd = await openApp(options);
  return opd.as(await opd.key({ role }));
}

const actorsOf = async (opd: TestApp, id: string): Promise<unknown[]> => {
  const { body } = await opd.get<{ changes: { actor: string }[] }>(`/tokens/${id}/history`);
  return body.changes.map(({ actor }) => actor);
};

describe('while there is no key', () => {
  it('everybody may do everything on a loopback address', async () => {
    const opd = await openApp();
    expect((await opd.post('/book', booking('W1'))).status).toBe(201);
    expect((await opd.put('/keys/boss', { role: 'admin' })).status).toBe(201);
    expect(await opd.get('/doctors')).toMatchObject({ status: 401 });
  });

  it('nobody may do anything elsewhere, and the answer says how to make the first key', async () => {
    const opd = await openApp({ allowsAnonymous: false });
    const answer = await opd.put<{ detail: string }>('/keys/boss', { role: 'admin' });
    expect(answer).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    expect(answer.body.detail).toContain('npm run -s keys -- create NAME --role admin');
    const statuses = await Promise.all(
      ['/health', '/ready', '/openapi.json', '/docs'].map(
        async (url) => (await opd.get(url)).status,
      ),
    );
    expect(statuses).toEqual([200, 200, 200, 200]);
  });
});

it('a service does not open again when its last key is revoked', async () => {
  const opd = await openApp();
  const boss = opd.as(await opd.key({ role: 'admin' }));
  expect((await boss.send({ method: 'DELETE', url: '/keys/admin' })).status).toBe(200);
  expect(await boss.get('/doctors')).toMatchObject({ status: 401 });
  expect(await opd.get('/doctors')).toMatchObject({ status: 401 });
});

it('a wrong, a revoked and an expired key get 401 with the reason, and the log has no secret', async () => {
  const lines: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
  const opd = await openApp({ logger });
  const expiresAt = Date.parse('2026-11-23T08:00:01Z') as never;
  const expired = await opd.key({ role: 'desk', expiresAt });
  const revoked = await opd.key({ role: 'auditor' });
  await opd.service.keys.registry.revoke('auditor', 'boss');
  await opd.service.keys.refresh();
  opd.now = '2026-11-23T08:00:02Z';
  const unknown = `opd_0123456789ab_${'x'.repeat(43)}`;
  for (const secret of [expired, revoked, unknown]) {
    const answer = await opd.as(secret).get('/doctors');
    expect(answer).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="opd", error="invalid_token"');
  }
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { failure: 'expired', key_id: expired.slice(4, 16) },
    { failure: 'revoked', key_id: revoked.slice(4, 16) },
    { failure: 'unknown', key_id: '0123456789ab' },
  ]);
  for (const secret of [expired, revoked, unknown])
    expect(lines.join('')).not.toContain(secret.slice(17));
});

describe('the actor of a change', () => {
  it('is the key, and behind a slash the person of the header Opd-Actor', async () => {
    const opd = await openApp();
    const secret = await opd.key({ role: 'desk', name: 'front' });
    const { id } = await opd.as(secret).book('W1');
    const asha = opd.as(secret, { 'opd-actor': 'asha' });
    await asha.post('/cancel', { token_id: id });
    expect(await actorsOf(asha, id)).toEqual(['front', 'front/asha']);
  });

  it('is anonymous while there is no key, with the person if one is named', async () => {
    const opd = await openApp();
    const { id } = await opd.book('W1', {}, { 'opd-actor': 'asha rao' });
    expect(await actorsOf(opd, id)).toEqual(['anonymous/asha rao']);
  });

  it.each(['', ' asha', 'a\u00e9', 'x'.repeat(101)])('the header %j is refused', async (person) => {
    const opd = await openApp();
    const answer = await opd.post('/book', booking('W1'), { 'opd-actor': person });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '/opd-actor' }] } });
  });

  it.each(['display', 'patient_app', 'kiosk', 'auditor'] as const)(
    'a %s may not name a person',
    async (role) => {
      const opd = await openApp();
      const caller = opd.as(await opd.key({ role }), { 'opd-actor': 'asha' });
      const answer = await caller.get('/patient-types');
      expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    },
  );
});

it('an idempotency key belongs to its caller, whoever the person is', async () => {
  const opd = await openApp();
  const desk = await opd.key({ role: 'desk' });
  const kiosk = await opd.key({ role: 'kiosk' });
  const headers = { 'idempotency-key': 'k' };
  const book = (secret: string, person: object = {}) =>
    opd.as(secret).post<BookingView>('/book', booking('W1'), { ...headers, ...person });
  const first = await book(desk);
  const other = await book(kiosk);
  const repeat = await book(desk, { 'opd-actor': 'asha' });
  expect(other.body.id).not.toBe(first.body.id);
  expect(repeat.body).toEqual(first.body);
  expect(repeat.headers['idempotency-replayed']).toBe('true');
});

describe('an app of patients', () => {
  it('books the classes of the web for a patient it names, and no other', async () => {
    const app = await openAs('patient_app');
    expect((await app.post('/book', booking('F1', PATIENT))).status).toBe(201);
    for (const more of [{ ...PATIENT, patient_type: 'EMERGENCY' }, { patient_type: 'FOLLOW_UP' }])
      expect(await app.post('/book', booking('X', more))).toMatchObject({
        status: 403,
        body: { detail: expect.stringContaining('ONLINE_BOOKING or FOLLOW_UP') as string },
      });
  });

  it('is told of no other patient', async () => {
    const opd = await openApp();
    const app = opd.as(await opd.key({ role: 'patient_app' }));
    const desk = opd.as(await opd.key({ role: 'desk' }));
    await desk.book('F2', { ...PATIENT, slot_id: 'doc1_slot2' });
    const own = await app.book('F1', PATIENT);
    expect(own).not.toHaveProperty('also_booked');
    for (const name of ['Wsecret2', 'Wsecret3', 'Wsecret4']) await desk.book(name);
    const { body } = await app.get<ScheduleView>('/schedule?doctor_id=doc1');
    expect(body.slots[0]).toMatchObject({ seated: 3, waiting: 1, tokens: [], waitlist: [] });
    const found = await app.get<{ tokens: BookingView[] }>('/tokens?patient_id=UHID/1');
    expect(found.body.tokens.map(({ id }) => id)).toEqual([own.id]);
    const cancelled = await app.post('/cancel', { token_id: own.id });
    expect(cancelled.body).toEqual({ status: 'CANCELLED', id: own.id, promoted: null });
    expect(await app.get('/tokens?doctor_id=doc1')).toMatchObject({ status: 403 });
  });

  it('finds after a move what it has booked, with another person or secret too', async () => {
    const opd = await openApp();
    const app = opd.as(await opd.key({ role: 'patient_app' }));
    const { id } = await app.book('F1', PATIENT);
    expect((await app.post('/move', { token_id: id, slot_id: 'doc2_slot1' })).status).toBe(200);
    expect(await app.get(`/tokens/${id}`)).toMatchObject({ status: 200, body: { id } });
  });
});

it('a kiosk finds a patient by number and part of the name, and checks the patient in', async () => {
  const opd = await openApp();
  const kiosk = opd.as(await opd.key({ role: 'kiosk' }));
  const { id } = await kiosk.book('Wanda Roe');
  for (const query of ['number=1', 'number=1&name=wa', 'name=wanda'])
    expect(await kiosk.get(`/tokens?doctor_id=doc1&${query}`)).toMatchObject({ status: 403 });
  const found = await kiosk.get('/tokens?doctor_id=doc1&number=1&name=wanda');
  expect(found.body).toMatchObject({ tokens: [{ id }] });
  expect((await kiosk.post('/check-in', { token_id: id })).status).toBe(200);
  expect(await kiosk.post('/book', booking('E1'))).toMatchObject({ status: 403 });
});

it('a display gets numbers and classes only', async () => {
  const opd = await openApp();
  const desk = opd.as(await opd.key({ role: 'desk' }));
  const { id } = await desk.book('Wsecret', { patient_id: 'UHID/secret' });
  const display = opd.as(await opd.key({ role: 'display' }));
  const { body, text } = await display.get<QueueView>('/queue?doctor_id=doc1');
  expect(body.doctors[0]?.calling_order).toMatchObject([{ number: 1, type: 'WALK_IN' }]);
  for (const secret of [id, 'secret']) expect(text).not.toContain(secret);
});

it('a key that is limited to doctors sees only their queues and tokens', async () => {
  const opd = await openApp();
  const limited = opd.as(await opd.key({ role: 'desk', doctorIds: [doctorId('doc2')] }));
  const desk = opd.as(await opd.key({ role: 'desk', name: 'all' }));
  await desk.book('W1');
  const { id } = await desk.book('W2', { doctor_id: 'doc2', slot_id: 'doc2_slot1' });
  const { body } = await limited.get<QueueView>('/queue');
  expect(body.doctors.map(({ doctor_id }) => doctor_id)).toEqual(['doc2']);
  const found = await limited.get('/tokens?date=2026-11-23');
  expect(found.body).toMatchObject({ tokens: [{ id }] });
});

describe('the keys', () => {
  it('are made, changed, rotated, listed and revoked by an administrator', async () => {
    const boss = await openAs('admin');
    const made = await boss.put<{ secret: string }>('/keys/front', { role: 'desk' });
    expect(made).toMatchObject({ status: 201, body: { role: 'desk', doctor_ids: [] } });
    const front = boss.as(made.body.secret);
    expect((await front.get('/doctors')).status).toBe(200);
    const changed = await boss.put('/keys/front', { role: 'kiosk', doctor_ids: ['doc1'] });
    expect(changed).toMatchObject({ status: 200, body: { secret: null, doctor_ids: ['doc1'] } });
    expect((await front.post('/book', booking('E1'))).status).toBe(403);
    const rotated = await boss.put<{ secret: string }>('/keys/front', {
      role: 'desk',
      rotate: true,
    });
    expect(await front.get('/doctors')).toMatchObject({ status: 401 });
    expect((await boss.as(rotated.body.secret).get('/doctors')).status).toBe(200);
    const list = await boss.get('/keys');
    expect(list.body).toMatchObject({ keys: [{ name: 'admin' }, { name: 'front' }] });
    expect(list.text).not.toMatch(/secret|hash/);
    expect(await boss.send({ method: 'DELETE', url: '/keys/front' })).toMatchObject({
      ...{ status: 200, body: { name: 'front', revoked_at: expect.any(String) as string } },
    });
  });

  it('are checked before they are made', async () => {
    const boss = await openAs('admin');
    for (const [url, body] of [
      ['/keys/anonymous', { role: 'desk' }],
      ['/keys/rao', { role: 'doctor' }],
      ['/keys/a%2Fb', { role: 'desk' }],
      ['/keys/old', { role: 'desk', expires_at: '2001-01-01T00:00:00Z' }],
      ['/keys/leap', { role: 'desk', expires_at: '2028-12-31T23:59:60Z' }],
    ] as const)
      expect(await boss.put(url, body)).toMatchObject({ body: { code: 'invalid_request' } });
  });
});
