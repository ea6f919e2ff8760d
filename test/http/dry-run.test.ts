import fc from 'fast-check';
import { describe, expect, inject, it } from 'vitest';
import { slotId } from '../../src/engine/index.ts';
import type { ClosedView } from '../../src/http/resources/index.ts';
import {
  booking,
  openApp,
  openAppOnTestDisk,
  type Answer,
  type TestApp,
} from '../support/app/app.ts';
import { rerun, tryUntilReached } from '../support/seed.ts';
import {
  DOC2_NINE,
  historyOf,
  NINE,
  postOk,
  stateOf,
  TEN,
  withoutInstance,
} from '../support/app/front-desk.ts';

/** Two slots of doc1 and one of doc2 today, and a slot of doc1 tomorrow. */
const SLOTS = [NINE, TEN, DOC2_NINE, 'doc1_slot1@2026-11-24'] as const;

const slot = fc.constantFrom(...SLOTS);
/** Random bookings, more than half of them in one slot: a class, a slot, and in some a patient id. */
const bookings = fc.record({
  what: fc.constant('book'),
  letter: fc.constantFrom('E', 'P', 'F', 'O', 'W'),
  slot: fc.oneof({ arbitrary: fc.constant(SLOTS[0]), weight: 3 }, { arbitrary: slot, weight: 2 }),
  patient: fc.option(fc.nat(5), { nil: undefined }),
});
const visits = fc.record({
  what: fc.constantFrom('/check-in', '/check-in', '/start', '/complete', '/cancel'),
  token: fc.nat(30),
});
/** Random commands, some of which may be refused, and the time of the day after them. */
const days = fc.record({
  steps: fc.array(fc.oneof({ arbitrary: bookings, weight: 3 }, { arbitrary: visits, weight: 2 }), {
    minLength: 5,
    maxLength: 40,
    size: 'max',
  }),
  at: fc.constantFrom('08:30', '09:20', '10:29', '10:30', '11:40'),
});

const slotIds = fc.oneof(
  { arbitrary: slot, weight: 12 },
  { arbitrary: fc.constantFrom('doc1_slot1', 'doc1_slot2', 'doc2_slot1'), weight: 4 },
  { arbitrary: fc.constant('nowhere'), weight: 1 },
);

interface Command {
  readonly method: 'POST' | 'PATCH';
  readonly url: string;
  readonly body: object;
  readonly key: string;
}

const commands: fc.Arbitrary<Omit<Command, 'key'>> = fc.oneof(
  fc
    .record({
      id: slotIds,
      body: fc.record(
        {
          capacity: fc.constantFrom(1, 2, 3, 4, 6),
          delay_minutes: fc.constantFrom(0, 20, 90),
        },
        { requiredKeys: [] },
      ),
    })
    .map(({ id, body }) => ({ method: 'PATCH' as const, url: `/slots/${id}`, body })),
  fc.record({ id: slotIds, to: fc.option(slotIds, { nil: undefined }) }).map(({ id, to }) => ({
    method: 'POST' as const,
    url: `/slots/${id}/close`,
    body: { reason: 'ill', ...(to === undefined ? {} : { move_to: to }) },
  })),
  fc
    .record({
      doctor: fc.constantFrom('doc1', 'doc2', 'doc9'),
      date: fc.constantFrom('2026-11-23', '2026-11-24', '2026-11-31'),
      minutes: fc.constantFrom(0, 20, 90),
    })
    .map(({ doctor, ...body }) => ({
      method: 'POST' as const,
      url: `/doctors/${doctor}/delay`,
      body,
    })),
);

type Day = typeof days extends fc.Arbitrary<infer T> ? T : never;

async function runSteps(opd: TestApp, { steps, at }: Day): Promise<string[]> {
  const ids: string[] = [];
  for (const [index, step] of steps.entries())
    if ('token' in step)
      await opd.post(step.what, { token_id: ids[step.token % ids.length] ?? 'x' });
    else {
      const more = { doctor_id: step.slot.slice(0, 4), slot_id: step.slot };
      const patient = step.patient === undefined ? {} : { patient_id: `p${step.patient}` };
      const request = booking(`${step.letter}${index}`, { ...more, ...patient });
      const { body, status } = await opd.post<{ id: string }>('/book', request);
      if (status === 201) ids.push(body.id);
    }
  await opd.advanceTo(`2026-11-23T${at}:00Z`);
  return ids;
}

const KEY = { 'idempotency-key': 'k' };

const send = (opd: TestApp, { method, url, body, key }: Command, query: string) => {
  const headers = method === 'POST' ? { 'idempotency-key': key } : {};
  return opd.send({ method, url: url + query, payload: body, headers });
};

const comparable = (answer: Answer) => [
  answer.status,
  withoutInstance(answer),
  answer.headers['content-type'],
  answer.headers['idempotency-replayed'],
];

/** Sends the command as a dry run, then for real; returns the command and its code. */
async function compare(opd: TestApp, ids: readonly string[], command: Command): Promise<string> {
  const before = await stateOf(opd, ids);
  const dryRun = await send(opd, command, '?dry_run=true');
  expect(await stateOf(opd, ids)).toEqual(before);
  const real = await send(opd, command, '?dry_run=false');
  expect(comparable(dryRun)).toEqual(comparable(real));
  if (real.status !== 200) expect(await stateOf(opd, ids)).toEqual(before);
  const { code = 'done' } = real.body as { code?: string };
  return `${command.url.replace(/^\/(\w+)\/[^/]+/, '$1')} ${code}`;
}

it(`a dry run answers what the real command does, and changes nothing ${rerun}`, async () => {
  const reached = new Set<string>();
  const several = fc.array(commands, { minLength: 1, maxLength: 8, size: 'max' });
  const property = fc.asyncProperty(days, several, async (day, sequence) => {
    const opd = await openApp();
    const ids = await runSteps(opd, day);
    for (const [index, command] of sequence.entries())
      reached.add(await compare(opd, ids, { ...command, key: `k${index}` }));
    await opd.app.close();
    await opd.store.close();
  });
  // The comparison covers accepted commands, not only refusals.
  const accepted = ['slots done', 'slots/close done', 'doctors/delay done'];
  const missing = () => accepted.filter((each) => !reached.has(each));
  await tryUntilReached(property, inject('isPostgres') ? 5 : 30, missing);
});

describe('a dry run', () => {
  const CLOSE = [`/slots/${NINE}/close`, { reason: 'ill', move_to: TEN }] as const;

  it('does not use its key', async () => {
    const opd = await openApp();
    const { id } = await opd.book('W1');
    const dry = () => opd.post(`${CLOSE[0]}?dry_run=true`, CLOSE[1], KEY);
    expect(await dry()).toMatchObject({ status: 200 });
    const again = await dry();
    expect(again.headers).not.toHaveProperty('idempotency-replayed');
    const booked = await opd.post('/cancel', { token_id: id }, KEY);
    expect(booked).toMatchObject({ status: 200, body: { id } });
    // A dry run does not check whether another request has used the key.
    expect(await dry()).toMatchObject({ status: 200 });
  });

  it('stores no refusal', async () => {
    const opd = await openApp();
    const [url, body] = ['/slots/new/close', { reason: 'ill' }];
    expect(await opd.post(`${url}?dry_run=true`, body, KEY)).toMatchObject({ status: 404 });
    const [start_time, end_time] = ['2026-11-23T12:00:00Z', '2026-11-23T13:00:00Z'];
    const single = { doctor_id: 'doc1', id: 'new', start_time, end_time, capacity: 1 };
    expect(await opd.post('/slots', single)).toMatchObject({ status: 201 });
    expect(await opd.post(url, body, KEY)).toMatchObject({ status: 200 });
  });

  it('shows moved tokens in their new slot, but does not move them', async () => {
    const opd = await openApp();
    const { id } = await opd.book('W1');
    const dry = await opd.post(`${CLOSE[0]}?dry_run=true`, CLOSE[1]);
    expect(dry).toMatchObject({
      body: { status: 'CLOSED', affected: [{ outcome: 'moved', token: { id, slot_id: TEN } }] },
    });
    expect(await opd.get(`/tokens/${id}`)).toMatchObject({ body: { slot_id: NINE } });
    expect(await historyOf(opd, id)).toHaveLength(1);
    expect(await postOk(opd, '/check-in', { token_id: id })).toMatchObject({ slot_id: NINE });
  });

  it('shows the numbers that the real command gives, also after a cancel of the last number', async () => {
    const opd = await openApp();
    await opd.book('W1');
    const more = { doctor_id: 'doc2', slot_id: DOC2_NINE };
    await postOk(opd, '/cancel', { token_id: (await opd.book('W2', more)).id });
    const numbers = async (query: string) => {
      const request = [CLOSE[0] + query, { reason: 'ill', move_to: DOC2_NINE }] as const;
      const { affected } = await postOk<ClosedView>(opd, ...request);
      return affected.map(({ token }) => token.number);
    };
    expect(await numbers('?dry_run=true')).toEqual([2]);
    expect(await numbers('')).toEqual([2]);
  });

  it('answers only when the changes that it shows are durable', async () => {
    const { opd, disk } = await openAppOnTestDisk();
    disk.hold();
    const booked = opd.book('W1');
    const slot = () => opd.engine.slot(slotId(NINE));
    while (slot()?.seated !== 1) await new Promise(setImmediate);
    const order: string[] = [];
    const dry = opd
      .post(`${CLOSE[0]}?dry_run=true`, CLOSE[1])
      .then(({ status }) => order.push(`dry run ${status}`));
    const other = await opd.get('/schedule?doctor_id=doc2');
    order.push(`other doctor ${other.status}`);
    disk.release();
    await Promise.all([booked, dry]);
    expect(order).toEqual(['other doctor 200', 'dry run 200']);
  });

  it('is refused when the service stops, like the real command', async () => {
    const opd = await openApp();
    opd.service.stop();
    for (const [url, body] of [
      CLOSE,
      ['/doctors/doc1/delay', { date: '2026-11-23', minutes: 5 }] as const,
    ])
      expect(await opd.post(`${url}?dry_run=true`, body)).toMatchObject({
        status: 503,
        body: { code: 'stopping' },
      });
    const patch = await opd.patch(`/slots/${NINE}?dry_run=true`, { capacity: 1 });
    expect(patch).toMatchObject({ status: 503, body: { code: 'stopping' } });
  });
});
