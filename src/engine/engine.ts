import { book, cancel, noShow } from './booking.ts';
import type {
  Announce,
  Book,
  Booked,
  CallNext,
  Called,
  CheckIn,
  ClosedSlot,
  CloseSlot,
  Correct,
  DatedTokenCommand,
  DelayDay,
  Departure,
  EndLeave,
  HolidaysPut,
  LeaveTaken,
  Move,
  NoShow,
  Outcome,
  PutHolidays,
  Reclassify,
  ReopenSlot,
  Reordered,
  RetireDoctor,
  RevisedSlot,
  ReviseSlot,
  SetBreak,
  Start,
  TakeLeave,
  TokenCommand,
  Undone,
} from './command.ts';
import type { Doctor } from './doctor.ts';
import type { DoctorFacts } from './doctor-facts.ts';
import {
  announce,
  endLeave,
  openSlots,
  putDoctor,
  putHolidays,
  retireDoctor,
  takeLeave,
} from './doctors.ts';
import type { DoctorId, EpochMs } from './ids.ts';
import { closeSlot, move, reclassify, reopenSlot } from './moving.ts';
import type { DoctorPlan, TakenSessions } from './namespace.ts';
import type { Slot, Token } from './slot.ts';
import type { SlotFacts } from './slot-facts.ts';
import { addSlot, advanceTime, delayDay, reviseSlot } from './slots.ts';
import { EngineState } from './state.ts';
import { undo } from './undo.ts';
import { correct } from './correction.ts';
import { callNext, checkIn, complete, setBreak, skip, start } from './visit.ts';

/**
 * The allocation rules R1-R25 over doctors, slots and tokens in memory. Each command is one synchronous method. It
 * decides from the state, the command and the time in the command alone (R16). It returns the changes that it has
 * applied (R17), or a refusal and has changed nothing (R9).
 */
export class AllocationEngine extends EngineState {
  /** Books a patient (R2-R4, R15): on a free seat, on the seat of a bumped token, or on the waitlist. */
  book(command: Book): Outcome<Booked> {
    return book(this, command);
  }

  /** Cancels a seated or waiting token; a freed seat goes to the next waiting token at once (R5, R6). */
  cancel(command: TokenCommand): Outcome<Departure> {
    return cancel(this, command);
  }

  /**
   * Marks a seated token whose patient did not come; the seat goes to the next waiting token at once (R5). Before the
   * slot's delayed start it is refused, unless forced.
   */
  noShow(command: NoShow): Outcome<Departure> {
    return noShow(this, command);
  }

  /**
   * Checks a booked or skipped patient in, on the slot's date only (R20). From then on only an emergency (R3) or fewer
   * seats (R12) bump the token.
   */
  checkIn(command: CheckIn): Outcome<Token> {
    return checkIn(this, command);
  }

  /**
   * Calls the next checked-in patient of the day to the doctor, by the calling order (R18). As many patients are in
   * consultation at once as the doctor has rooms (R19).
   */
  callNext(command: CallNext): Outcome<Called> {
    return callNext(this, command);
  }

  /** Calls one particular seated patient to the doctor, when a room is free (R19). */
  start(command: Start): Outcome<Token> {
    return start(this, command);
  }

  /** Ends a consultation; the seat is used up. */
  complete(command: TokenCommand): Outcome<Token> {
    return complete(this, command);
  }

  /**
   * Marks a patient who was called or had checked in and is not there (R21). The token keeps seat and arrival, unless
   * a waiting one may bump it now (R8).
   */
  skip(command: TokenCommand): Outcome<Reordered> {
    return skip(this, command);
  }

  /** Takes back the last change of a token, live or over, if that was one of `UNDOABLE` (R22). */
  undo(command: DatedTokenCommand): Outcome<Undone> {
    return undo(this, command);
  }

  /**
   * Corrects the name or the hospital id of a patient; also of a token that is over. An id with which another live token
   * of the slot was booked is refused (R15).
   */
  correct(command: Correct): Outcome<Token> {
    return correct(this, command);
  }

  /**
   * Moves a patient to another slot, of the same or another doctor, with a new arrival there (R13). When the move is
   * refused, the token stays in its slot.
   */
  move(command: Move): Outcome<Reordered> {
    return move(this, command);
  }

  /** Gives a token another class. The arrival stays, and R3 and R5 are applied once more (R14). */
  reclassify(command: Reclassify): Outcome<Reordered> {
    return reclassify(this, command);
  }

  /** Sets a slot's seats and delay: fewer seats bump tokens, more seats promote tokens (R12). */
  reviseSlot(command: ReviseSlot): Outcome<RevisedSlot> {
    return reviseSlot(this, command);
  }

  /** Closes a slot and moves or cancels its patients. A token that stays with its doctor keeps its arrival (R13). */
  closeSlot(command: CloseSlot): Outcome<ClosedSlot> {
    return closeSlot(this, command);
  }

  /** Opens a slot again that the hospital has closed; a slot that its session does not yield any more stays closed (R24). */
  reopenSlot(command: ReopenSlot): Outcome<Slot> {
    return reopenSlot(this, command);
  }

  /** Sets or ends a doctor's break. The estimated times count from its end at the earliest. */
  setBreak(command: SetBreak): Outcome<Doctor> {
    return setBreak(this, command);
  }

  /** Sets the delay of the slots of a day that are open and have not ended, and returns these slots. */
  delayDay(command: DelayDay): Outcome<readonly Slot[]> {
    return delayDay(this, command);
  }

  /**
   * Expires every token that waits in an ended slot (R11), and promotes waiting tokens where a seat is free, for
   * example after the slot's end was postponed (R5). Mostly this changes nothing.
   */
  advanceTime(doctorId: DoctorId, at: EpochMs): Outcome<Doctor> {
    return advanceTime(this, doctorId, at);
  }

  /** The sessions because of which `putDoctor` would refuse these doctors; empty when it accepts them all. */
  takenSessions(plans: readonly DoctorPlan[]): TakenSessions[] {
    return this.ids.taken(plans);
  }

  /**
   * Adds or changes a doctor, and lets the slots follow. Missing slots are opened. A slot that the sessions do not yield
   * as it is follows its session when it has no live token, and is kept for its live tokens otherwise (R25). The slots
   * of new leaves are closed (R24). A repeat changes nothing.
   * @param planned what the sessions yield, leaves aside: up to the horizon the slots that have not ended, and on the date of each
   *   slot that exists the one that its session yields there now
   */
  putDoctor(facts: DoctorFacts, planned: readonly SlotFacts[], at: EpochMs): Outcome<Doctor> {
    return putDoctor(this, facts, planned, at);
  }

  /**
   * Opens the planned slots that do not exist yet, and those that closed with their session and are planned again. Slots
   * that the sessions do not yield as they are follow or are kept, as in `putDoctor` (R25).
   */
  openSlots(
    doctorId: DoctorId,
    planned: readonly SlotFacts[],
    at: EpochMs,
  ): Outcome<readonly SlotFacts[]> {
    return openSlots(this, doctorId, planned, at);
  }

  /** Retires a doctor whose patients have all been seen: no session yields a slot, and the empty slots close. */
  retireDoctor(command: RetireDoctor): Outcome<Doctor> {
    return retireDoctor(this, command);
  }

  /** Adds a leave, and closes the slots of its dates as `closeSlot` does (R24). */
  takeLeave(command: TakeLeave): Outcome<LeaveTaken> {
    return takeLeave(this, command);
  }

  /** Takes a leave back. Returns the slots of its dates that are open again, or for the first time (R24). */
  endLeave(command: EndLeave): Outcome<readonly Slot[]> {
    return endLeave(this, command);
  }

  /** Sets what the screens of the hospital announce, or ends it. The same text again changes nothing. */
  announce(command: Announce): Outcome<string | null> {
    return announce(this, command);
  }

  /** Replaces the hospital's holidays. They close and open the slots of every doctor as leaves do (R24). */
  putHolidays(command: PutHolidays): Outcome<HolidaysPut> {
    return putHolidays(this, command);
  }

  /** Opens a single slot outside the sessions. */
  addSlot(facts: SlotFacts, at: EpochMs): Outcome<Slot> {
    return addSlot(this, facts, at);
  }
}
