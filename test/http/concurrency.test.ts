import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DEFAULT_CLASSES, slotId, tokenId } from '../../src/engine/index.ts';
import { reorderedOf } from '../../src/http/resources/booking.ts';
import { cancellationOf } from '../../src/http/resources/visit.ts';
import type { BookingView, CancelView, HistoryView } from '../../src/http/resources/index.ts';
import { ANONYMOUS } from '../../src/service/index.ts';
import { booking, openApp } from '../support/app/app.ts';
import { rerun, seed } from '../support/seed.ts';
import { listen } from '../support/app/sockets.ts';

const PRIORITY = new Map(DEFAULT_CLASSES.map(({ type, priority }) => [type, priority]));
const priorityOf = ({ type }: BookingView): number => PRIORITY.get(type) ?? 0;
const CAPACITY = 3;

/** Random patients: the letter of the class, and whether the patient cancels. */
const [patients = []] = fc.sample(
  fc.array(fc.record({ letter: fc.constantFrom('E', 'P', 'F', 'O', 'W'), cancels: fc.boolean() }), {
    minLength: 150,
    maxLength: 150,
  }),
  { seed, numRuns: 1 },
);

it(`capacity, rank order and numbers are right when many clients book and cancel at once ${rerun}`, async () => {
  const opd = await openApp();
  const clients = await listen(opd);
  const post = clients.post.bind(clients);
  let overbooked = 0;
  const checkSeats = async (): Promise<void> => {
    const slot = await opd.slot('2026-11-23');
    if (slot.seated > CAPACITY || slot.tokens.length !== slot.seated) overbooked += 1;
  };
  const booked = await Promise.all(
    patients.map(async ({ letter }, index) => {
      const answer = await post<BookingView>('/book', booking(`${letter}${index}`));
      await checkSeats();
      return answer;
    }),
  );
  expect(new Set(booked.map(({ status }) => status))).toEqual(new Set([201]));
  const tokens = booked.map(({ body }) => body);
  expect(tokens.map(({ number }) => number).sort((a, b) => a - b)).toEqual(
    patients.map((_, index) => index + 1),
  );
  expect(new Set(tokens.map(({ id }) => id)).size).toBe(patients.length);

  const toCancel = tokens.filter((_, index) => patients[index]?.cancels);
  const lateBookings = Array.from({ length: 30 }, (_, index) =>
    booking(`${'EW'.charAt(index % 2)}x${index}`),
  );
  const [cancelled, lateBooked] = await Promise.all([
    Promise.all(toCancel.map(({ id }) => post<CancelView>('/cancel', { token_id: id }))),
    Promise.all(lateBookings.map((body) => post<BookingView>('/book', body))),
  ]);
  expect(overbooked).toBe(0);

  // In rank order, the first tokens are seated and the rest wait.
  const cancelledIds = new Set(toCancel.map(({ id }) => id));
  const live = [...tokens, ...lateBooked.map(({ body }) => body)].filter(
    ({ id }) => !cancelledIds.has(id),
  );
  const ranked = live
    .toSorted((a, b) => priorityOf(b) - priorityOf(a) || a.number - b.number)
    .map(({ id }) => id);
  const slot = await opd.slot('2026-11-23');
  expect(slot.tokens.map(({ id }) => id)).toEqual(ranked.slice(0, CAPACITY));
  expect(slot.waitlist.map(({ id }) => id)).toEqual(ranked.slice(CAPACITY));

  // The waitlist was never empty: every cancel that freed a seat promoted one token, every other cancel promoted none.
  const histories = await Promise.all(
    [...tokens, ...lateBooked.map(({ body }) => body)].map(
      async ({ id }) => (await opd.get<HistoryView>(`/tokens/${id}/history`)).body,
    ),
  );
  const promotions = histories
    .flatMap(({ changes }) => changes)
    .filter(({ kind }) => kind === 'promoted');
  for (const { status, body } of cancelled) {
    expect(status).toBe(200);
    const last = histories.find((history) => history.token_id === body.id)?.changes.at(-1);
    const freed = last?.from === 'BOOKED' ? 1 : 0;
    expect(promotions.filter(({ cause }) => cause === body.id)).toHaveLength(freed);
    expect(body.promoted === null ? 0 : 1).toBe(freed);
  }
});

it('many simultaneous requests with one key book once', async () => {
  const opd = await openApp();
  const clients = await listen(opd);
  const send = () => clients.post<BookingView>('/book', booking('W1'), { 'idempotency-key': 'k' });
  const answers = await Promise.all(Array.from({ length: 40 }, send));
  const accepted = answers.filter(({ status }) => status === 201);
  expect(accepted.length).toBeGreaterThan(0);
  expect(new Set(accepted.map(({ text }) => text)).size).toBe(1);
  const others = answers.filter(({ status }) => status !== 201);
  for (const { body } of others) expect(body).toMatchObject({ code: 'idempotency_in_progress' });
  expect(await opd.slot('2026-11-23')).toMatchObject({ seated: 1, waiting: 0 });
  expect(await send()).toMatchObject({ status: 201, headers: { 'idempotency-replayed': 'true' } });
});

it('many simultaneous cancels of one token cancel it once', async () => {
  const opd = await openApp();
  const clients = await listen(opd);
  const { id } = await opd.book('W1');
  for (const name of ['W2', 'W3', 'W4', 'W5', 'W6']) await opd.book(name);
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => clients.post<CancelView>('/cancel', { token_id: id })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(19).fill(404)]);
  expect(await opd.slot('2026-11-23')).toMatchObject({ seated: 3, waiting: 2 });
});

it('a cancel finds the token when a move takes it to another doctor at the same time', async () => {
  const opd = await openApp();
  const { tokens } = opd.service;
  const context = { identity: ANONYMOUS, idempotency: null };
  // The cancel begins `steps` microtasks after the move. For some of these numbers the cancel comes before the move.
  for (let steps = 0; steps < 12; steps += 1) {
    const { id } = await opd.book(`W${steps}`, { slot_id: 'doc1_slot2@2026-11-24' });
    const move = tokens.move(
      { tokenId: tokenId(id), slotId: slotId('doc2_slot1') },
      context,
      reorderedOf,
    );
    for (let step = 0; step < steps; step += 1) await Promise.resolve();
    const cancel = tokens.cancel({ tokenId: tokenId(id), reason: null }, context, cancellationOf);
    expect((await cancel).result).toMatchObject({ ok: true });
    const { result } = await move;
    const isFirst = result.ok;
    expect(result).toMatchObject(
      isFirst ? { ok: true } : { refusal: { code: 'token_already_cancelled' } },
    );
    const { body } = await opd.get<{ changes: { kind: string }[] }>(`/tokens/${id}/history`);
    expect(body.changes.map(({ kind }) => kind)).toEqual([
      'booked',
      ...(isFirst ? ['moved_out', 'moved_in'] : []),
      'cancelled',
    ]);
  }
  expect(opd.store.state).toBe('ready');
});

it('one of many simultaneous bookings gets the last seat, and one patient gets one token', async () => {
  const opd = await openApp();
  const clients = await listen(opd);
  for (const name of ['W1', 'W2']) await opd.book(name);
  const race = Array.from({ length: 20 }, (_, index) =>
    clients.post<BookingView>('/book', booking(`W${index}`, { patient_id: `p${index % 10}` })),
  );
  const answers = await Promise.all(race);
  const seated = answers.filter(({ body }) => (body.status as unknown) === 'BOOKED');
  expect(seated).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 409)).toHaveLength(10);
});
