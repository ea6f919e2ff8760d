import { WEEKDAYS } from '../../../src/engine/index.ts';

/** A valid body of PUT /doctors/{id}: the demo's first doctor, with the fields of `more` on top. */
export const doctorInput = (more: object = {}): Record<string, unknown> => ({
  name: 'Dr. A (Cardiology)',
  time_zone: 'UTC',
  sessions: [session('doc1_slot1'), session('doc1_slot2', { start: '10:00', end: '11:00' })],
  ...more,
});

/** A valid session: every day from 09:00 to 10:00, with the fields of `more` on top. */
export const session = (id: string, more: object = {}): Record<string, unknown> => ({
  id,
  weekdays: [...WEEKDAYS],
  start: '09:00',
  end: '10:00',
  capacity: 3,
  ...more,
});
