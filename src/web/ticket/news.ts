import type { WordKey } from '../words/en.ts';
import type { PatientStatus } from './use-status.ts';

type Status = PatientStatus['status'];

const WITH_SEAT: readonly Status[] = ['BOOKED', 'CHECKED_IN', 'SKIPPED'];

/** What a patient is told when the status of the token changes without the patient's doing; null for nothing. */
export function newsOf(before: Status | null, after: Status): WordKey | null {
  if (before === 'WAITING' && WITH_SEAT.includes(after)) return 'ticket.promoted';
  if (before !== null && WITH_SEAT.includes(before) && after === 'WAITING') return 'ticket.bumped';
  return null;
}
