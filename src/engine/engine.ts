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
import type { Doctor, DoctorFacts } from './doctor.ts';
import type { DoctorId, EpochMs } from './ids.ts';
import { closeSlot, move, reclassify } from './moving.ts';
import type { DoctorPlan, TakenSessions } from './namespace.ts';
import { addSlot, delayDay, openSlots, advanceTime, putDoctor, reviseSlot } from './slots.ts';
import type { Slot, SlotFacts } from './slot.ts';
import { EngineState } from './state.ts';
import type { Token } from './token.ts';
import { callNext, checkIn, complete, start } from './visit.ts';

/**
 * The allocation rules R1-R17 over doctors, slots and tokens in memory. Synchronous and decided by state, command and
 * given time alone (R16). One method a command: it returns the changes it has written through `apply`, or refuses and
 * has touched nothing (R9).
 */
export class AllocationEngine extends EngineState {
  /** Seats a patient (R2-R4, R15): on a free seat, on the seat of the weakest, or on the waitlist. */
  book(command: Book): Outcome<Booked> {
    return book(this, command);
  }

  /** Gives the place up, seated or waiting; a freed seat goes to the next waiter at once (R5, R6). */
  cancel(command: TokenCommand): Outcome<Departure> {
    return cancel(this, command);
  }

  /**
   * Marks a patient who held a seat and did not come, not before the slot starts unless forced; the seat goes to the
   * next waiter at once (R5).
   */
  noShow(command: NoShow): Outcome<Departure> {
    return noShow(this, command);
  }

  /** Marks a seated patient as being at the desk: from now on only an emergency bumps them (R3). */
  checkIn(command: TokenCommand): Outcome<Token> {
    return checkIn(this, command);
  }

  /** Takes the first of those checked in to the doctor: over the slots of the day in time order, of one by rank. */
  callNext(command: CallNext): Outcome<Called> {
    return callNext(this, command);
  }

  /** Takes a seated patient to the doctor, who sees one at a time. */
  start(command: Start): Outcome<Token> {
    return start(this, command);
  }

  /** Ends a consultation; the seat is used up. */
  complete(command: TokenCommand): Outcome<Token> {
    return complete(this, command);
  }

  /** A patient's move to another slot, of whichever doctor: a new arrival there (R13). Refused, the old place is kept. */
  move(command: Move): Outcome<Reordered> {
    return move(this, command);
  }

  /** Gives a token another class: it keeps its arrival, and R3 and R5 are applied once more (R14). */
  reclassify(command: Reclassify): Outcome<Reordered> {
    return reclassify(this, command);
  }

  /** Sets a slot's seats and delay: fewer seats bump the weakest, more promote (R12). */
  reviseSlot(command: ReviseSlot): Outcome<RevisedSlot> {
    return reviseSlot(this, command);
  }

  /** Closes a slot to everybody and moves or cancels those in it; who is moved within a doctor keeps the arrival (R13). */
  closeSlot(command: CloseSlot): Outcome<ClosedSlot> {
    return closeSlot(this, command);
  }

  /** Sets the delay of the slots of a day that are open and have not ended; returns them. */
  delayDay(command: DelayDay): Outcome<readonly Slot[]> {
    return delayDay(this, command);
  }

  /**
   * What time alone brings about: who waits in a slot that has ended is expired (R11), who waits beside a free seat, as
   * after an end that was put off, is seated (R5). Mostly there is nobody.
   */
  advanceTime(doctorId: DoctorId, at: EpochMs): Outcome<Doctor> {
    return advanceTime(this, doctorId, at);
  }

  /** The sessions for which `putDoctor` would refuse these doctors, if they are put one after another. */
  takenSessions(plans: readonly DoctorPlan[]): TakenSessions[] {
    return this.ids.taken(plans);
  }

  /**
   * Adds a doctor or revises one, and brings the slots of the sessions to `planned`: those missing are opened,
   * unused ones are revised, closed or opened again, and a slot with a live token stays as it is. Repeated, it changes nothing.
   */
  putDoctor(facts: DoctorFacts, planned: readonly SlotFacts[], at: EpochMs): Outcome<Doctor> {
    return putDoctor(this, facts, planned, at);
  }

  /** Opens the slots that the doctor's sessions yield: those not there yet, and those closed by a session's end. */
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

  /** A copy of these doctors and all that is theirs, to try a command on. */
  copyForDryRun(doctorIds: readonly DoctorId[]): AllocationEngine {
    const copy = new AllocationEngine(this.rules);
    for (const id of doctorIds) this.copyDoctor(id, copy);
    return copy;
  }
}
