import type { DoctorFacts } from './doctor-facts.ts';
import type { EpochMs, LocalDate, PatientId, TokenId } from './ids.ts';
import { Line, outranks } from './line.ts';
import { EMERGENCY, type PatientClass } from './patient-class.ts';
import type { SlotFacts } from './slot-facts.ts';
import { holdsSeat, SEATED_STATUSES, type LiveStatus, type Status } from './status.ts';

// A slot and its tokens stand in one file because each refers to the other.

/** One patient's claim on one slot. Only the engine's `apply` writes to it. */
export interface Token {
  readonly id: TokenId;
  readonly slot: Slot;
  readonly patientName: string;
  readonly patientId: PatientId | null;
  /** The class, with the priority that it had when the token got it. */
  readonly patientClass: PatientClass;
  /** The token's place in its doctor's order of bookings, 1 or more; never the clock (R7). */
  readonly arrival: number;
  /** The printed number, 1 or more: it counts up per doctor and local day and is never reused (R10). */
  readonly number: number;
  readonly bookedAt: EpochMs;
  readonly status: Status;
  /** Whether the patient has checked in: a promotion then leads to `CHECKED_IN`, not to `BOOKED` (R5). */
  readonly hasCheckedIn: boolean;
}

const LIVE_STATUSES = [...SEATED_STATUSES, 'WAITING'] as const satisfies readonly LiveStatus[];

/** A local calendar day of a doctor. */
export interface Day {
  readonly date: LocalDate;
  /** The number printed last on this day, 0 before the first (R10). */
  lastNumber: number;
}

/** The part of a doctor that a slot uses. `Doctor` implements it, so that this file need not import doctor.ts. */
export interface SlotOwner {
  readonly facts: DoctorFacts;
  /** Change records so far. */
  version: number;
  /** The arrival of the latest accepted booking, 0 before the first. */
  lastArrival: number;
  readonly inConsultation: Set<Token>;
  readonly slotsWithCheckedIn: Set<Slot>;
  readonly slots: readonly Slot[];
  day(date: LocalDate): Day;
}

/** A ranked list with a capacity line: one line of tokens for each live status, best rank first. */
export class Slot {
  readonly doctor: SlotOwner;
  #facts: SlotFacts;
  #day: Day;
  readonly #lines: Record<LiveStatus, Line<Token> | null> = {
    BOOKED: null,
    CHECKED_IN: null,
    IN_CONSULTATION: null,
    COMPLETED: null,
    WAITING: null,
  };
  #tokensByPatient: Map<PatientId, Token> | null = null;
  #seated = 0;
  #waiting = 0;

  constructor(doctor: SlotOwner, facts: SlotFacts) {
    this.doctor = doctor;
    this.#facts = facts;
    this.#day = doctor.day(facts.date);
  }

  get facts(): SlotFacts {
    return this.#facts;
  }

  /** The doctor's day that counts the numbers of the slot's tokens (R10). */
  get day(): Day {
    return this.#day;
  }

  /** Tokens that hold a seat; never more than the capacity (R1). */
  get seated(): number {
    return this.#seated;
  }

  /** Tokens on the waitlist. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Free seats. */
  get seatsLeft(): number {
    return this.#facts.capacity - this.#seated;
  }

  /** Whether the slot was closed: it then takes no booking, move or promotion at any time. */
  get isClosed(): boolean {
    return this.#facts.closedReason !== null;
  }

  /** Whether the slot has no live token. */
  get isEmpty(): boolean {
    return this.#seated + this.#waiting === 0;
  }

  /** Whether a seat is free although a token waits. */
  get hasUnfilledSeat(): boolean {
    return this.#waiting > 0 && this.seatsLeft > 0;
  }

  /** The waiting token that gets the next free seat (R5). */
  nextWaiting(): Token | undefined {
    return this.#lines.WAITING?.first();
  }

  /**
   * The token that a newcomer of this class bumps when the slot is full (R3): the one of lowest priority; among
   * equals first one that has not checked in, then the latest arrival. Undefined when the newcomer may bump no token.
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
   * The token that is bumped first when the slot loses seats (R12): a booked token before a checked-in one, each by
   * R3's order. An emergency that has not checked in is the exception: it is bumped only when no checked-in token has
   * a lower priority, because as a waiting token it would bump that one at once (R8).
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

  /** Seats held by tokens that no command bumps: in consultation or completed (R3). */
  get unbumpableSeats(): number {
    return this.inConsultation + (this.#lines.COMPLETED?.size ?? 0);
  }

  /** The checked-in token of best rank: the next to be called. */
  nextCheckedIn(): Token | undefined {
    return this.#lines.CHECKED_IN?.first();
  }

  /** The live token of this patient in the slot (R15). */
  tokenOfPatient(patientId: PatientId): Token | undefined {
    return this.#tokensByPatient?.get(patientId);
  }

  /** The token's place on the waitlist: 1 for the token promoted next; null for a seated token. */
  waitlistPositionOf(token: Token): number | null {
    const line = this.#lines.WAITING;
    return token.status === 'WAITING' && line !== null ? line.aheadOf(token) + 1 : null;
  }

  /** How many seated tokens are seen before this one: the one in consultation and those of better rank. */
  seatedAheadOf(token: Token): number {
    if (token.status === 'IN_CONSULTATION') return 0;
    const { BOOKED, CHECKED_IN } = this.#lines;
    return this.inConsultation + (BOOKED?.aheadOf(token) ?? 0) + (CHECKED_IN?.aheadOf(token) ?? 0);
  }

  /** Every live token of the slot, best rank first. */
  tokens(): Token[] {
    return LIVE_STATUSES.flatMap((status) => this.#tokensWith(status)).sort(byRank);
  }

  /** The tokens that hold a seat, best rank first. */
  seatedTokens(): Token[] {
    return SEATED_STATUSES.flatMap((status) => this.#tokensWith(status)).sort(byRank);
  }

  /** The waiting tokens, best rank first: the order in which they get free seats. */
  waitlist(): Token[] {
    return this.#tokensWith('WAITING');
  }

  #tokensWith(status: LiveStatus): Token[] {
    return [...(this.#lines[status] ?? [])];
  }

  /** A copy of the slot and its tokens for a copy of its doctor. */
  copyFor(doctor: SlotOwner): Slot {
    const copy = new Slot(doctor, this.#facts);
    for (const status of LIVE_STATUSES)
      copy.#lines[status] =
        this.#lines[status]?.copy((token) => {
          const own = { ...token, slot: copy };
          copy.#index(own, status);
          return own;
        }) ?? null;
    copy.#seated = this.#seated;
    copy.#waiting = this.#waiting;
    return copy;
  }

  /** Sets the slot's facts. Only the engine's `apply` calls this method and the two below. */
  revise(facts: SlotFacts): void {
    this.#facts = facts;
    this.#day = this.doctor.day(facts.date);
  }

  /** Inserts a token in the line of this status. */
  addToken(token: Token, status: LiveStatus): void {
    (this.#lines[status] ??= new Line()).insert(token);
    this.#count(status, 1);
    this.#index(token, status);
  }

  #index(token: Token, status: LiveStatus): void {
    if (status === 'CHECKED_IN') this.doctor.slotsWithCheckedIn.add(this);
    if (status === 'IN_CONSULTATION') this.doctor.inConsultation.add(token);
    if (token.patientId !== null)
      (this.#tokensByPatient ??= new Map<PatientId, Token>()).set(token.patientId, token);
  }

  /** Removes a token from the line of this status. */
  removeToken(token: Token, status: LiveStatus): void {
    this.#lines[status]?.remove(token);
    this.#count(status, -1);
    if (status === 'CHECKED_IN' && this.nextCheckedIn() === undefined)
      this.doctor.slotsWithCheckedIn.delete(this);
    if (status === 'IN_CONSULTATION') this.doctor.inConsultation.delete(token);
    if (token.patientId !== null) this.#tokensByPatient?.delete(token.patientId);
  }

  #count(status: LiveStatus, difference: 1 | -1): void {
    if (holdsSeat(status)) this.#seated += difference;
    else this.#waiting += difference;
  }
}

const byRank = (a: Token, b: Token): number => (outranks(a, b) ? -1 : 1);

/**
 * Whether the checked-in token is bumped before the booked one: only for a lower priority, because among equals the
 * booked one goes first (R3).
 */
const isWeaker = (checkedIn: Token, booked: Token | undefined): boolean =>
  booked === undefined || checkedIn.patientClass.priority < booked.patientClass.priority;
