import type { Change } from './change.ts';
import type { DoctorFacts } from './doctor.ts';
import type { DoctorId, EpochMs, LocalDate, PatientId, SlotId, TokenId } from './ids.ts';
import type { PatientClass } from './patient-class.ts';
import type { Refused } from './refusal.ts';
import type { Slot } from './slot.ts';
import type { Token } from './token.ts';

export interface EngineRules {
  readonly classes: readonly PatientClass[];
  /** Minutes after its end (and delay) during which a slot still takes bookings and promotes (R11). */
  readonly graceMinutes: number;
  /**
   * Waiters a slot may have before a booking or a patient's move that would wait is refused. A bumped token, and one
   * that the hospital moves, always finds room.
   */
  readonly waitlistMax: number;
}

export interface Book {
  readonly doctorId: DoctorId;
  /** A slot, or a session: its next slot that still takes bookings. */
  readonly slotId: SlotId;
  readonly tokenId: TokenId;
  readonly patientName: string;
  readonly patientId: PatientId | null;
  readonly patientType: string;
  readonly at: EpochMs;
}

export interface TokenCommand {
  readonly tokenId: TokenId;
  readonly at: EpochMs;
}

export interface NoShow extends TokenCommand {
  /** Also before the slot starts. */
  readonly force: boolean;
}

export interface Start extends TokenCommand {
  /** The calendar day it is at the doctor's place. */
  readonly today: LocalDate;
}

export interface CallNext {
  readonly doctorId: DoctorId;
  /** A slot of the doctor, of any day; a session: its slots of the day; null: all slots of the day. */
  readonly slotId: SlotId | null;
  /** Whether the patient in consultation, if any, is done. */
  readonly completeCurrent: boolean;
  /** The calendar day it is at the doctor's place. */
  readonly today: LocalDate;
  readonly at: EpochMs;
}

export interface Move extends TokenCommand {
  /** A slot, or a session: its next slot that still takes bookings; of whichever doctor. */
  readonly slotId: SlotId;
}

export interface Reclassify extends TokenCommand {
  readonly patientType: string;
}

export interface ReviseSlot {
  /** Not a session: repeated, the command must mean the same slot. */
  readonly slotId: SlotId;
  /** Seats, 1 or more; undefined leaves them. */
  readonly capacity: number | undefined;
  /** Minutes, 0 or more; undefined leaves them. */
  readonly delayMinutes: number | undefined;
  readonly at: EpochMs;
}

export interface CloseSlot {
  /** Not a session: repeated, the command must mean the same slot. */
  readonly slotId: SlotId;
  readonly reason: string;
  /** Where patients go: a slot, or a session: its next slot behind this one; of whichever doctor. Null cancels them. */
  readonly moveTo: SlotId | null;
  readonly at: EpochMs;
}

export interface DelayDay {
  readonly doctorId: DoctorId;
  readonly date: LocalDate;
  /** Minutes, 0 or more. */
  readonly minutes: number;
  readonly at: EpochMs;
}

export type Outcome<T> =
  { readonly ok: true; readonly changes: readonly Change[]; readonly value: T } | Refused;

export interface Booked {
  readonly token: Token;
  readonly bumped: Token | null;
}

export interface Departure {
  readonly token: Token;
  readonly promoted: Token | null;
}

/** A token in another place of the order, and who else lost a seat or got one by that. */
export interface Reordered {
  readonly token: Token;
  readonly bumped: Token | null;
  readonly promoted: Token | null;
}

export interface Called {
  readonly token: Token;
  /** Who was in consultation until then. */
  readonly completed: Token | null;
}

export interface RevisedSlot {
  readonly slot: Slot;
  readonly bumped: readonly Token[];
  readonly promoted: readonly Token[];
}

/** What became of a patient whose slot was closed; who is in consultation stays. */
export type ClosingOutcome = 'moved' | 'cancelled_by_hospital' | 'stays';

export interface ClosedSlot {
  readonly slot: Slot;
  /** Every live patient of the slot, best rank first. */
  readonly affected: readonly { readonly token: Token; readonly outcome: ClosingOutcome }[];
  /** Who lost a seat in the slot that the patients were moved to. */
  readonly bumped: readonly Token[];
}

/** A doctor as a store kept it. */
export interface DoctorSnapshot {
  readonly facts: DoctorFacts;
  readonly version: number;
  readonly lastArrival: number;
  readonly lastNumbers: readonly (readonly [LocalDate, number])[];
}
