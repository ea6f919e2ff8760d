import type { DoctorFacts } from './doctor-facts.ts';
import type { DoctorId, EpochMs, LocalDate, PatientId, SlotId, TokenId } from './ids.ts';
import type { SlotFacts } from './slot-facts.ts';
import type { LiveStatus, Status } from './status.ts';

/** The fields that every change record has: the doctor, the place in that doctor's order, and the time. */
interface Envelope {
  readonly doctorId: DoctorId;
  /** 1, 2, 3 ... per doctor, without gaps: the doctor's version once the change is applied. */
  readonly version: number;
  readonly at: EpochMs;
}

/** A doctor was added, or got these facts. */
export interface DoctorSet extends Envelope {
  readonly kind: 'doctor_set';
  readonly doctor: DoctorFacts;
}

/** A slot was opened, or got these facts. */
export interface SlotSet extends Envelope {
  readonly kind: 'slot_set';
  readonly slot: SlotFacts;
}

/** A doctor's break began, got another end, or ended. */
export interface BreakSet extends Envelope {
  readonly kind: 'break_set';
  /** The instant at which the break ends; null when it is over. */
  readonly until: EpochMs | null;
}

/** Where a change leaves a token that waits. */
export interface WaitlistPlace {
  /**
   * The place on the waitlist that the token has right after the change: 1 is promoted next. A waiting token that bumps
   * this one is not counted, because it leaves the waitlist in the same command. The place is missing when the token
   * does not wait, and in records of versions up to 1.4.0. The state does not depend on it.
   */
  readonly waitlistPosition?: number;
}

/** Every fact of a token at the moment when it enters a slot. */
export interface TokenFacts {
  readonly tokenId: TokenId;
  readonly slotId: SlotId;
  readonly patientName: string;
  readonly patientId: PatientId | null;
  /** The name of the token's class. */
  readonly patientType: string;
  /** The priority that the class had when the token got it, 1 to 1000: a later class table does not change it. */
  readonly priority: number;
  /** The place in the doctor's order of bookings, 1 or more (R7). */
  readonly arrival: number;
  /** The printed number, 1 or more (R10). */
  readonly number: number;
  readonly bookedAt: EpochMs;
  readonly to: LiveStatus;
  readonly hasCheckedIn: boolean;
}

/** A token entered a slot, by a booking or by a move (R13). */
export interface TokenEntered extends Envelope, TokenFacts, WaitlistPlace {
  readonly kind: 'booked' | 'moved_in';
}

/** A token left a slot by a move (R13). The `moved_in` that follows may belong to another doctor. */
export interface TokenMovedOut extends Envelope {
  readonly kind: 'moved_out';
  readonly tokenId: TokenId;
  readonly slotId: SlotId;
  readonly from: LiveStatus;
}

/** A token got another class (R14). Its status did not change. */
export interface TokenReclassified extends Envelope, WaitlistPlace {
  readonly kind: 'reclassified';
  readonly tokenId: TokenId;
  readonly slotId: SlotId;
  readonly from: LiveStatus;
  readonly patientType: string;
  readonly priority: number;
}

/** A token's name or hospital id was corrected. Its place did not change. */
export interface TokenCorrected extends Envelope {
  readonly kind: 'corrected';
  readonly tokenId: TokenId;
  readonly slotId: SlotId;
  readonly from: Status;
  readonly patientName: string;
  readonly patientId: PatientId | null;
}

/** The status that each kind of transition leads to; null for a promotion, which leads to `seatStatusOf` the token. */
export const TRANSITIONS = {
  bumped: 'WAITING',
  promoted: null,
  checked_in: 'CHECKED_IN',
  started: 'IN_CONSULTATION',
  skipped: 'SKIPPED',
  completed: 'COMPLETED',
  cancelled: 'CANCELLED',
  no_show: 'NO_SHOW',
  expired: 'EXPIRED',
} as const satisfies Record<string, Status | null>;
export type Transition = keyof typeof TRANSITIONS;

/** What the desk said with a check-in, a call or a start. The second check of R18-R20 reads it from the record. */
export interface DeskFacts {
  /** The room of a token that was called or started with one named (R19); null for every other transition. */
  readonly room: string | null;
  /**
   * The calendar day, in the doctor's time zone, of a check-in (R20) or of a call for the next patient (R18). Null for
   * every other transition, for the start of one particular patient, and in records of versions up to 1.3.0.
   */
  readonly today: LocalDate | null;
  /** The slot or session that a call for the next patient named (R18); null when it named none. */
  readonly calledFrom: SlotId | null;
}

/** The facts of a transition about which the desk said nothing. */
export const NO_DESK_FACTS: DeskFacts = { room: null, today: null, calledFrom: null };

/** A token changed its status. */
export interface TokenTransition extends Envelope, DeskFacts, WaitlistPlace {
  readonly kind: Transition;
  readonly tokenId: TokenId;
  readonly slotId: SlotId;
  readonly from: LiveStatus;
  readonly to: Status;
  /**
   * The other token that caused the change (R17): a bump names the newcomer, a promotion the token that left the
   * seat. Null when the token's own command caused it, or when no token did: the seats became fewer or more, or a
   * seat was found free.
   */
  readonly cause: TokenId | null;
}

/** The kinds of changes that `undo` takes back (R22). */
export const UNDOABLE = [
  'checked_in',
  'started',
  'skipped',
  'completed',
  'no_show',
  'cancelled',
] as const satisfies readonly Transition[];
export type Undoable = (typeof UNDOABLE)[number];

/** The last change of a token was taken back (R22). */
export interface TokenUndone extends Envelope, WaitlistPlace {
  readonly kind: 'undone';
  readonly tokenId: TokenId;
  readonly slotId: SlotId;
  readonly from: Status;
  readonly to: LiveStatus;
  /** The kind of the change that was taken back. */
  readonly undone: Undoable;
}

/** One change record. Applying all change records in order gives the engine's state (R16, R17). */
export type Change =
  | DoctorSet
  | SlotSet
  | BreakSet
  | TokenEntered
  | TokenMovedOut
  | TokenReclassified
  | TokenCorrected
  | TokenTransition
  | TokenUndone;

/** A change of a token. The other kinds concern a doctor or a slot. */
export type TokenChange = Exclude<Change, DoctorSet | SlotSet | BreakSet>;

/** Whether a change concerns a token. */
export const isTokenChange = (change: Change): change is TokenChange =>
  change.kind !== 'doctor_set' && change.kind !== 'slot_set' && change.kind !== 'break_set';

/** The slot in which a change happens; null for a change of the doctor. */
export function slotIdOf(change: Change): SlotId | null {
  if (isTokenChange(change)) return change.slotId;
  return change.kind === 'slot_set' ? change.slot.id : null;
}

/** The last change of a token's place or status: what `undo` takes back, or the reason why it cannot (R22). */
export interface LastChange {
  readonly kind: LastKind;
  /** The status before the change; null for an entry and for an undo, which cannot be taken back. */
  readonly from: LiveStatus | null;
}
/** A correction does not count, because it changes neither place nor status. */
export type LastKind = Exclude<TokenChange['kind'], 'moved_out' | 'corrected'>;

const LAST_CHANGES = new Map<LastKind, Map<LiveStatus | null, LastChange>>();

/** The last change of this kind. Equal ones are one object, because every token in memory has one. */
export function lastChange(kind: LastKind, from: LiveStatus | null): LastChange {
  const known = LAST_CHANGES.get(kind)?.get(from);
  if (known !== undefined) return known;
  const ofKind = LAST_CHANGES.get(kind) ?? new Map<LiveStatus | null, LastChange>();
  const last = { kind, from };
  LAST_CHANGES.set(kind, ofKind.set(from, last));
  return last;
}

/** What a token's last change is after this change; undefined when it stays what it was. */
export function lastChangeAfter(change: TokenChange): LastChange | undefined {
  switch (change.kind) {
    case 'moved_out':
    case 'corrected':
      return undefined;
    case 'booked':
    case 'moved_in':
    case 'undone':
      return lastChange(change.kind, null);
    default:
      return lastChange(change.kind, change.from);
  }
}

/** Whether a change lets a token enter a slot: `booked` or `moved_in`. */
export const isEntry = (change: Change): change is TokenEntered =>
  change.kind === 'booked' || change.kind === 'moved_in';
