import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import { DEFAULT_CLASSES } from '../../src/engine/index.ts';
import { buildApp } from '../../src/http/app.ts';
import { BOUNDS, clock, openService, usedMicroseconds } from '../http/in-process.ts';
import { Client } from '../lib/client.ts';
import { median } from '../lib/format.ts';
import { bookingsOf, openHospital, type HospitalSize } from '../lib/hospital.ts';
import { isSmoke, parameter } from '../lib/parameter.ts';
import { forEachConcurrently } from '../lib/pool.ts';
import type { OnStep } from '../lib/progress.ts';
import { Random } from '../lib/random.ts';
import { required } from '../lib/required.ts';
import { temporaryDirectory } from '../lib/temporary.ts';
import { startReceiver } from './start-receiver.ts';

const SEED = 20_261_128;
/** Bookings that are in flight at the same time. */
const CONCURRENCY = 64;
const SIZE: HospitalSize = isSmoke
  ? { doctors: 2, sessions: 2, capacity: 2 }
  : { doctors: 100, sessions: 4, capacity: 25 };

/** What a booking costs at full load while webhooks are told of it. */
export interface BookingCost {
  readonly webhooks: number;
  /** Microseconds of processor time of all threads of the process for each booking. */
  readonly us: number;
  /** How much more that is than without a webhook: 0.1 for 10 %. */
  readonly more: number;
  /** Messages that came in each second of the load. */
  readonly perSecond: number;
}

interface Round {
  readonly us: number;
  readonly perSecond: number;
}

/** Sends bookings without a pause, so many at a time, until all are answered. */
async function book(app: FastifyInstance, bookings: readonly string[]): Promise<void> {
  await forEachConcurrently(bookings, CONCURRENCY, async (payload) => {
    const headers = { 'content-type': 'application/json' };
    const { statusCode } = await app.inject({ method: 'POST', url: '/book', headers, payload });
    if (statusCode !== 201) throw new Error(`A booking was answered with ${statusCode}.`);
  });
}

/**
 * Books at full load on SQLite, in turn without a webhook and with some on all events. The requests are made in the process of
 * the service, because on a busy machine a process of their own would often let the service wait. A webhook that is deleted
 * gets nothing more, so what a round leaves undelivered does not cost the next one.
 */
export async function bookingCosts(onStep: OnStep): Promise<BookingCost[]> {
  const rounds = parameter('WEBHOOKS_LOAD_ROUNDS', 1, 5);
  const requests = parameter('WEBHOOKS_LOAD_REQUESTS', 128, 25_600);
  const [directory, receiver] = [temporaryDirectory(), await startReceiver()];
  const { database, service, webhooks } = openService(`sqlite:${join(directory.path, 'opd.db')}`);
  const app = await buildApp({
    ...{ service, webhooks, classes: DEFAULT_CLASSES, clock, version: 'bench' },
    ...{ logger: pino({ level: 'silent' }), allowsAnonymous: true, metrics: null, ...BOUNDS },
  });
  try {
    await service.start(() => ({ doctors: [], slots: [] }));
    webhooks.start();
    const client = new Client(await app.listen({ host: '127.0.0.1', port: 0 }), 8);
    const targets = await openHospital(client, SIZE);
    const measured = new Map<number, Round[]>([0, 1, 4].map((count) => [count, []]));
    let booked = 0;
    for (let round = 0; round <= rounds; round += 1)
      for (const [count, values] of measured) {
        onStep('book, round', round + 1, rounds + 1);
        const ids = Array.from({ length: count }, (_, n) => `w${n}`);
        for (const id of ids) await client.put(`/webhooks/${id}`, { url: receiver.url });
        const random = new Random(SEED + booked);
        const bookings = bookingsOf(targets, { random, first: booked, count: requests });
        const before = (await receiver.count()).received;
        const [usedBefore, startMs] = [usedMicroseconds(), performance.now()];
        await book(app, bookings);
        const us = (usedMicroseconds() - usedBefore) / requests;
        const seconds = (performance.now() - startMs) / 1_000;
        const { received } = await receiver.count();
        if (round > 0) values.push({ us, perSecond: (received - before) / seconds });
        booked += requests;
        for (const id of ids) await client.send('DELETE', `/webhooks/${id}`, undefined, {});
      }
    client.close();
    const base = required(measured.get(0));
    return Array.from(measured, ([count, values]) => ({
      webhooks: count,
      us: median(values.map(({ us }) => us)),
      more: median(values.map(({ us }, round) => us / required(base[round]).us - 1)),
      perSecond: median(values.map(({ perSecond }) => perSecond)),
    }));
  } finally {
    receiver.stop();
    await webhooks.stop();
    await app.close();
    service.stop();
    // Its threads would keep the process alive.
    await database.store.close();
    directory.remove();
  }
}
