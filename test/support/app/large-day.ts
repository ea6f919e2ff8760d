import { expect } from 'vitest';
import type { BookingView } from '../../../src/http/resources/index.ts';
import { booking, type TestApp } from './app.ts';

/** The slots of doc1 on the first day of a test app. */
export const SLOTS = ['doc1_slot1@2026-11-23', 'doc1_slot2@2026-11-23'] as const;

/** Books so many patients of all classes into the two slots of doc1 on the first day; each third has a patient id. */
export async function fillDay(opd: TestApp, tokens: number): Promise<BookingView[]> {
  const answers = await Promise.all(
    Array.from({ length: tokens }, (_, nth) =>
      opd.post<BookingView>(
        '/book',
        booking(`${'EPFOW'.charAt(nth % 5)}${nth}`, {
          slot_id: SLOTS[nth % SLOTS.length],
          ...(nth % 3 === 0 ? { patient_id: `p${nth}` } : {}),
        }),
      ),
    ),
  );
  for (const answer of answers) expect(answer).toMatchObject({ status: 201 });
  return answers.map(({ body }) => body);
}
