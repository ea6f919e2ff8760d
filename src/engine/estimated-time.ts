import { epochMs, type EpochMs } from './ids.ts';
import { delayedStartOf, endsAt } from './slot-facts.ts';
import type { Token } from './slot.ts';
import { holdsSeat } from './status.ts';

const DAY_MS = 24 * 3_600_000;

/**
 * The instant at which the doctor is expected to see a seated patient; null for a token that waits or is over.
 *
 * The slot's pace is one patient every `(end - start) / capacity`. The time that the patients ahead need is counted
 * from `at` once a patient of the slot is in consultation, and before that from the delayed start at the earliest.
 * From one day after the delayed end of the slot there is no estimate.
 */
export function estimatedTimeOf(token: Token, at: EpochMs): EpochMs | null {
  if (!holdsSeat(token.status) || token.status === 'COMPLETED') return null;
  const { slot } = token;
  const { startTime, endTime, capacity } = slot.facts;
  if (at >= endsAt(slot.facts, 0) + DAY_MS) return null;
  const from = slot.inConsultation > 0 ? at : Math.max(delayedStartOf(slot.facts), at);
  const pace = (endTime - startTime) / capacity;
  return epochMs(Math.floor(from + slot.seatedAheadOf(token) * pace));
}
