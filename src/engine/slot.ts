import type { LastChange } from './change.ts';
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
  /** The room to which the patient was called last (R19); null when none was named. */
  readonly room: string | null;
  /** The last change of the token's place or status: what `undo` takes back (R22). */
  readonly last: LastChange;
}

const LIVE_STATUSES = [...SEATED_STATUSES, 'WAITING'] as const satisfies readonly LiveStatus[];

/** A local calendar day of a doctor. */
export interface Day {
  readonly date: LocalDate;
  /** The number printed last on this day, 0 before the first (R10). */
  lastNumber: number;
  /** The day's slots in memory, ordered by start time, then by id. */
  readonly slots: Slot[];
}

/** The part of a doctor that a slot uses. `Doctor` implements it, so that this file need not import doctor.ts. */
export interface SlotOwner {
  readonly facts: DoctorFacts;
  /** Change records so far. */
  version: number;
  /** The arrival of the latest accepted booking, 0 before the first. */
  lastArrival: number;
  /** The instant at which the doctor's break ends; null when there is none. */
  breakUntil: EpochMs | null;
  readonly inConsultation: Set<Token>;
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
    SKIPPED: null,
    IN_CONSULTATION: null,
    COMPLETED: null,
    WAITING: null,
  };
  #over: Set<Token> | null = null;
  #seated = 0;
  #waiting = 0;
  #checkedInEmergencies = 0;

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
   * equals first one who is not there, then the latest arrival. Undefined when the newcomer may bump no token.
   */
  victimFor(newcomer: PatientClass): Token | undefined {
    const absent = this.#weakestAbsent();
    const checkedIn = newcomer.type === EMERGENCY ? this.#lines.CHECKED_IN?.last() : undefined;
    const victim = checkedIn !== undefined && isWeaker(checkedIn, absent) ? checkedIn : absent;
    return victim !== undefined && victim.patientClass.priority < newcomer.priority
      ? victim
      : undefined;
  }

  /**
   * The token that is bumped first when the slot loses seats (R12): one who is not there before a checked-in one, each
   * by R3's order. An emergency that is not there is the exception: it is bumped only when no checked-in token has a
   * lower priority, because as a waiting token it would bump that one at once (R8).
   */
  weakestBumpable(): Token | undefined {
    const absent = this.#weakestAbsent();
    if (absent !== undefined && absent.patientClass.type !== EMERGENCY) return absent;
    const checkedIn = this.#lines.CHECKED_IN?.last();
    return checkedIn !== undefined && isWeaker(checkedIn, absent) ? checkedIn : absent;
  }

  /** The seated token of lowest rank whose patient is not there: `BOOKED` or `SKIPPED`. */
  #weakestAbsent(): Token | undefined {
    const booked = this.#lines.BOOKED?.last();
    const skipped = this.#lines.SKIPPED?.last();
    if (booked === undefined || skipped === undefined) return booked ?? skipped;
    return outranks(booked, skipped) ? skipped : booked;
  }

  /** Tokens whose patients are with the doctor. */
  get inConsultation(): number {
    return this.#lines.IN_CONSULTATION?.size ?? 0;
  }

  /** Seats held by tokens that no command bumps: in consultation or completed (R3). */
  get unbumpableSeats(): number {
    return this.inConsultation + (this.#lines.COMPLETED?.size ?? 0);
  }

  /** The token's place on the waitlist: 1 for the token promoted next; null for a seated token. */
  waitlistPositionOf(token: Token): number | null {
    const line = this.#lines.WAITING;
    return token.status === 'WAITING' && line !== null ? line.aheadOf(token) + 1 : null;
  }

  /** The checked-in emergencies: they are called before everybody else (R18). */
  get checkedInEmergencies(): number {
    return this.#checkedInEmergencies;
  }

  /** How many checked-in emergencies of this slot outrank a token, of this or of another slot. */
  checkedInEmergenciesAheadOf(token: Token): number {
    if (this.#checkedInEmergencies === 0) return 0;
    const checkedInAhead = this.#lines.CHECKED_IN?.aheadOf(token) ?? 0;
    return Math.min(checkedInAhead, this.#checkedInEmergencies);
  }

  /** How many tokens of this status are called when it is the turn of this slot: the checked-in emergencies are not. */
  inTurn(status: 'BOOKED' | 'CHECKED_IN'): number {
    const size = this.#lines[status]?.size ?? 0;
    return status === 'BOOKED' ? size : size - this.#checkedInEmergencies;
  }

  /** How many of the tokens that `inTurn` counts outrank this token. */
  inTurnAheadOf(token: Token, status: 'BOOKED' | 'CHECKED_IN'): number {
    const ahead = this.#lines[status]?.aheadOf(token) ?? 0;
    return status === 'BOOKED' ? ahead : ahead - this.checkedInEmergenciesAheadOf(token);
  }

  /** The tokens of the slot that are over, in no particular order. */
  over(): Iterable<Token> {
    return this.#over ?? [];
  }

  /** Every live token of the slot, best rank first. */
  tokens(): Token[] {
    return LIVE_STATUSES.flatMap((status) => [...this.tokensWith(status)]).sort(byRank);
  }

  /** The tokens that hold a seat, best rank first. */
  seatedTokens(): Token[] {
    return SEATED_STATUSES.flatMap((status) => [...this.tokensWith(status)]).sort(byRank);
  }

  /** The waiting tokens, best rank first: the order in which they get free seats. */
  waitlist(): Token[] {
    return [...this.tokensWith('WAITING')];
  }

  /** The tokens of this status, best rank first. The slot must not change before the last one is taken. */
  tokensWith(status: LiveStatus): Iterable<Token> {
    return this.#lines[status] ?? [];
  }

  /** A copy of the slot and its tokens, those that are over included, for a copy of its doctor. */
  copyFor(doctor: SlotOwner): Slot {
    const copy = new Slot(doctor, this.#facts);
    const own = (token: Token): Token => ({ ...token, slot: copy });
    for (const status of LIVE_STATUSES)
      copy.#lines[status] = this.#lines[status]?.copy(own) ?? null;
    for (const token of copy.tokensWith('IN_CONSULTATION')) doctor.inConsultation.add(token);
    for (const token of this.over()) copy.addOver(own(token));
    copy.#seated = this.#seated;
    copy.#waiting = this.#waiting;
    copy.#checkedInEmergencies = this.#checkedInEmergencies;
    return copy;
  }

  revise(facts: SlotFacts): void {
    this.#facts = facts;
    this.#day = this.doctor.day(facts.date);
  }

  /** Inserts a token in the line of this status. */
  addToken(token: Token, status: LiveStatus): void {
    (this.#lines[status] ??= new Line()).insert(token);
    this.#count(token, status, 1);
    if (status === 'IN_CONSULTATION') this.doctor.inConsultation.add(token);
  }

  /** Removes a token from the line of this status. */
  removeToken(token: Token, status: LiveStatus): void {
    this.#lines[status]?.remove(token);
    this.#count(token, status, -1);
    if (status === 'IN_CONSULTATION') this.doctor.inConsultation.delete(token);
  }

  /** Keeps a token that is over with its slot, because it may come back (R22). */
  addOver(token: Token): void {
    (this.#over ??= new Set()).add(token);
  }

  /** Forgets a token that is over. */
  removeOver(token: Token): void {
    this.#over?.delete(token);
  }

  #count({ patientClass }: Token, status: LiveStatus, difference: 1 | -1): void {
    if (holdsSeat(status)) this.#seated += difference;
    else this.#waiting += difference;
    if (status === 'CHECKED_IN' && patientClass.type === EMERGENCY)
      this.#checkedInEmergencies += difference;
  }
}

/** The order of ranks, best rank first. */
export const byRank = (a: Token, b: Token): number => (outranks(a, b) ? -1 : 1);

/**
 * Whether the checked-in token is bumped before the absent one: only for a lower priority, because among equals the
 * absent one goes first (R3).
 */
const isWeaker = (checkedIn: Token, absent: Token | undefined): boolean =>
  absent === undefined || checkedIn.patientClass.priority < absent.patientClass.priority;
