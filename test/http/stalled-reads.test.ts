import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { BookingView } from '../../src/http/resources/index.ts';
import { openDatabase } from '../../src/store/index.ts';
import { eventually } from '../support/eventually.ts';
import { fill } from '../support/process/full-disk.ts';
import { mountMemory, needsMount, noMount } from '../support/process/mount.ts';
import { booking, openApp, openAppOnTestDisk, type TestApp } from '../support/app/app.ts';

// Reads that do not depend on what is stalled go on: only a doctor with a command that waits for the disk cannot be read.

/** The tokens that were durable before the disk was full: for each of two doctors one that is live and one that is over. */
interface Tokens {
  readonly live1: string;
  readonly over1: string;
  readonly live2: string;
  readonly over2: string;
}

/** A read, and its status with a disk that writes, while a booking of doc1 waits, and while a change of doc1 waits. */
type Row = readonly [
  url: (tokens: Tokens) => string,
  writes: number,
  booking: number,
  doctor: number,
];

const READS: readonly Row[] = [
  [() => '/health', 200, 200, 200],
  [() => '/ready', 200, 503, 503],
  [() => '/openapi.json', 200, 200, 200],
  [() => '/patient-types', 200, 200, 200],
  [() => '/doctors', 200, 200, 503],
  [() => '/doctors/doc1', 200, 503, 503],
  [() => '/doctors/doc2', 200, 200, 200],
  [() => '/doctors/nobody', 404, 404, 404],
  [() => '/schedule?doctor_id=doc1', 200, 503, 503],
  [() => '/schedule?doctor_id=doc1&date=2026-11-01', 200, 503, 503],
  [() => '/schedule?doctor_id=doc2', 200, 200, 200],
  [() => '/schedule?doctor_id=doc2&date=2026-11-01', 200, 200, 200],
  [() => '/schedule?doctor_id=nobody', 404, 404, 404],
  [({ live1 }) => `/tokens/${live1}`, 200, 503, 503],
  [({ live1 }) => `/tokens/${live1}/history`, 200, 503, 503],
  [({ over1 }) => `/tokens/${over1}`, 200, 503, 503],
  [({ over1 }) => `/tokens/${over1}/history`, 200, 503, 503],
  [({ live2 }) => `/tokens/${live2}`, 200, 200, 200],
  [({ live2 }) => `/tokens/${live2}/history`, 200, 200, 200],
  [({ over2 }) => `/tokens/${over2}`, 200, 200, 200],
  [({ over2 }) => `/tokens/${over2}/history`, 200, 200, 200],
  [() => '/tokens/unknown', 404, 404, 404],
  [() => '/tokens/unknown/history', 404, 404, 404],
  [() => '/reports/day?doctor_id=doc1&date=2026-11-23', 200, 503, 503],
  [() => '/reports/day?doctor_id=doc2&date=2026-11-23', 200, 200, 200],
];

const AT_DOC2 = { doctor_id: 'doc2', slot_id: 'doc2_slot1' };

async function bookAll(opd: TestApp): Promise<Tokens> {
  const [live1, over1] = [await opd.book('W1'), await opd.book('W2')];
  const [live2, over2] = [await opd.book('W3', AT_DOC2), await opd.book('W4', AT_DOC2)];
  for (const { id } of [over1, over2])
    expect(await opd.post('/cancel', { token_id: id })).toMatchObject({ status: 200 });
  return { live1: live1.id, over1: over1.id, live2: live2.id, over2: over2.id };
}

/** The status of each read, by its URL. A read that gives no answer makes the test time out. */
async function statusesOf(opd: TestApp, tokens: Tokens): Promise<Record<string, number>> {
  const statuses: Record<string, number> = {};
  for (const [url] of READS) statuses[url(tokens)] = (await opd.get(url(tokens))).status;
  return statuses;
}

const expected = (tokens: Tokens, column: 1 | 2 | 3): Record<string, number> =>
  Object.fromEntries(READS.map((row) => [row[0](tokens), row[column]]));

it.each<[what: string, send: (opd: TestApp) => Promise<{ status: number }>, column: 2 | 3]>([
  ['a booking', (opd) => opd.post('/book', booking('W5')), 2],
  [
    'a change of a doctor',
    (opd) => opd.put('/doctors/doc1', { name: 'Dr. A', time_zone: 'UTC', sessions: [] }),
    3,
  ],
])('while %s waits for a full disk, all other reads are answered', async (_, send, column) => {
  const { opd, disk } = await openAppOnTestDisk();
  const tokens = await bookAll(opd);
  expect(await statusesOf(opd, tokens)).toEqual(expected(tokens, 1));
  disk.fill();
  const waiting = send(opd);
  await eventually(() => disk.state === 'stalled');
  expect(await statusesOf(opd, tokens)).toEqual(expected(tokens, column));
  disk.makeSpace();
  expect((await waiting).status).toBeLessThan(300);
  expect(await statusesOf(opd, tokens)).toEqual(expected(tokens, 1));
});

it('while a booking is written, reads that do not depend on it do not wait for it', async () => {
  const { opd, disk } = await openAppOnTestDisk();
  const tokens = await bookAll(opd);
  disk.hold();
  const waiting = opd.post<BookingView>('/book', booking('W5'));
  for (const [url, writes, during] of READS)
    // A read that waits for the disk would make the test time out.
    if (during === writes) expect((await opd.get(url(tokens))).status).toBe(writes);
  disk.release();
  expect(await waiting).toMatchObject({ status: 201 });
});

it.skipIf(noMount !== null)(
  `while a booking waits for the full disk of an SQLite database, all other reads are answered${needsMount}`,
  async () => {
    const directory = mountMemory('size=3m');
    const file = join(directory, 'opd.db');
    const opd = await openApp({ store: (engine) => openDatabase(`sqlite:${file}`, engine) });
    const tokens = await bookAll(opd);
    const makeSpace = fill(directory);
    const waiting: Promise<{ status: number }>[] = [];
    // Some bookings still fit, because the last page of the journal has space.
    await eventually(() => {
      waiting.push(opd.post('/book', booking(`W${waiting.length + 5}`)));
      return opd.store.state === 'stalled';
    });
    expect(await statusesOf(opd, tokens)).toEqual(expected(tokens, 2));
    makeSpace();
    for (const answer of waiting) expect([201, 503]).toContain((await answer).status);
    expect(await statusesOf(opd, tokens)).toEqual(expected(tokens, 1));
  },
);
