import { TRANSITIONS, type Change, type TokenFacts, type Transition } from './change.ts';
import type { DoctorFacts } from './doctor.ts';
import type { DoctorId, EpochMs, TokenId } from './ids.ts';
import { invariant } from './invariant.ts';
import type { PatientClass } from './patient-class.ts';
import type { Slot, SlotFacts } from './slot.ts';
import type { EngineState } from './state.ts';
import { isLive, seatStatusOf } from './status.ts';
import type { Token } from './token.ts';

/**
 * One command at work, once nothing can refuse it any more: each of its changes is applied as soon as it is decided,
 * so that the next is decided on what it left.
 */
export class ChangeSet {
  readonly changes: Change[] = [];
  readonly #state: EngineState;
  readonly #at: EpochMs;

  constructor(state: EngineState, at: EpochMs) {
    this.#state = state;
    this.#at = at;
  }

  #append(change: Change): void {
    this.#state.apply(change);
    this.changes.push(change);
  }

  /** Sets what a doctor is. */
  setDoctor(doctor: DoctorFacts): void {
    this.#append({ kind: 'doctor_set', ...this.#nextEnvelope(doctor.id), doctor });
  }

  /** Sets what a slot is. */
  setSlot(slot: SlotFacts): void {
    this.#append({ kind: 'slot_set', ...this.#nextEnvelope(slot.doctorId), slot });
  }

  /** Takes a token where this kind of transition leads; a cause is another token. */
  transition(token: Token, kind: Transition, cause: TokenId | null = null): void {
    const { id, slot, status } = token;
    invariant(isLive(status), 'only a live token changes');
    const { doctor, facts } = slot;
    // Spelt out, as in `enter`: to spread is slow, and these two make the changes of every booking.
    this.#append({
      kind,
      doctorId: facts.doctorId,
      version: doctor.version + 1,
      at: this.#at,
      tokenId: id,
      slotId: facts.id,
      from: status,
      to: TRANSITIONS[kind] ?? seatStatusOf(token),
      cause,
    });
  }

  /** Gives a token another class (R14). */
  reclassify(token: Token, { type, priority }: PatientClass): void {
    const step = this.#tokenEnvelope(token);
    this.#append({ kind: 'reclassified', ...step, patientType: type, priority });
  }

  /** Takes a token out of its slot, to enter another. */
  moveOut(token: Token): void {
    this.#append({ kind: 'moved_out', ...this.#tokenEnvelope(token) });
  }

  /** Lets a token into a slot: on a free seat, on the victim's or on the waitlist (R2-R4). */
  enter(
    kind: 'booked' | 'moved_in',
    slot: Slot,
    { victim, isSeated }: Landing,
    facts: Omit<TokenFacts, 'slotId' | 'to'>,
  ): void {
    if (victim !== undefined) this.transition(victim, 'bumped', facts.tokenId);
    this.#append({
      kind,
      doctorId: slot.facts.doctorId,
      version: slot.doctor.version + 1,
      at: this.#at,
      tokenId: facts.tokenId,
      slotId: slot.facts.id,
      patientName: facts.patientName,
      patientId: facts.patientId,
      patientType: facts.patientType,
      priority: facts.priority,
      arrival: facts.arrival,
      number: facts.number,
      bookedAt: facts.bookedAt,
      to: isSeated ? seatStatusOf(facts) : 'WAITING',
      hasCheckedIn: facts.hasCheckedIn,
    });
  }

  /** Seats whoever is due a free seat: nobody once the slot has ended or is closed (R5, R11). The cause left it. */
  promote(slot: Slot, cause: TokenId | null): Token | undefined {
    const isDue = slot.hasUnfilledSeat && !slot.isClosed && !this.#state.hasEnded(slot, this.#at);
    const waiter = isDue ? slot.nextWaiting() : undefined;
    if (waiter !== undefined) this.transition(waiter, 'promoted', cause);
    return waiter;
  }

  /** Seats those who are due seats that nobody left just now, one after another. */
  fillSeats(slot: Slot): readonly Token[] {
    const promoted: Token[] = [];
    for (let next = this.promote(slot, null); next; next = this.promote(slot, null))
      promoted.push(next);
    return promoted;
  }

  #tokenEnvelope({ id, slot, status }: Token) {
    invariant(isLive(status), 'only a live token changes');
    const { doctorId, id: slotId } = slot.facts;
    return { ...this.#nextEnvelope(doctorId), tokenId: id, slotId, from: status };
  }

  #nextEnvelope(doctorId: DoctorId) {
    const version = (this.#state.doctor(doctorId)?.version ?? 0) + 1;
    return { doctorId, version, at: this.#at };
  }
}

/** Where a newcomer would land in a slot (R2-R4). */
export interface Landing {
  /** Whose seat it takes. */
  readonly victim: Token | undefined;
  readonly isSeated: boolean;
}

/** Where a newcomer of this class would land: on a free seat, on the seat of the weakest, or on the waitlist (R2-R4). */
export function landingIn(slot: Slot, newcomer: PatientClass): Landing {
  const victim = slot.seatsLeft > 0 ? undefined : slot.victimFor(newcomer);
  return { victim, isSeated: slot.seatsLeft > 0 || victim !== undefined };
}
