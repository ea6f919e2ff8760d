import type { Change } from './change.ts';
import type { DoctorId, EpochMs, LocalDate, PatientId, SlotId, TokenId } from './ids.ts';
import type { PatientClass } from './patient-class.ts';
import type { Refused } from './refusal.ts';
import type { Slot, Token } from './slot.ts';

// What the engine is asked, and what it answers.

/** The settings that the rules depend on; they do not change while the engine runs. */
export interface EngineRules {
  /** The class table; `EMERGENCY` has the highest priority. */
  readonly classes: readonly PatientClass[];
  /** Minutes after a slot's end and delay in which it still takes bookings and promotes, 0 or more (R11). */
  readonly graceMinutes: number;
  /**
   * How many tokens may wait in a slot, 0 or more: then a booking or a patient's move that would wait is refused
   * (R4). A bumped token and one that the hospital moves go on the waitlist even when it is full.
   */
  readonly waitlistMax: number;
}

/** Books a patient into a slot (R2-R4). */
export interface Book {
  readonly doctorId: DoctorId;
  /** The id of a slot, or of a session: then its next slot that still takes bookings. */
  readonly slotId: SlotId;
  readonly tokenId: TokenId;
  readonly patientName: string;
  readonly patientId: PatientId | null;
  /** The name of a class of the table. */
  readonly patientType: string;
  readonly at: EpochMs;
}

/** A command that needs only a token. */
export interface TokenCommand {
  readonly tokenId: TokenId;
  readonly at: EpochMs;
}

export interface NoShow extends TokenCommand {
  /** Whether the no-show is accepted before the slot starts. */
  readonly force: boolean;
}

export interface Start extends TokenCommand {
  /** The calendar day of `at` in the doctor's time zone. */
  readonly today: LocalDate;
}

export interface CallNext {
  readonly doctorId: DoctorId;
  /** The id of a slot of any day, or of a session: then its slots of the day. Null means all slots of the day. */
  readonly slotId: SlotId | null;
  /** Whether the command first completes the token in consultation, if there is one. */
  readonly completeCurrent: boolean;
  /** The calendar day of `at` in the doctor's time zone. */
  readonly today: LocalDate;
  readonly at: EpochMs;
}

/** A patient's move to another slot (R13). */
export interface Move extends TokenCommand {
  /**
   * The id of a slot, or of a session: then its next slot that still takes bookings. The doctor may be another one.
   */
  readonly slotId: SlotId;
}

/** Gives a token another class (R14). */
export interface Reclassify extends TokenCommand {
  /** The name of a class of the table. */
  readonly patientType: string;
}

/** Sets a slot's seats, its delay, or both (R12). */
export interface ReviseSlot {
  /** A slot's own id. A session id is not accepted, because a repeated command must mean the same slot. */
  readonly slotId: SlotId;
  /** Seats, 1 or more; undefined leaves them unchanged. */
  readonly capacity: number | undefined;
  /** Minutes, 0 or more; undefined leaves the delay unchanged. */
  readonly delayMinutes: number | undefined;
  readonly at: EpochMs;
}

/** Closes a slot and moves or cancels the patients in it (R13). */
export interface CloseSlot {
  /** A slot's own id. A session id is not accepted, because a repeated command must mean the same slot. */
  readonly slotId: SlotId;
  readonly reason: string;
  /**
   * The id of the slot that the patients are moved to, or of a session: then its next slot that starts no earlier
   * than this one. The doctor may be another one. Null cancels the patients.
   */
  readonly moveTo: SlotId | null;
  readonly at: EpochMs;
}

/** Sets the delay of all slots of a doctor's day. */
export interface DelayDay {
  readonly doctorId: DoctorId;
  readonly date: LocalDate;
  /** Minutes, 0 or more. */
  readonly minutes: number;
  readonly at: EpochMs;
}

/** The result of a command: its changes and a value, or a refusal that has changed nothing (R9). */
export type Outcome<T> = Accepted<T> | Refused;

/** The result of a command that the rules accept. */
export interface Accepted<T> {
  readonly ok: true;
  readonly changes: readonly Change[];
  /**
   * For each change the class of its token after the change, for counts by class, because a token that is over has left
   * memory when the command returns. Null for a change of a doctor or a slot.
   */
  readonly patientTypes: readonly (string | null)[];
  readonly value: T;
}

export interface Booked {
  readonly token: Token;
  /** The token whose seat the newcomer took (R3). */
  readonly bumped: Token | null;
}

export interface Departure {
  /** The token that was cancelled or marked as a no-show. */
  readonly token: Token;
  /** The waiting token that got the freed seat (R5). */
  readonly promoted: Token | null;
}

/** A token whose slot or class changed, and the other tokens that lost or got a seat because of it. */
export interface Reordered {
  readonly token: Token;
  readonly bumped: Token | null;
  readonly promoted: Token | null;
}

export interface Called {
  /** The token that is now in consultation. */
  readonly token: Token;
  /** The token that was in consultation until now. */
  readonly completed: Token | null;
}

export interface RevisedSlot {
  readonly slot: Slot;
  /** In the order in which they lost or got a seat. */
  readonly bumped: readonly Token[];
  readonly promoted: readonly Token[];
}

/** What the closing of a slot did to a token; a token in consultation stays. */
export type ClosingOutcome = 'moved' | 'cancelled_by_hospital' | 'stays';

export interface ClosedSlot {
  readonly slot: Slot;
  /** Every live token of the slot that is not completed, best rank first. */
  readonly affected: readonly { readonly token: Token; readonly outcome: ClosingOutcome }[];
  /** The tokens that lost a seat in the slot that the patients were moved to. */
  readonly bumped: readonly Token[];
}
