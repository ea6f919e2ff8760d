import { describe, expect, it } from 'vitest';
import { booking, openApp, type Answer } from '../support/app/app.ts';
import { snapshotOf } from '../support/engine/snapshot.ts';

interface Outcome {
  readonly status: number;
  readonly code?: string;
  readonly token?: { readonly id: string; readonly number: number; readonly status: string };
}
type List = Answer<{ readonly outcomes: readonly Outcome[] }>;

/** Refused and accepted bookings of two doctors: seats, bumps, waiting tokens and every kind of fault. */
const BOOKINGS: readonly object[] = [
  ...['W1', 'W2', 'O1', 'E1', 'P1'].map((name) => booking(name)),
  booking('F1', { doctor_id: 'doc2', slot_id: 'doc2_slot1', patient_id: 'p1' }),
  booking('F2', { doctor_id: 'doc2', slot_id: 'doc2_slot1', patient_id: 'p1' }),
  booking('W3', { doctor_id: 'nobody' }),
  booking('W4', { slot_id: 'nowhere' }),
  booking('W5', { patient_type: 'EMERGANCY', age: 7 }),
  booking('W6', { doctor_id: 'doc2', slot_id: 'doc2_slot2@2026-11-24', patient_id: 'p1' }),
];

/** An answer without what two equal histories have differently: the ids of tokens and of requests. */
const comparable = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value).replaceAll(/[0-9a-f-]{36}|urn:opd:request:[^"]+/g, 'id'));

const named = (names: readonly string[], more: object = {}) => ({
  bookings: names.map((name) => booking(name)),
  ...more,
});

describe('a list of bookings', () => {
  it('is decided like the same bookings one after another', async () => {
    const [alone, together] = [await openApp(), await openApp()];
    const expected: unknown[] = [];
    for (const each of BOOKINGS) {
      const { status, body } = await alone.post('/book', each);
      expected.push(status === 201 ? { status, token: body } : body);
    }
    const { status, body }: List = await together.post('/bookings', { bookings: BOOKINGS });
    expect(status).toBe(200);
    expect(body.outcomes.map((outcome) => outcome.status)).toEqual([
      201, 201, 201, 201, 201, 201, 409, 404, 404, 400, 201,
    ]);
    expect(comparable(body.outcomes)).toEqual(comparable(expected));
    const board = '/queue?doctor_id=doc1&doctor_id=doc2';
    expect(comparable((await together.get(board)).body)).toEqual(
      comparable((await alone.get(board)).body),
    );
  });

  it('is stored: another process that opens the database finds every token', async () => {
    const opd = await openApp();
    const { body }: List = await opd.post('/bookings', named(['W1', 'W2', 'W3', 'E1']));
    const { text } = await opd.get('/tokens?doctor_id=doc1&date=2026-11-23');
    for (const { token } of body.outcomes) expect(text).toContain(`"id":"${token?.id}"`);
  });

  it('is answered once for its idempotency key', async () => {
    const opd = await openApp();
    const key = { 'idempotency-key': 'list-1' };
    const first = await opd.post('/bookings', { bookings: BOOKINGS }, key);
    const before = snapshotOf(opd.engine);
    const repeat = await opd.post('/bookings', { bookings: BOOKINGS }, key);
    expect(repeat.headers).toMatchObject({ 'idempotency-replayed': 'true' });
    const withoutRequest = ({ text }: Answer) => text.replaceAll(/urn:opd:request:[^"]+/g, '');
    expect(withoutRequest(repeat)).toBe(withoutRequest(first));
    expect(snapshotOf(opd.engine)).toEqual(before);
    const other = await opd.post('/bookings', named(['W1']), key);
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  });

  it.each<[string, object, pointer: string]>([
    ['is empty', { bookings: [] }, '/bookings'],
    ['has more than 500 bookings', named(Array<string>(501).fill('W1')), '/bookings'],
    ['has an unknown field', named(['W1'], { dry_run: true }), '/dry_run'],
    ['is missing', { all_or_nothing: true }, '/bookings'],
    [
      'must be made whole and has a booking that is not valid',
      {
        ...named(['W1'], { all_or_nothing: true }),
        bookings: [booking('W1'), booking('W2', { age: 7 })],
      },
      '/bookings/1/age',
    ],
  ])('that %s is refused whole', async (_, body, pointer) => {
    const opd = await openApp();
    const before = snapshotOf(opd.engine);
    const answer = await opd.post('/bookings', body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(answer.body).toMatchObject({ errors: [{ pointer }] });
    expect(snapshotOf(opd.engine)).toEqual(before);
  });

  it.each(['null', '[]', '"text"', '5', '{}', '{"bookings":null}'])(
    'is refused when its body is %s',
    async (payload) => {
      const opd = await openApp();
      const headers = { 'content-type': 'application/json' };
      const answer = await opd.send({ method: 'POST', url: '/bookings', payload, headers });
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    },
  );

  it('takes 500 bookings', async () => {
    const opd = await openApp();
    const names = Array.from({ length: 500 }, (_, nth) => `W${nth}`);
    const { status, body }: List = await opd.post('/bookings', named(names));
    expect(status).toBe(200);
    expect(body.outcomes.map(({ token }) => token?.number)).toEqual(names.map((_, nth) => nth + 1));
  });
});

describe('a list of bookings with all_or_nothing', () => {
  it('is made when every booking can be made', async () => {
    const opd = await openApp();
    const { status, body }: List = await opd.post(
      '/bookings',
      named(['W1', 'W2', 'W3', 'E1'], { all_or_nothing: true }),
    );
    expect(status).toBe(200);
    expect(body.outcomes.map(({ token }) => token?.number)).toEqual([1, 2, 3, 4]);
  });

  it('changes nothing when a booking is refused, and names those that are', async () => {
    const opd = await openApp({ waitlistMax: 1 });
    const before = snapshotOf(opd.engine);
    const same = { patient_id: 'p1' };
    const answer = await opd.post('/bookings', {
      bookings: [
        ...['W1', 'W2'].map((name) => booking(name)),
        booking('W3', same),
        booking('W4', same),
        ...['W5', 'W6'].map((name) => booking(name)),
      ],
      all_or_nothing: true,
    });
    expect(answer.status).toBe(409);
    expect(answer.body).toEqual({
      instance: expect.any(String) as string,
      type: 'urn:opd:problem:not_all_bookable',
      ...{ title: 'Not every booking of the list can be made', status: 409 },
      detail:
        'refused lists those that cannot, with their places in the list. No booking was made.',
      code: 'not_all_bookable',
      refused: [
        {
          ...{ index: 3, code: 'duplicate_booking', token_id: expect.any(String) as string },
          title: 'The patient already has a token in this slot',
        },
        { index: 5, code: 'waitlist_full', title: 'The waitlist of the slot is full' },
      ],
    });
    expect(snapshotOf(opd.engine)).toEqual(before);
    expect(await opd.book('W1')).toMatchObject({ number: 1 });
  });
});
