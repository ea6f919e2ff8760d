import { expect } from 'vitest';
import type { TestApp } from './app.ts';

/** The tokens that were durable before the disk was full: for each of two doctors one that is live and one that is over. */
export interface Tokens {
  readonly live1: string;
  readonly over1: string;
  readonly live2: string;
  readonly over2: string;
}

/** The statuses of a read: with a disk that writes, while a booking of doc1 waits, and while a change of doc1 waits. */
interface Statuses {
  readonly writes: number;
  readonly booking: number;
  readonly doctor: number;
}

const always = (status: number): Statuses => ({ writes: status, booking: status, doctor: status });
/** The statuses of what depends on the commands of doc1. */
const STALLED: Statuses = { writes: 200, booking: 503, doctor: 503 };

/** The statuses of what depends on what doc1 is, and not on the patients. */
const FACTS: Statuses = { writes: 200, booking: 200, doctor: 503 };

/** All reads of the service. */
export const READS: readonly (readonly [url: (tokens: Tokens) => string, statuses: Statuses])[] = [
  [() => '/health', always(200)],
  [() => '/ready', STALLED],
  [() => '/openapi.json', always(200)],
  [() => '/patient-types', always(200)],
  [() => '/doctors', FACTS],
  [() => '/doctors/doc1', FACTS],
  [() => '/doctors/doc2', always(200)],
  [() => '/doctors/nobody', always(404)],
  [() => '/holidays', always(200)],
  [() => '/schedule?doctor_id=doc1', STALLED],
  [() => '/schedule?doctor_id=doc1&date=2026-11-01', STALLED],
  [() => '/schedule?doctor_id=doc2', always(200)],
  [() => '/schedule?doctor_id=doc2&date=2026-11-01', always(200)],
  [() => '/schedule?doctor_id=nobody', always(404)],
  [({ live1 }) => `/tokens/${live1}`, STALLED],
  [({ live1 }) => `/tokens/${live1}/history`, STALLED],
  [({ over1 }) => `/tokens/${over1}`, STALLED],
  [({ over1 }) => `/tokens/${over1}/history`, STALLED],
  [({ live2 }) => `/tokens/${live2}`, always(200)],
  [({ live2 }) => `/tokens/${live2}/history`, always(200)],
  [({ over2 }) => `/tokens/${over2}`, always(200)],
  [({ over2 }) => `/tokens/${over2}/history`, always(200)],
  [() => '/tokens/unknown', always(404)],
  [() => '/tokens/unknown/history', always(404)],
  [() => '/slots/doc1_slot1@2026-11-23', STALLED],
  [() => '/slots/doc2_slot1', always(200)],
  // A change of a doctor may have removed a session of this id.
  [() => '/slots/nowhere', { writes: 404, booking: 404, doctor: 503 }],
  [() => '/queue', STALLED],
  [() => '/queue?doctor_id=doc2', always(200)],
  [() => '/tokens?doctor_id=doc1', STALLED],
  [() => '/tokens?doctor_id=doc2', always(200)],
  [() => '/tokens?doctor_id=doc2&name=W', always(200)],
  // The tokens of the doctor are compared as memory has them, so the answer waits although it has none of them.
  [() => '/tokens?doctor_id=doc1&name=nobody', STALLED],
  [() => '/reports/day?doctor_id=doc1&date=2026-11-23', STALLED],
  [() => '/reports/day?doctor_id=doc2&date=2026-11-23', always(200)],
  [() => '/reports/range?from=2026-11-23&to=2026-11-24', STALLED],
  [() => '/reports/range?from=2026-11-23&to=2026-11-24&doctor_id=doc2', always(200)],
];

const AT_DOC2 = { doctor_id: 'doc2', slot_id: 'doc2_slot1' };

/** Books two tokens with doc1 and two with doc2, and cancels the second of each. */
export async function bookBoth(opd: TestApp): Promise<Tokens> {
  const [live1, over1] = [await opd.book('W1'), await opd.book('W2')];
  const [live2, over2] = [await opd.book('W3', AT_DOC2), await opd.book('W4', AT_DOC2)];
  for (const { id } of [over1, over2])
    expect(await opd.post('/cancel', { token_id: id })).toMatchObject({ status: 200 });
  return { live1: live1.id, over1: over1.id, live2: live2.id, over2: over2.id };
}

/** The status of each read, by its URL. A read that gives no answer makes the test time out. */
export async function statusesOf(opd: TestApp, tokens: Tokens): Promise<Record<string, number>> {
  const statuses: Record<string, number> = {};
  for (const [url] of READS) statuses[url(tokens)] = (await opd.get(url(tokens))).status;
  return statuses;
}

/** The status that each read must have, by its URL. */
export const expectedOf = (tokens: Tokens, disk: keyof Statuses): Record<string, number> =>
  Object.fromEntries(READS.map(([url, statuses]) => [url(tokens), statuses[disk]]));
