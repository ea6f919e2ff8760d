import Fastify from 'fastify';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  doctorId,
  epochMs,
  slotId,
  tokenId,
  type DoctorFacts,
  type EpochMs,
} from '../../src/engine/index.ts';
import type { ScheduleView } from '../../src/http/resources/index.ts';
import { Doctors, doctorOf } from '../../src/http/resources/doctor.ts';
import { History, historyOf } from '../../src/http/resources/history.ts';
import { Schedule } from '../../src/http/resources/schedule.ts';
import { Queue, queueTokenOf, type QueueView } from '../../src/http/resources/queue.ts';
import { Slot, slotOf } from '../../src/http/resources/slot.ts';
import { ANONYMOUS, demoRoster, type LongSchedule } from '../../src/service/index.ts';
import { momentAt } from '../../src/service/runner.ts';
import { openApp, type TestApp } from '../support/app/app.ts';
import { fillDay, SLOTS } from '../support/app/large-day.ts';
import { found } from '../support/engine/clinic.ts';
import { listen } from '../support/app/sockets.ts';
import { eventually } from '../support/eventually.ts';
import { allOf } from '../support/store/pages.ts';
import { rerun, seed } from '../support/seed.ts';

const TODAY = '/schedule?doctor_id=doc1&date=2026-11-23';
/** More tokens than an answer has that is made at once. */
const MANY = 300;

/** The text of a value as a route sends it that makes its answer at once. */
async function textAtOnce(schema: object, value: unknown): Promise<string> {
  const app = Fastify();
  app.get('/', { schema: { response: { 200: schema } } }, () => Promise.resolve(value));
  const { body } = await app.inject('/');
  await app.close();
  return body;
}

/** The schedule of doc1's first day as it is now, made at once. */
function scheduleNow(opd: TestApp, at: EpochMs): Promise<string> {
  const doctor = opd.engine.doctor(doctorId('doc1'));
  if (doctor === undefined) throw new Error('doc1 is in memory');
  const moment = momentAt(opd.engine, at);
  const slots = doctor.slots.filter(({ facts }) => facts.date === '2026-11-23');
  const view = { ...doctorOf(doctor.facts), slots: slots.map((slot) => slotOf(slot, moment)) };
  return textAtOnce(Schedule, view);
}

const NOW = epochMs(Date.parse('2026-11-23T08:00:00Z'));

describe('a large answer is the same as one that is made at once', () => {
  it(`for a schedule of any tokens ${rerun}`, async () => {
    const opd = await openApp();
    const tokens = await fillDay(opd, MANY);
    const steps = fc.array(
      fc.record({
        url: fc.constantFrom('/check-in', '/start', '/complete', '/cancel'),
        token: fc.nat(tokens.length - 1),
      }),
      { minLength: 1, maxLength: 5 },
    );
    const property = fc.asyncProperty(steps, async (played) => {
      for (const { url, token } of played) await opd.post(url, { token_id: tokens[token]?.id });
      const { headers, text } = await opd.get(TODAY);
      expect(text).toBe(await scheduleNow(opd, NOW));
      expect(headers).toMatchObject({ 'content-type': 'application/json; charset=utf-8' });
    });
    await fc.assert(property, { seed, numRuns: 10 });
  });

  it('for a schedule of a past day', async () => {
    const opd = await openApp();
    await fillDay(opd, MANY);
    await opd.advanceTo('2026-11-23T23:59:00Z');
    const inMemory = await scheduleNow(opd, epochMs(Date.parse('2026-11-24T05:00:00Z')));
    await opd.advanceTo('2026-11-24T05:00:00Z');
    expect(opd.engine.slot(slotId(SLOTS[0]))).toBeUndefined();
    expect((await opd.get(TODAY)).text).toBe(inMemory);
  });

  it('for a schedule with a past day, today and a day without slots', async () => {
    const opd = await openApp();
    await fillDay(opd, 4);
    await opd.advanceTo('2026-11-24T05:00:00Z');
    const range = '/schedule?doctor_id=doc1&from=2026-11-22&to=2026-11-24';
    const { headers, body } = await opd.get<ScheduleView>(range);
    expect(body.slots.map(({ id, tokens }) => [id, tokens.length])).toEqual([
      [SLOTS[0], 2],
      [SLOTS[1], 2],
      ['doc1_slot1@2026-11-24', 0],
      ['doc1_slot2@2026-11-24', 0],
    ]);
    // A short answer has its length, although it was made in pieces.
    expect(headers).toHaveProperty('content-length');
  });

  it('for a slot, in memory and when it is past', async () => {
    const opd = await openApp();
    await fillDay(opd, 2 * MANY);
    const [id] = SLOTS;
    const slotNow = (at: EpochMs): Promise<string> => {
      const slot = found(opd.engine.slot(slotId(id)));
      return textAtOnce(Slot, slotOf(slot, momentAt(opd.engine, at)));
    };
    expect((await opd.get(`/slots/${id}`)).text).toBe(await slotNow(NOW));
    await opd.advanceTo('2026-11-23T23:59:00Z');
    const inMemory = await slotNow(epochMs(Date.parse('2026-11-24T05:00:00Z')));
    await opd.advanceTo('2026-11-24T05:00:00Z');
    expect(opd.engine.slot(slotId(id))).toBeUndefined();
    expect((await opd.get(`/slots/${id}`)).text).toBe(inMemory);
  });

  it('for the queues of all doctors', async () => {
    const opd = await openApp();
    const tokens = await fillDay(opd, MANY);
    for (const { id } of tokens.slice(0, 20)) await opd.post('/check-in', { token_id: id });
    for (const { id } of tokens.slice(5, 10)) await opd.post('/skip', { token_id: id });
    await opd.post('/call-next', { doctor_id: 'doc1', room: '1' });
    const large = await opd.get<QueueView>('/queue');
    const [first, ...others] = large.body.doctors;
    const lists = [first?.in_consultation, first?.calling_order, first?.skipped, first?.waiting];
    expect(lists.flat()).toHaveLength(MANY);
    expect(lists.every((list) => list !== undefined && list.length > 0)).toBe(true);
    expect(large.text).toBe(await textAtOnce(Queue, large.body));
    const moment = momentAt(opd.engine, NOW);
    for (const token of lists.flatMap((list) => list ?? []))
      expect(token).toEqual(queueTokenOf(found(opd.engine.token(tokenId(token.id ?? ''))), moment));
    for (const queue of others) {
      const { body } = await opd.get<QueueView>(`/queue?doctor_id=${queue.doctor_id}`);
      expect(body.doctors).toEqual([queue]);
    }
  });

  it('for a history', async () => {
    const opd = await openApp();
    const { id } = await opd.book('W1');
    for (let nth = 0; nth < MANY; nth += 1) {
      const patient_type = nth % 2 === 0 ? 'FOLLOW_UP' : 'WALK_IN';
      await opd.post('/reclassify', { token_id: id, patient_type, reason: `nth ${nth}` });
    }
    const changes = await allOf(opd.archive.history(tokenId(id)));
    expect(changes).toHaveLength(MANY + 1);
    const { text } = await opd.get(`/tokens/${id}/history`);
    expect(text).toBe(await textAtOnce(History, historyOf(id, { changes })));
  });

  it('for all doctors', async () => {
    const [first] = demoRoster('UTC');
    const roster = Array.from({ length: MANY }, (_, nth) => ({
      ...(first as DoctorFacts),
      id: doctorId(`d${String(nth).padStart(3, '0')}`),
      sessions: [],
    }));
    const opd = await openApp({ roster });
    const { text } = await opd.get('/doctors');
    expect(text).toBe(await textAtOnce(Doctors, { doctors: roster.map(doctorOf) }));
  });
});

describe('while a large answer is made', () => {
  it('other requests are answered, because it takes at least a turn of the event loop for each 250 tokens', async () => {
    const opd = await openApp({ waitlistMax: 10_000 });
    await fillDay(opd, 2_000);
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    const answered: string[] = [];
    setImmediate(count);
    const large = opd.get(TODAY).then(() => answered.push('large'));
    const small = opd.get('/health').then(() => answered.push('small'));
    await Promise.all([large, small]);
    isOver = true;
    expect(answered).toEqual(['small', 'large']);
    expect(turns).toBeGreaterThanOrEqual(2_000 / 250);
  });

  it('commands change nothing in it: all of it is of one instant', async () => {
    const opd = await openApp();
    const tokens = await fillDay(opd, MANY);
    const before = await scheduleNow(opd, NOW);
    const request = new AbortController();
    const query = {
      identity: ANONYMOUS,
      ended: () => request.signal,
      doctorId: doctorId('doc1'),
      date: '2026-11-23',
    };
    const result = await opd.service.reads.schedule(query, slotOf);
    if (!result.ok) throw new Error('the schedule is read');
    const { doctor, shownSlots } = result.value as LongSchedule;
    for (const { id } of tokens.slice(0, 50)) await opd.post('/cancel', { token_id: id });
    await opd.post('/move', { token_id: tokens[60]?.id, slot_id: 'doc1_slot1@2026-11-24' });
    expect(await scheduleNow(opd, NOW)).not.toBe(before);
    const slots = [];
    for await (const { slot, moment } of shownSlots) slots.push(slotOf(slot, moment));
    request.abort();
    expect(await textAtOnce(Schedule, { ...doctorOf(doctor), slots })).toBe(before);
  });
});

/** An app with more past slots than a connection takes of their text, and how many of the slots were read. */
async function openPast() {
  const opd = await openApp();
  const slots = Array.from({ length: 60 }, (_, nth) => `past-${nth}`);
  await Promise.all(
    slots.map((id) =>
      opd.post('/slots', {
        ...{ id, doctor_id: 'doc1', capacity: 1_000 },
        ...{ start_time: '2026-11-23T09:00:00Z', end_time: '2026-11-23T10:00:00Z' },
      }),
    ),
  );
  // Sixty thousand bookings would take too long, so the archive repeats one of them in each of these slots.
  await opd.book('W1', { slot_id: 'past-0', patient_name: 'W'.repeat(200) });
  await opd.advanceTo('2026-11-24T05:00:00Z');
  const slot = await opd.archive.slot(slotId('past-0'));
  if (slot === undefined) throw new Error('the slot is stored');
  const [token] = await allOf(opd.archive.liveTokens(slot));
  if (token === undefined) throw new Error('the token is stored');
  let read = 0;
  opd.archive.liveTokens = async function* ({ id }) {
    read += 1;
    const count = slots.includes(id) ? 250 : 0;
    const copies = Array.from({ length: count }, (_, nth) => ({
      ...token,
      slotId: id,
      id: tokenId(`${id}-${nth}`),
      arrival: nth + 1,
    }));
    yield await Promise.resolve(copies);
  };
  return { opd, slots: slots.length + SLOTS.length, read: () => read };
}

describe('a client that does not read its answer', () => {
  it('holds up the making of the rest, and when it has gone its place is free', async () => {
    const { opd, slots, read } = await openPast();
    const clients = await listen(opd);
    const sockets = [];
    // As many as large reads are made at once.
    for (let nth = 0; nth < 4; nth += 1) {
      const socket = await clients.socket();
      socket.pause();
      socket.write(`GET ${TODAY} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
      sockets.push(socket);
    }
    let before = -1;
    await eventually(() => {
      const isStill = read() > 0 && read() === before;
      before = read();
      return isStill;
    });
    let isAnswered = false;
    const waiting = opd.get(TODAY).then(({ status, body }) => {
      isAnswered = true;
      return { status, slots: (body as ScheduleView).slots.length };
    });
    for (let nth = 0; nth < 50; nth += 1) await new Promise(setImmediate);
    expect(isAnswered).toBe(false);
    expect(read()).toBeLessThan(4 * slots);
    const readBefore = read();
    for (const socket of sockets) socket.destroy();
    expect(await waiting).toEqual({ status: 200, slots });
    // The slots of the one answer, and at most the one slot that each of the others was reading.
    expect(read() - readBefore).toBeLessThanOrEqual(slots + 4);
  });
});

it('large reads beyond those that are made and wait are refused with 503', async () => {
  const opd = await openApp();
  await opd.book('W1');
  const gate = Promise.withResolvers<undefined>();
  const slotChanges = opd.archive.slotChanges.bind(opd.archive);
  opd.archive.slotChanges = async function* (id) {
    await gate.promise;
    yield* slotChanges(id);
  };
  const url = '/reports/day?doctor_id=doc1&date=2026-11-23';
  // The reports wait for the gate, except the one beyond those that are made and wait.
  const reports = Array.from({ length: 4 + 50 + 1 }, () => opd.get(url));
  expect(await Promise.race(reports)).toMatchObject({
    status: 503,
    headers: { 'retry-after': '1' },
    body: { code: 'overloaded' },
  });
  // A read that is not large is answered all the same.
  expect(await opd.get('/schedule?doctor_id=doc1')).toMatchObject({ status: 200 });
  gate.resolve(undefined);
  const statuses = (await Promise.all(reports)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(4 + 50);
  expect(await opd.get(url)).toMatchObject({ status: 200 });
});
