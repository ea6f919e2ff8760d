import { describe, expect, it } from 'vitest';
import { doctorId, slotId } from '../../src/engine/index.ts';
import { PROBLEMS, type ProblemCode } from '../../src/http/problem.ts';
import { bookingOf } from '../../src/http/resources/booking.ts';
import { ANONYMOUS } from '../../src/service/index.ts';
import { doctorInput, session } from '../support/app/doctor-input.ts';
import {
  booking,
  openApp,
  openAppOnTestDisk,
  type Answer,
  type TestApp,
} from '../support/app/app.ts';

interface Problem {
  readonly code: string;
  readonly instance: string;
  readonly retry_after?: number;
}
type Problems = Promise<Answer<Problem>>;

const text = (opd: TestApp, payload: string, type = 'application/json'): Problems =>
  opd.send({ method: 'POST', url: '/book', payload, headers: { 'content-type': type } });

const CONTEXT = { identity: ANONYMOUS, idempotency: null };
/** As many commands as a store lets wait for the disk, and one that is being written. */
const PENDING = 10_001;

/** Every code of the catalogue, each by the shortest way to it. */
const PROVOKE: Record<ProblemCode, () => Problems> = {
  malformed_json: async () => text(await openApp(), '{"doctor_id":'),
  invalid_request: async () => (await openApp()).post('/book', {}),
  unauthenticated: async () => (await openApp({ allowsAnonymous: false })).get('/doctors'),
  forbidden: async () => {
    const opd = await openApp();
    return opd.as(await opd.key({ role: 'display' })).get('/doctors');
  },
  route_not_found: async () => (await openApp()).get('/nothing'),
  doctor_not_found: async () => (await openApp()).post('/book', booking('W1', { doctor_id: 'x' })),
  slot_not_found: async () => (await openApp()).post('/book', booking('W1', { slot_id: 'x' })),
  token_not_found: async () => (await openApp()).get('/tokens/x'),
  token_already_cancelled: async () => {
    const opd = await openApp();
    const { id } = await opd.book('W1');
    await opd.post('/cancel', { token_id: id });
    return opd.post('/cancel', { token_id: id });
  },
  leave_not_found: async () =>
    (await openApp()).send({ method: 'DELETE', url: '/doctors/doc1/leave/x' }),
  key_not_found: async () => (await openApp()).send({ method: 'DELETE', url: '/keys/x' }),
  webhook_not_found: async () => (await openApp()).get('/webhooks/x'),
  event_not_found: async () => {
    const opd = await openApp();
    await opd.put('/webhooks/app', { url: 'https://app.example/opd' });
    return opd.post('/webhooks/app/replay', { event_id: 'x' });
  },
  nobody_waiting: async () => (await openApp()).post('/call-next', { doctor_id: 'doc1' }),
  method_not_allowed: async () => (await openApp()).get('/book'),
  duplicate_booking: async () => {
    const opd = await openApp();
    await opd.book('W1', { patient_id: 'p1' });
    return opd.post('/book', booking('W2', { patient_id: 'p1' }));
  },
  slot_ended: async () => {
    const opd = await openApp();
    await opd.advanceTo('2026-11-23T10:30:00Z');
    return opd.post('/book', booking('W1', { slot_id: 'doc1_slot1@2026-11-23' }));
  },
  slot_closed: async () => {
    const opd = await openApp();
    await opd.put('/doctors/doc1', doctorInput({ sessions: [] }));
    return opd.post('/book', booking('W1', { slot_id: 'doc1_slot1@2026-11-24' }));
  },
  waitlist_full: async () => {
    const opd = await openApp({ waitlistMax: 1 });
    for (const name of ['W1', 'W2', 'W3', 'W4']) await opd.book(name);
    return opd.post('/book', booking('W5'));
  },
  intake_closed: async () => {
    const opd = await openApp();
    await opd.patch('/slots/doc1_slot1@2026-11-24', { intake: 'NONE' });
    return opd.post('/book', booking('E1', { slot_id: 'doc1_slot1@2026-11-24' }));
  },
  not_all_bookable: async () =>
    (await openApp()).post('/bookings', {
      bookings: [booking('W1'), booking('W2', { slot_id: 'x' })],
      all_or_nothing: true,
    }),
  invalid_transition: async () => {
    const opd = await openApp();
    for (const name of ['W1', 'W2', 'W3']) await opd.book(name);
    const { id } = await opd.book('W4');
    return opd.post('/no-show', { token_id: id });
  },
  nothing_to_undo: async () => {
    const opd = await openApp();
    return opd.post('/undo', { token_id: (await opd.book('W1')).id, reason: 'wrong click' });
  },
  too_early: async () => {
    const opd = await openApp();
    return opd.post('/no-show', { token_id: (await opd.book('W1')).id });
  },
  consultation_in_progress: async () => {
    const opd = await openApp();
    const [first, second] = [await opd.book('W1'), await opd.book('W2')];
    await opd.post('/start', { token_id: first.id });
    return opd.post('/start', { token_id: second.id });
  },
  capacity_below_seated: async () => {
    const opd = await openApp();
    for (const name of ['W1', 'W2']) {
      const { id } = await opd.book(name);
      await opd.post('/start', { token_id: id });
      await opd.post('/complete', { token_id: id });
    }
    return opd.patch('/slots/doc1_slot1@2026-11-23', { capacity: 1 });
  },
  doctor_in_use: async () => {
    const opd = await openApp();
    await opd.book('W1');
    return opd.send({ method: 'DELETE', url: '/doctors/doc1' });
  },
  id_taken: async () => {
    const [start_time, end_time] = ['2026-11-23T12:00:00Z', '2026-11-23T13:00:00Z'];
    const slot = { id: 'doc2_slot1', doctor_id: 'doc1', start_time, end_time, capacity: 1 };
    return (await openApp()).post('/slots', slot);
  },
  idempotency_in_progress: async () => {
    const { opd, disk } = await openAppOnTestDisk();
    disk.hold();
    const headers = { 'idempotency-key': 'k' };
    const first = opd.post('/book', booking('W1'), headers);
    const second = await opd.post<Problem>('/book', booking('W1'), headers);
    disk.release();
    await first;
    return second;
  },
  unknown_cursor: async () => (await openApp()).get('/changes?after=x'),
  payload_too_large: async () => text(await openApp(), ' '.repeat(16 * 1024 + 1)),
  unsupported_media_type: async () => text(await openApp(), '{}', 'text/plain'),
  misdirected_request: async () =>
    (await openApp()).send({ method: 'GET', url: '/health', headers: { host: 'evil.example' } }),
  idempotency_key_reused: async () => {
    const opd = await openApp();
    await opd.book('W1', {}, { 'idempotency-key': 'k' });
    return opd.post('/book', booking('W2'), { 'idempotency-key': 'k' });
  },
  rate_limited: async () => {
    const opd = await openApp({ rateLimits: { refusedPerMinute: 1 } });
    await opd.key({ role: 'desk' });
    const wrong = opd.as('opd_wrong');
    await wrong.get('/doctors');
    return wrong.get('/doctors');
  },
  identity_unavailable: async () => {
    const identityProvider = {
      ...{ issuer: 'http://127.0.0.1:1', audience: 'opd' },
      claims: { role: 'roles', doctors: 'doctors' },
    };
    // A token whose header names an algorithm that is accepted.
    const header = Buffer.from('{"alg":"ES256"}').toString('base64url');
    return (await openApp({ identityProvider })).as(`${header}.e30.AA`).get('/doctors');
  },
  overloaded: async () => {
    const { opd, disk } = await openAppOnTestDisk({ waitlistMax: PENDING });
    disk.hold();
    const { writes } = disk;
    const patient = { patientName: 'W', patientId: null, patientType: 'WALK_IN' };
    const command = { doctorId: doctorId('doc1'), slotId: slotId('doc1_slot1'), ...patient };
    const book = () => opd.service.tokens.book(command, CONTEXT, bookingOf);
    const first = book();
    while (disk.writes === writes) await new Promise(setImmediate);
    const others = Array.from({ length: PENDING - 1 }, book);
    const refused = await opd.post<Problem>('/book', booking('W'));
    disk.release();
    await Promise.all([first, ...others]);
    return refused;
  },
  not_durable: async () => {
    const { opd, disk } = await openAppOnTestDisk();
    disk.fill();
    const kept = opd.post('/book', booking('W1'));
    while (disk.state === 'ready') await new Promise(setImmediate);
    const refused = await opd.post<Problem>('/book', booking('W2'));
    disk.makeSpace();
    expect(await kept).toMatchObject({ status: 201 });
    return refused;
  },
  stopping: async () => {
    const opd = await openApp();
    opd.service.stop();
    return opd.post('/book', booking('W1'));
  },
  internal: async () => {
    const opd = await openApp();
    opd.archive.token = () => Promise.reject(new Error('the secret of the store'));
    return opd.get('/tokens/x');
  },
};

it('has a way to every code of the catalogue', () => {
  expect(Object.keys(PROVOKE)).toEqual(Object.keys(PROBLEMS));
});

it.each(Object.keys(PROBLEMS) as ProblemCode[])('answers %s as RFC 9457 says', async (code) => {
  const { status, headers, body, text: raw } = await PROVOKE[code]();
  const kind: { status: number; title: string; detail: string; retryAfter?: number } =
    PROBLEMS[code];
  expect({ status, body }).toMatchObject({
    status: kind.status,
    body: {
      type: `urn:opd:problem:${code}`,
      title: kind.title,
      status: kind.status,
      // What is wrong with a key, and what would be needed, differs.
      detail:
        code === 'unauthenticated' || code === 'forbidden'
          ? (expect.any(String) as string)
          : kind.detail,
      code,
    },
  });
  expect(body.instance).toMatch(/^urn:opd:request:[0-9a-z]+-[0-9a-z]+$/);
  expect(headers).toMatchObject({ 'cache-control': 'no-store' });
  expect(String(headers['content-type']).split(';')[0]).toBe('application/problem+json');
  expect(headers).not.toHaveProperty('location');
  expect(raw).not.toMatch(/secret|stack|node_modules/);
  const retry = kind.retryAfter;
  expect(headers['retry-after']).toBe(retry === undefined ? undefined : String(retry));
  expect(body.retry_after).toBe(retry);
});

describe('beside the code stand the facts to act on', () => {
  it('names the token of the patient who is booked already', async () => {
    const opd = await openApp();
    const { id } = await opd.book('W1', { patient_id: 'p1' });
    const again = await opd.post('/book', booking('E2', { patient_id: 'p1' }));
    expect(again).toMatchObject({ status: 409, body: { token_id: id } });
  });

  it.each([
    ['WAITING', 'W4', ['CANCELLED']],
    ['NO_SHOW', 'W1', []],
  ])('names where a token is, %s, and what it may do', async (from, name, allowed) => {
    const opd = await openApp();
    const ids = new Map<string, string>();
    for (const each of ['W1', 'W2', 'W3', 'W4', 'W5']) ids.set(each, (await opd.book(each)).id);
    const noShow = { token_id: ids.get(name), force: true };
    if (from === 'NO_SHOW') await opd.post('/no-show', noShow);
    const refused = await opd.post('/no-show', noShow);
    expect(refused).toMatchObject({ status: 409, body: { from, allowed } });
  });

  it('names every fault of a request at once, each with its place', async () => {
    const opd = await openApp();
    const { body } = await opd.post('/book', { doctor_id: 7, slot_id: '', 'a/b~c': 1 });
    const { errors } = body as { errors: { pointer: string }[] };
    expect(new Set(errors.map(({ pointer }) => pointer))).toEqual(
      new Set(['/doctor_id', '/slot_id', '/patient_name', '/patient_type', '/a~1b~0c']),
    );
  });

  it('says each fault in words, and what was probably meant', async () => {
    const opd = await openApp();
    const { patient_name, ...rest } = booking('W1', { slot_id: 'a/b', patient_type: 'WALKIN' });
    const { body } = await opd.post('/book', { ...rest, patientname: patient_name });
    const { errors } = body as { errors: object[] };
    expect(errors).toEqual([
      { pointer: '/patient_name', detail: 'missing field `patient_name`' },
      {
        pointer: '/patientname',
        detail: 'unknown field `patientname`; did you mean `patient_name`?',
      },
      {
        pointer: '/slot_id',
        detail: 'must be text: 1 to 128 letters, digits and `_-.:@`, not dots alone',
      },
      {
        pointer: '/patient_type',
        detail: expect.stringMatching(/^must be one of .*; did you mean `WALK_IN`\?$/) as string,
      },
    ]);
  });

  it('names the choices of a list, once for each place', async () => {
    const sessions = [session('s', { weekdays: ['mon', 'monday'], capacity: '3' })];
    const { body } = await (await openApp()).put('/doctors/rao', doctorInput({ sessions }));
    expect(body).toMatchObject({
      errors: [
        {
          pointer: '/sessions/0/weekdays/1',
          detail: 'must be one of mon, tue, wed, thu, fri, sat, sun',
        },
        {
          pointer: '/sessions/0/capacity',
          detail: 'must be a whole number from 1 to 10,000, without quotation marks',
        },
      ],
    });
  });

  it('names a hundred faults at most', async () => {
    const wrong = Object.fromEntries(Array.from({ length: 150 }, (_, nth) => [`x${nth}`, 1]));
    const { body } = await (await openApp()).post('/book', booking('W1', wrong));
    expect((body as { errors: object[] }).errors).toHaveLength(100);
  });

  it('lists the classes when one is mistyped', async () => {
    const opd = await openApp();
    const { body } = await opd.post('/book', booking('W1', { patient_type: 'EMERGANCY' }));
    const detail = expect.stringContaining('EMERGENCY, PAID_PRIORITY, FOLLOW_UP') as string;
    expect(body).toMatchObject({ errors: [{ pointer: '/patient_type', detail }] });
  });
});
