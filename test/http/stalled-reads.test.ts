import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { BookingView } from '../../src/http/resources/index.ts';
import { NotDurableError, openDatabase } from '../../src/store/index.ts';
import { eventually } from '../support/eventually.ts';
import { fill } from '../support/process/full-disk.ts';
import { mountMemory, needsMount, noMount } from '../support/process/mount.ts';
import { fillDay } from '../support/app/large-day.ts';
import { booking, openApp, openAppOnTestDisk, type TestApp } from '../support/app/app.ts';
import { bookBoth, expectedOf, READS, statusesOf } from '../support/app/reads.ts';

// Reads that do not depend on what is stalled go on: only a doctor with a command that waits for the disk cannot be read.

it.each<
  [what: string, send: (opd: TestApp) => Promise<{ status: number }>, stalled: 'booking' | 'doctor']
>([
  ['a booking', (opd) => opd.post('/book', booking('W5')), 'booking'],
  [
    'a change of a doctor',
    (opd) => opd.put('/doctors/doc1', { name: 'Dr. A', time_zone: 'UTC', sessions: [] }),
    'doctor',
  ],
])('while %s waits for a full disk, all other reads are answered', async (_, send, stalled) => {
  const { opd, disk } = await openAppOnTestDisk();
  const tokens = await bookBoth(opd);
  expect(await statusesOf(opd, tokens)).toEqual(expectedOf(tokens, 'writes'));
  disk.fill();
  const waiting = send(opd);
  await eventually(() => disk.state === 'stalled');
  expect(await statusesOf(opd, tokens)).toEqual(expectedOf(tokens, stalled));
  disk.makeSpace();
  expect((await waiting).status).toBeLessThan(300);
  expect(await statusesOf(opd, tokens)).toEqual(expectedOf(tokens, 'writes'));
});

it('while a booking is written, reads that do not depend on it do not wait for it', async () => {
  const { opd, disk } = await openAppOnTestDisk();
  const tokens = await bookBoth(opd);
  disk.hold();
  const waiting = opd.post<BookingView>('/book', booking('W5'));
  for (const [url, { writes, booking: during }] of READS)
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
    const tokens = await bookBoth(opd);
    const makeSpace = fill(directory);
    const waiting: Promise<{ status: number }>[] = [];
    // Some bookings still fit, because the last page of the journal has space.
    await eventually(() => {
      waiting.push(opd.post('/book', booking(`W${waiting.length + 5}`)));
      return opd.store.state === 'stalled';
    });
    expect(await statusesOf(opd, tokens)).toEqual(expectedOf(tokens, 'booking'));
    makeSpace();
    for (const answer of waiting) expect([201, 503]).toContain((await answer).status);
    expect(await statusesOf(opd, tokens)).toEqual(expectedOf(tokens, 'writes'));
  },
);

it('a large answer is refused with 503 when the store stalls while it is made', async () => {
  const { opd } = await openAppOnTestDisk();
  await fillDay(opd, 4);
  await opd.advanceTo('2026-11-24T05:00:00Z');
  const next = () => Promise.reject(new NotDurableError('of the test'));
  opd.archive.liveTokens = () => ({ [Symbol.asyncIterator]: () => ({ next }) });
  const past = '/schedule?doctor_id=doc1&date=2026-11-23';
  expect(await opd.get(past)).toMatchObject({ status: 503, body: { code: 'not_durable' } });
});
