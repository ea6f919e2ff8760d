import { book, cancel, noShow } from './booking.ts';
import type {
  Book,
  Booked,
  CallNext,
  Called,
  ClosedSlot,
  CloseSlot,
  DelayDay,
  Departure,
  Move,
  NoShow,
  Outcome,
  Reclassify,
  Reordered,
  RevisedSlot,
  ReviseSlot,
  Start,
  TokenCommand,
} from './command.ts';
import type { Doctor } from './doctor.ts';
import type { DoctorFacts } from './doctor-facts.ts';
import type { DoctorId, EpochMs } from './ids.ts';
import { closeSlot, move, reclassify } from './moving.ts';
import type { DoctorPlan, TakenSessions } from './namespace.ts';
import type { Slot, Token } from './slot.ts';
import type { SlotFacts } from './slot-facts.ts';
import { addSlot, advanceTime, delayDay, openSlots, putDoctor, reviseSlot } from './slots.ts';
import { EngineState } from './state.ts';
import { callNext, checkIn, complete, start } from './visit.ts';

/**
 * The allocation rules R1-R17 over doctors, slots and tokens in memory. Each command is one synchronous method. It
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

  /** Checks a booked patient in. From then on only an emergency (R3) or fewer seats (R12) bump the token. */
  checkIn(command: TokenCommand): Outcome<Token> {
    return checkIn(this, command);
  }

  /** Calls the next checked-in patient to the doctor: the best rank of the earliest slot of the day that has one. */
  callNext(command: CallNext): Outcome<Called> {
    return callNext(this, command);
  }

  /** Calls one particular seated patient to the doctor. A doctor sees one patient at a time. */
  start(command: Start): Outcome<Token> {
    return start(this, command);
  }

  /** Ends a consultation; the seat is used up. */
  complete(command: TokenCommand): Outcome<Token> {
    return complete(this, command);
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
   * Adds or changes a doctor, and makes the slots of the sessions match `planned`: missing slots are opened, unused
   * slots are changed, closed or opened again, and slots with a live token stay as they are. A repeat changes
   * nothing.
   */
  putDoctor(facts: DoctorFacts, planned: readonly SlotFacts[], at: EpochMs): Outcome<Doctor> {
    return putDoctor(this, facts, planned, at);
  }

  /**
   * Opens the planned slots that do not exist yet, and those that closed with their session and are planned again.
   */
  openSlots(
    doctorId: DoctorId,
    planned: readonly SlotFacts[],
    at: EpochMs,
  ): Outcome<readonly SlotFacts[]> {
    return openSlots(this, doctorId, planned, at);
  }

  /** Opens a single slot outside the sessions. */
  addSlot(facts: SlotFacts, at: EpochMs): Outcome<Slot> {
    return addSlot(this, facts, at);
  }
}
