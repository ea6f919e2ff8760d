import {
  NO_DESK_FACTS,
  TRANSITIONS,
  type Change,
  type DeskFacts,
  type TokenEntered,
  type TokenFacts,
  type TokenReclassified,
  type TokenTransition,
  type TokenUndone,
  type Transition,
  type Undoable,
} from './change.ts';
import type { DoctorFacts } from './doctor-facts.ts';
import type { DoctorId, EpochMs, PatientId, TokenId } from './ids.ts';
import { found, invariant } from './invariant.ts';
import type { PatientClass } from './patient-class.ts';
import type { Slot, Token } from './slot.ts';
import { followingSession, type SlotFacts } from './slot-facts.ts';
import type { EngineState } from './state.ts';
import { isLive, seatStatusOf, type LiveStatus } from './status.ts';

type Writable<T> = T extends unknown ? { -readonly [Key in keyof T]: T[Key] } : never;

/**
 * The changes of one accepted command. Each change is applied as soon as it is decided, because the next one is
 * decided from the state after it.
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

  /** Appends a change of a token, and records the token's place on the waitlist if it waits then. */
  #appendStep(change: Writable<TokenEntered | TokenTransition | TokenReclassified | TokenUndone>) {
    this.#state.apply(change);
    this.changes.push(change);
    const waits = (change.kind === 'reclassified' ? change.from : change.to) === 'WAITING';
    if (waits) change.waitlistPosition = this.#placeAfter(change);
  }

  /** The place on the waitlist after a change. A waiting token that bumps another one gets the seat in the same command. */
  #placeAfter(change: TokenEntered | TokenTransition | TokenReclassified | TokenUndone): number {
    const token = found(this.#state.token(change.tokenId), 'a token that waits is in the index');
    const position = token.slot.waitlistPositionOf(token) ?? 0;
    const cause = change.kind === 'bumped' ? change.cause : null;
    const bumpsFromWaitlist = cause !== null && this.#state.token(cause)?.status === 'WAITING';
    return bumpsFromWaitlist ? position - 1 : position;
  }

  /** Adds a doctor, or sets the doctor's facts. */
  setDoctor(doctor: DoctorFacts): void {
    this.#append({ kind: 'doctor_set', ...this.#nextEnvelope(doctor.id), doctor });
  }

  /** Opens a slot, or sets the slot's facts. */
  setSlot(slot: SlotFacts): void {
    this.#append({ kind: 'slot_set', ...this.#nextEnvelope(slot.doctorId), slot });
  }

  /** Sets the instant at which a doctor's break ends; null when there is none. */
  setBreak(doctorId: DoctorId, until: EpochMs | null): void {
    this.#append({ kind: 'break_set', ...this.#nextEnvelope(doctorId), until });
  }

  /**
   * Changes a token's status to the one that this kind of transition leads to.
   * @param cause the other token that caused the change, if any (R17)
   */
  transition(
    token: Token,
    kind: Transition,
    cause: TokenId | null = null,
    desk: DeskFacts = NO_DESK_FACTS,
  ): void {
    const { id, slot, status } = token;
    invariant(isLive(status), 'only a live token changes');
    const { doctor, facts } = slot;
    // The fields are listed one by one here and in `enter` because spreading is slow and every booking runs through
    // these two.
    this.#appendStep({
      kind,
      doctorId: facts.doctorId,
      version: doctor.version + 1,
      at: this.#at,
      tokenId: id,
      slotId: facts.id,
      from: status,
      to: TRANSITIONS[kind] ?? seatStatusOf(token),
      cause,
      room: desk.room,
      today: desk.today,
      calledFrom: desk.calledFrom,
    });
    this.#followIfEmpty(slot);
  }

  /** Gives a token another class; its status and its arrival do not change (R14). */
  reclassify(token: Token, { type, priority }: PatientClass): void {
    const envelope = this.#tokenEnvelope(token);
    this.#appendStep({ kind: 'reclassified', ...envelope, patientType: type, priority });
  }

  /** Takes the last change of a token back, which is of this kind: the token, also one that is over, gets this status (R22). */
  undo({ id, slot, status }: Token, undone: Undoable, to: LiveStatus): void {
    const { doctorId, id: slotId } = slot.facts;
    const envelope = this.#nextEnvelope(doctorId);
    this.#appendStep({
      kind: 'undone',
      ...envelope,
      tokenId: id,
      slotId,
      from: status,
      to,
      undone,
    });
  }

  /** Gives a token another patient name and id; its place does not change. */
  correct({ id, slot, status }: Token, patientName: string, patientId: PatientId | null): void {
    const { doctorId, id: slotId } = slot.facts;
    const envelope = { ...this.#nextEnvelope(doctorId), tokenId: id, slotId, from: status };
    this.#append({ kind: 'corrected', ...envelope, patientName, patientId });
  }

  /** Takes a token out of its slot. `enter` puts it into another one (R13). */
  moveOut(token: Token): void {
    this.#append({ kind: 'moved_out', ...this.#tokenEnvelope(token) });
    this.#followIfEmpty(token.slot);
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
    this.#appendStep({
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

  /**
   * Promotes the first waiting token when a seat is free and the slot is open and has not ended (R5, R11).
   * @param cause the token that left the seat, if any (R17)
   * @returns the promoted token
   */
  promote(slot: Slot, cause: TokenId | null): Token | undefined {
    const waiter = slot.hasUnfilledSeat && this.#promotes(slot) ? slot.nextWaiting() : undefined;
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

  /**
   * Gives the seat of a token to the first waiting one, if that one may bump it now (R8): the token has just become
   * easier to bump, because of its status or its class.
   * @returns the token that got the seat
   */
  yieldSeat(token: Token): Token | undefined {
    const { slot } = token;
    const waiter = slot.nextWaiting();
    if (waiter === undefined || slot.victimFor(waiter.patientClass) !== token) return undefined;
    return this.exchange(slot, waiter) === undefined ? undefined : waiter;
  }

  /**
   * Gives a waiting token the seat of the weakest one, if it may bump one and the slot is open (R8). If the slot has
   * ended, its waiting tokens expire instead, because a clock that is set back later would let them wait beside a token
   * that they outrank.
   * @returns the token that lost the seat
   */
  exchange(slot: Slot, waiter: Token): Token | undefined {
    const victim = slot.isClosed ? undefined : slot.victimFor(waiter.patientClass);
    if (victim === undefined) return undefined;
    if (this.#state.hasEnded(slot, this.#at)) {
      this.expireWaitlist(slot);
      return undefined;
    }
    this.transition(victim, 'bumped', waiter.id);
    this.transition(waiter, 'promoted', victim.id);
    return victim;
  }

  /** Ends all waiting tokens of a slot that has ended (R11). */
  expireWaitlist(slot: Slot): void {
    for (const waiter of slot.waitlist()) this.transition(waiter, 'expired');
  }

  #promotes(slot: Slot): boolean {
    return !slot.isClosed && !this.#state.hasEnded(slot, this.#at);
  }

  /**
   * Lets a kept slot follow its session in the command that takes its last live token out (R25). A closed slot does so
   * when it is opened again, and an ended slot does not, because its time has passed.
   */
  #followIfEmpty(slot: Slot): void {
    if (slot.facts.kept === null || !slot.isEmpty || slot.isClosed) return;
    if (this.#state.hasEnded(slot, this.#at)) return;
    const { graceMinutes } = this.#state.rules;
    this.setSlot(followingSession(slot.facts, this.#at, graceMinutes));
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
