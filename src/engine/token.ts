import type { EpochMs, PatientId, TokenId } from './ids.ts';
import type { PatientClass } from './patient-class.ts';
import type { Slot } from './slot.ts';
import type { Status } from './status.ts';

/** One patient's claim on one slot. Only the engine's `apply` writes to it. */
export interface Token {
  readonly id: TokenId;
  readonly slot: Slot;
  readonly patientName: string;
  readonly patientId: PatientId | null;
  /** The class with the priority it had when the token got it. */
  readonly patientClass: PatientClass;
  /** Place in the doctor's order of accepted bookings; never the clock. */
  readonly arrival: number;
  /** The printed number: counts up per doctor and local day, never reused (R10). */
  readonly number: number;
  readonly bookedAt: EpochMs;
  readonly status: Status;
  /** Has been at the desk: a promotion brings the token back as `CHECKED_IN`. */
  readonly hasCheckedIn: boolean;
}

/** Rank in a slot: priority descending, then arrival ascending. The order of every list there is. */
export function outranks(a: Token, b: Token): boolean {
  const difference = a.patientClass.priority - b.patientClass.priority;
  return difference === 0 ? a.arrival < b.arrival : difference > 0;
}
