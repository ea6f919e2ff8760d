import type { Change, Undoable } from './change.ts';
import type { Doctor } from './doctor.ts';
import type { Leave } from './doctor-facts.ts';
import type { DoctorId, EpochMs, LeaveId, LocalDate, PatientId, SlotId, TokenId } from './ids.ts';
import type { PatientClass } from './patient-class.ts';
import type { Refused } from './refusal.ts';
import type { Slot, Token } from './slot.ts';
import type { Intake, SlotFacts } from './slot-facts.ts';

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

/** A command on a token whose outcome depends on the day. */
export interface DatedTokenCommand extends TokenCommand {
  /** The calendar day of `at` in the doctor's time zone. */
  readonly today: LocalDate;
}

/** Says that a patient is at the clinic (R20). */
export interface CheckIn extends DatedTokenCommand {
  /** The first instant of the slot's date in the doctor's time zone. */
  readonly dateBegins: EpochMs;
}

/** Calls one particular patient (R19). */
export interface Start extends DatedTokenCommand {
  /** The room to which the patient is called; null when none is named. */
  readonly room: string | null;
}

export interface CallNext {
  readonly doctorId: DoctorId;
  /** The id of a slot of any day, or of a session: then its slots of the day. Null means all slots of the day. */
  readonly slotId: SlotId | null;
  /** The room to which the patient is called; null when none is named. */
  readonly room: string | null;
  /**
   * What first becomes of the token in consultation, if there is one: null leaves it. With several rooms it is the one
   * in the named room; without a named room, the only one in consultation (R19).
   */
  readonly current: 'completed' | 'skipped' | null;
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

/** Corrects what is known of a patient. The place of the token does not change. */
export interface Correct extends TokenCommand {
  /** Undefined leaves the name unchanged. */
  readonly patientName: string | undefined;
  /** Undefined leaves the id unchanged; null removes it. */
  readonly patientId: PatientId | null | undefined;
}

/** Sets a slot's seats, its delay or its intake, or several of them (R12, R23). */
export interface ReviseSlot {
  /** A slot's own id. A session id is not accepted, because a repeated command must mean the same slot. */
  readonly slotId: SlotId;
  /** Seats, 1 or more; undefined leaves them unchanged. */
  readonly capacity: number | undefined;
  /** Minutes, 0 or more; undefined leaves the delay unchanged. */
  readonly delayMinutes: number | undefined;
  /** Which newcomers the slot takes (R23); undefined leaves it unchanged. */
  readonly intake: Intake | undefined;
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

/** Opens a slot again that the hospital has closed (R24). */
export interface ReopenSlot {
  /** A slot's own id. A session id is not accepted, because a repeated command must mean the same slot. */
  readonly slotId: SlotId;
  readonly at: EpochMs;
}

/** Sets how long a doctor's break lasts from now on. */
export interface SetBreak {
  readonly doctorId: DoctorId;
  /** Minutes, 0 or more; 0 ends the break. */
  readonly minutes: number;
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

/** Retires a doctor, if no patient has still to be seen. */
export interface RetireDoctor {
  readonly doctorId: DoctorId;
  /** The calendar day of `at` in the doctor's time zone. */
  readonly today: LocalDate;
  readonly at: EpochMs;
}

/** Adds a leave and closes the slots of its dates (R24). */
export interface TakeLeave {
  readonly doctorId: DoctorId;
  readonly leave: Leave;
  /**
   * The id of the slot that the patients are moved to, or of a session: then for each slot the session's next slot that
   * starts no earlier. The doctor may be another one. Null cancels the patients.
   */
  readonly moveTo: SlotId | null;
  readonly at: EpochMs;
}

/** Takes a leave back and opens the slots of its dates again (R24). */
export interface EndLeave {
  readonly doctorId: DoctorId;
  readonly leaveId: LeaveId;
  /** What the doctor's sessions yield, as in `putDoctor`. */
  readonly planned: readonly SlotFacts[];
  readonly at: EpochMs;
}

/** Replaces the hospital's holidays (R24). It touches the slots of every doctor. */
export interface PutHolidays {
  /** One leave for each holiday. */
  readonly holidays: readonly Leave[];
  /** For each doctor what the sessions yield on the dates that are free again. */
  readonly planned: ReadonlyMap<DoctorId, readonly SlotFacts[]>;
  readonly at: EpochMs;
}

/** The result of a command: its changes and a value, or a refusal that has changed nothing (R9). */
export type Outcome<T> =
  { readonly ok: true; readonly changes: readonly Change[]; readonly value: T } | Refused;

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

/** A token whose slot, class or status changed, and the other tokens that lost or got a seat because of it. */
export interface Reordered {
  readonly token: Token;
  readonly bumped: Token | null;
  readonly promoted: Token | null;
}

/** A token whose last change was taken back (R22). */
export interface Undone extends Reordered {
  /** The kind of the change that was taken back. */
  readonly undone: Undoable;
}

export interface Called {
  /** The token that is now in consultation. */
  readonly token: Token;
  /** The token that was in consultation until now and is completed. */
  readonly completed: Token | null;
  /** The token that was in consultation until now and is not there (R21). */
  readonly skipped: Token | null;
  /** The waiting token that got the seat of the skipped one (R8). */
  readonly promoted: Token | null;
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

export interface LeaveTaken {
  readonly doctor: Doctor;
  readonly leave: Leave;
  /** The slots that the leave closed, in the order in which they start. */
  readonly closed: readonly ClosedSlot[];
}

export interface HolidaysPut {
  /** The slots that new holidays closed. */
  readonly closed: readonly ClosedSlot[];
  /** The slots on the dates of removed holidays that are open again, or for the first time. */
  readonly opened: readonly Slot[];
}
