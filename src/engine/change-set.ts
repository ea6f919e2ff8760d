import { TRANSITIONS, type Change, type TokenFacts, type Transition } from './change.ts';
import type { Accepted } from './command.ts';
import type { DoctorFacts } from './doctor-facts.ts';
import type { DoctorId, EpochMs, TokenId } from './ids.ts';
import { invariant } from './invariant.ts';
import type { PatientClass } from './patient-class.ts';
import type { Slot, Token } from './slot.ts';
import type { SlotFacts } from './slot-facts.ts';
import type { EngineState } from './state.ts';
import { isLive, seatStatusOf } from './status.ts';

/**
 * The changes of one accepted command. Each change is applied as soon as it is decided, because the next one is
 * decided from the state after it.
 */
export class ChangeSet {
  readonly #changes: Change[] = [];
  readonly #patientTypes: (string | null)[] = [];
  readonly #state: EngineState;
  readonly #at: EpochMs;

  constructor(state: EngineState, at: EpochMs) {
    this.#state = state;
    this.#at = at;
  }

  /** The result of the command, with all changes so far. */
  outcome<T>(value: T): Accepted<T> {
    return { ok: true, changes: this.#changes, patientTypes: this.#patientTypes, value };
  }

  #append(change: Change, patientType: string | null): void {
    this.#state.apply(change);
    this.#changes.push(change);
    this.#patientTypes.push(patientType);
  }

  /** Adds a doctor, or sets the doctor's facts. */
  setDoctor(doctor: DoctorFacts): void {
    this.#append({ kind: 'doctor_set', ...this.#nextEnvelope(doctor.id), doctor }, null);
  }

  /** Opens a slot, or sets the slot's facts. */
  setSlot(slot: SlotFacts): void {
    this.#append({ kind: 'slot_set', ...this.#nextEnvelope(slot.doctorId), slot }, null);
  }

  /**
   * Changes a token's status to the one that this kind of transition leads to.
   * @param cause the other token that caused the change, if any (R17)
   */
  transition(token: Token, kind: Transition, cause: TokenId | null = null): void {
    const { id, slot, status, patientClass } = token;
    invariant(isLive(status), 'only a live token changes');
    const { doctor, facts } = slot;
    // The fields are listed one by one here and in `enter` because spreading is slow and every booking runs through
    // these two.
    const change: Change = {
      kind,
      doctorId: facts.doctorId,
      version: doctor.version + 1,
      at: this.#at,
      tokenId: id,
      slotId: facts.id,
      from: status,
      to: TRANSITIONS[kind] ?? seatStatusOf(token),
      cause,
    };
    this.#append(change, patientClass.type);
  }

  /** Gives a token another class; its status and its arrival do not change (R14). */
  reclassify(token: Token, { type, priority }: PatientClass): void {
    const envelope = this.#tokenEnvelope(token);
    this.#append({ kind: 'reclassified', ...envelope, patientType: type, priority }, type);
  }

  /** Takes a token out of its slot. `enter` puts it into another one (R13). */
  moveOut(token: Token): void {
    this.#append({ kind: 'moved_out', ...this.#tokenEnvelope(token) }, token.patientClass.type);
  }

  /**
   * Puts a token into a slot where `landing` says: on a free seat, on the victim's seat or on the waitlist (R2-R4).
   */
  enter(
    kind: 'booked' | 'moved_in',
    slot: Slot,
    { victim, isSeated }: Landing,
    facts: Omit<TokenFacts, 'slotId' | 'to'>,
  ): void {
    if (victim !== undefined) this.transition(victim, 'bumped', facts.tokenId);
    const change: Change = {
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
    };
    this.#append(change, facts.patientType);
  }

  /**
   * Promotes the first waiting token when a seat is free and the slot is open and has not ended (R5, R11).
   * @param cause the token that left the seat, if any (R17)
   * @returns the promoted token
   */
  promote(slot: Slot, cause: TokenId | null): Token | undefined {
    const mayPromote =
      slot.hasUnfilledSeat && !slot.isClosed && !this.#state.hasEnded(slot, this.#at);
    const waiter = mayPromote ? slot.nextWaiting() : undefined;
    if (waiter !== undefined) this.transition(waiter, 'promoted', cause);
    return waiter;
  }

  /** Promotes waiting tokens one after another while seats are free that no token has left in this command (R5). */
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

/** Where a newcomer lands in a slot (R2-R4). */
export interface Landing {
  /** The token whose seat the newcomer takes. */
  readonly victim: Token | undefined;
  /** Whether the newcomer gets a seat; otherwise it waits. */
  readonly isSeated: boolean;
}

/** Where a newcomer of this class lands: on a free seat (R2), on the victim's seat (R3) or on the waitlist (R4). */
export function landingIn(slot: Slot, newcomer: PatientClass): Landing {
  const victim = slot.seatsLeft > 0 ? undefined : slot.victimFor(newcomer);
  return { victim, isSeated: slot.seatsLeft > 0 || victim !== undefined };
}
