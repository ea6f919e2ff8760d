import {
  epochMs,
  type DoctorId,
  type EpochMs,
  type LocalDate,
  type SessionId,
  type SlotId,
} from './ids.ts';
import { EMERGENCY, type PatientClass } from './patient-class.ts';

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
  /** Minutes by which the doctor runs late in the slot, 0 or more. They move its end and the estimated times. */
  readonly delayMinutes: number;
  /** Minutes by which the start was moved before the slot had begun, 0 or more: a later delay moves it no more. */
  readonly startDelayMinutes: number;
  /** Seats, 1 or more. */
  readonly capacity: number;
  /** Why the slot was closed; null while it is open. */
  readonly closedReason: string | null;
  /** Which newcomers the slot takes (R23). */
  readonly intake: Intake;
  /** What the slot's session yields instead of the slot, which is kept for its live tokens (R25); null otherwise. */
  readonly kept: KeptSlot | null;
}

/** Which newcomers a slot takes: bookings, and moves that a patient asks for (R23). */
export const INTAKES = ['ALL', 'EMERGENCY', 'NONE'] as const;
export type Intake = (typeof INTAKES)[number];

/** The times and the seats that a session gives to a slot. */
export interface SlotTimes {
  readonly startTime: EpochMs;
  readonly endTime: EpochMs;
  /** Seats, 1 or more. */
  readonly capacity: number;
}

/** A slot that its session no longer yields as it is (R25). */
export interface KeptSlot {
  /** What the slot takes over when its last live token is gone; null when it closes then. */
  readonly replacement: SlotTimes | null;
}

/** The facts that a slot has when nothing has been said about them. */
export const NEW_SLOT = {
  delayMinutes: 0,
  startDelayMinutes: 0,
  closedReason: null,
  intake: 'ALL',
  kept: null,
} as const satisfies Partial<SlotFacts>;

/** The closing reason of a slot that its session no longer yields. */
export const SESSION_ENDED = 'session_ended';

/** The closing reason of a slot on a day of the doctor's leave or of a holiday (R24). */
export const ON_LEAVE = 'on_leave';

/**
 * Which newcomers a slot takes now: none while it is kept for its patients (R25), otherwise those of its intake (R23).
 */
export const intakeOf = ({ kept, intake }: SlotFacts): Intake => (kept === null ? intake : 'NONE');

/** Whether a slot takes a newcomer of this class, if it is open and has not ended (R23, R25). */
export function takesNewcomer(slot: SlotFacts, { type }: PatientClass): boolean {
  const intake = intakeOf(slot);
  return intake === 'ALL' || (intake === 'EMERGENCY' && type === EMERGENCY);
}

/**
 * A kept slot that has no live token any more: it takes over what its session yields, or it closes when the session
 * yields nothing or a slot that has ended (R25).
 */
export function followingSession(slot: SlotFacts, at: EpochMs, graceMinutes: number): SlotFacts {
  const replacement = slot.kept?.replacement ?? null;
  const closed = { ...slot, kept: null, closedReason: SESSION_ENDED };
  if (replacement === null) return closed;
  const followed = { ...slot, ...replacement, kept: null };
  return at < endsAt(followed, graceMinutes) ? followed : closed;
}

/** The order of slots: by start time, then by id, because a restart must not change the order. */
export const startsBefore = (a: SlotFacts, b: SlotFacts): boolean =>
  a.startTime === b.startTime ? a.id < b.id : a.startTime < b.startTime;

const MINUTE_MS = 60_000;

/** The first instant, in epoch milliseconds, at which the slot has ended: end time, delay and grace (R11). */
export const endsAt = (slot: SlotFacts, graceMinutes: number): number =>
  slot.endTime + (slot.delayMinutes + graceMinutes) * MINUTE_MS;

/** The instant at which the slot starts, its delay included. A delay of a slot that has begun does not move it. */
export const delayedStartOf = (slot: SlotFacts): EpochMs =>
  epochMs(slot.startTime + slot.startDelayMinutes * MINUTE_MS);
