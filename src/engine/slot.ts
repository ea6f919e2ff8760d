import type { Day, Doctor } from './doctor.ts';
import {
  epochMs,
  type DoctorId,
  type EpochMs,
  type LocalDate,
  type PatientId,
  type SessionId,
  type SlotId,
} from './ids.ts';
import { Line } from './line.ts';
import { EMERGENCY, type PatientClass } from './patient-class.ts';
import { holdsSeat, SEATED_STATUSES, type LiveStatus } from './status.ts';
import { outranks, type Token } from './token.ts';

/** What a slot is, apart from who is in it. */
export interface SlotFacts {
  readonly id: SlotId;
  readonly doctorId: DoctorId;
  /** The session that yields it; null for a single slot. */
  readonly sessionId: SessionId | null;
  /** The local calendar day it starts on. */
  readonly date: LocalDate;
  readonly startTime: EpochMs;
  readonly endTime: EpochMs;
  /** Minutes the doctor runs late in it. */
  readonly delayMinutes: number;
  /** Seats, 1 or more. */
  readonly capacity: number;
  /** Why the slot takes nobody any more; null while it is open. */
  readonly closedReason: string | null;
}

/** The closing reason of a slot whose session was taken off the doctor's week. */
export const SESSION_ENDED = 'session_ended';

const MINUTE_MS = 60_000;

/** The instant from which a slot is over (R11). */
export const endsAt = (slot: SlotFacts, graceMinutes: number): number =>
  slot.endTime + (slot.delayMinutes + graceMinutes) * MINUTE_MS;

/** The instant at which the doctor begins, as late as the doctor is. */
export const delayedStartOf = (slot: SlotFacts): EpochMs =>
  epochMs(slot.startTime + slot.delayMinutes * MINUTE_MS);

/** A ranked list with a capacity line: one line of tokens for each live status, best rank first. */
export class Slot {
  readonly doctor: Doctor;
  #facts: SlotFacts;
  #day: Day;
  readonly #lines: Record<LiveStatus, Line | null> = {
    BOOKED: null,
    CHECKED_IN: null,
    IN_CONSULTATION: null,
    COMPLETED: null,
    WAITING: null,
  };
  #patients: Map<PatientId, Token> | null = null;
  #seated = 0;
  #waiting = 0;

  constructor(doctor: Doctor, facts: SlotFacts) {
    this.doctor = doctor;
    this.#facts = facts;
    this.#day = doctor.day(facts.date);
  }

  get facts(): SlotFacts {
    return this.#facts;
  }

  /** The doctor's day whose numbers its tokens take (R10). */
  get day(): Day {
    return this.#day;
  }

  /** Tokens that hold a seat; never more than the capacity (R1). */
  get seated(): number {
    return this.#seated;
  }

  get waiting(): number {
    return this.#waiting;
  }

  get seatsLeft(): number {
    return this.#facts.capacity - this.#seated;
  }

  /** Whether the slot takes nobody any more, whatever the time. */
  get isClosed(): boolean {
    return this.#facts.closedReason !== null;
  }

  get isEmpty(): boolean {
    return this.#seated + this.#waiting === 0;
  }

  /** Whether somebody waits beside a free seat. */
  get hasUnfilledSeat(): boolean {
    return this.#waiting > 0 && this.seatsLeft > 0;
  }

  /** The waiter that the next free seat goes to (R5). */
  nextWaiting(): Token | undefined {
    return this.#lines.WAITING?.first();
  }

  /**
   * Whom a newcomer of this class would bump (R3): the lowest priority; among equals one not yet checked in,
   * then the latest arrival. Undefined when nobody may be bumped.
   */
  victimFor(newcomer: PatientClass): Token | undefined {
    const booked = this.#lines.BOOKED?.last();
    const checkedIn = newcomer.type === EMERGENCY ? this.#lines.CHECKED_IN?.last() : undefined;
    const victim = checkedIn !== undefined && isWeaker(checkedIn, booked) ? checkedIn : booked;
    return victim !== undefined && victim.patientClass.priority < newcomer.priority
      ? victim
      : undefined;
  }

  /**
   * Who gives way when seats become fewer (R12): those not checked in before those who are, each in R3's order. Only an
   * emergency keeps its seat before a checked-in patient of lower priority: waiting, it would take it back at once (R8).
   */
  weakestBumpable(): Token | undefined {
    const booked = this.#lines.BOOKED?.last();
    if (booked !== undefined && booked.patientClass.type !== EMERGENCY) return booked;
    const checkedIn = this.#lines.CHECKED_IN?.last();
    return checkedIn !== undefined && isWeaker(checkedIn, booked) ? checkedIn : booked;
  }

  /** Tokens whose patients are with the doctor. */
  get inConsultation(): number {
    return this.#lines.IN_CONSULTATION?.size ?? 0;
  }

  /** Tokens whose seat nobody can take from them: in consultation or completed. */
  get unbumpableSeats(): number {
    return this.inConsultation + (this.#lines.COMPLETED?.size ?? 0);
  }

  /** The patient to call next: of those checked in the one of best rank. */
  nextCheckedIn(): Token | undefined {
    return this.#lines.CHECKED_IN?.first();
  }

  /** The live token of this patient (R15). */
  tokenOfPatient(patientId: PatientId): Token | undefined {
    return this.#patients?.get(patientId);
  }

  /** 1 for the waiter promoted next; null for a seated token. */
  waitlistPositionOf(token: Token): number | null {
    const line = this.#lines.WAITING;
    return token.status === 'WAITING' && line !== null ? line.aheadOf(token) + 1 : null;
  }

  /** Seated tokens that are seen before this one: whoever is in consultation, then those of better rank. */
  seatedAheadOf(token: Token): number {
    if (token.status === 'IN_CONSULTATION') return 0;
    const { BOOKED, CHECKED_IN } = this.#lines;
    return this.inConsultation + (BOOKED?.aheadOf(token) ?? 0) + (CHECKED_IN?.aheadOf(token) ?? 0);
  }

  /** Every token of the slot, best rank first. */
  tokens(): Token[] {
    return [...SEATED_STATUSES, 'WAITING' as const]
      .flatMap((status) => this.#tokensWith(status))
      .sort(byRank);
  }

  /** The tokens that hold a seat, in rank order. */
  seatedTokens(): Token[] {
    return SEATED_STATUSES.flatMap((status) => this.#tokensWith(status)).sort(byRank);
  }

  /** The tokens that wait, in the order in which seats go to them. */
  waitlist(): Token[] {
    return this.#tokensWith('WAITING');
  }

  #tokensWith(status: LiveStatus): Token[] {
    return [...(this.#lines[status] ?? [])];
  }

  /** For the engine's `apply` alone, as are the two below. */
  revise(facts: SlotFacts): void {
    this.#facts = facts;
    this.#day = this.doctor.day(facts.date);
  }

  addToken(token: Token, status: LiveStatus): void {
    (this.#lines[status] ??= new Line()).insert(token);
    this.#count(status, 1);
    if (status === 'CHECKED_IN') this.doctor.slotsWithCheckedIn.add(this);
    if (status === 'IN_CONSULTATION') this.doctor.inConsultation.add(token);
    if (token.patientId !== null)
      (this.#patients ??= new Map<PatientId, Token>()).set(token.patientId, token);
  }

  removeToken(token: Token, status: LiveStatus): void {
    this.#lines[status]?.remove(token);
    this.#count(status, -1);
    if (status === 'CHECKED_IN' && this.nextCheckedIn() === undefined)
      this.doctor.slotsWithCheckedIn.delete(this);
    if (status === 'IN_CONSULTATION') this.doctor.inConsultation.delete(token);
    if (token.patientId !== null) this.#patients?.delete(token.patientId);
  }

  #count(status: LiveStatus, difference: 1 | -1): void {
    if (holdsSeat(status)) this.#seated += difference;
    else this.#waiting += difference;
  }
}

const byRank = (a: Token, b: Token): number => (outranks(a, b) ? -1 : 1);

/** Whether a checked-in token is the one to give way: only on priority, for among equals the absent go first. */
const isWeaker = (checkedIn: Token, booked: Token | undefined): boolean =>
  booked === undefined || checkedIn.patientClass.priority < booked.patientClass.priority;
