import {
  epochMs,
  type DoctorId,
  type EpochMs,
  type LocalDate,
  type SessionId,
  type SlotId,
} from './ids.ts';

/** Everything about a slot but its tokens. */
export interface SlotFacts {
  readonly id: SlotId;
  readonly doctorId: DoctorId;
  /** The session that yields the slot; null for a single slot. */
  readonly sessionId: SessionId | null;
  /** The local calendar day on which the slot starts. */
  readonly date: LocalDate;
  readonly startTime: EpochMs;
  readonly endTime: EpochMs;
  /** Minutes by which the doctor runs late in the slot, 0 or more. */
  readonly delayMinutes: number;
  /** Seats, 1 or more. */
  readonly capacity: number;
  /** Why the slot was closed; null while it is open. */
  readonly closedReason: string | null;
}

/** The closing reason of a slot that its session no longer yields. */
export const SESSION_ENDED = 'session_ended';

const MINUTE_MS = 60_000;

/** The first instant, in epoch milliseconds, at which the slot has ended: end time, delay and grace (R11). */
export const endsAt = (slot: SlotFacts, graceMinutes: number): number =>
  slot.endTime + (slot.delayMinutes + graceMinutes) * MINUTE_MS;

/** The instant at which the slot starts, its delay included. */
export const delayedStartOf = (slot: SlotFacts): EpochMs =>
  epochMs(slot.startTime + slot.delayMinutes * MINUTE_MS);
