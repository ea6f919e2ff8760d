import type { DoctorFacts } from './doctor-facts.ts';
import type { DoctorId, EpochMs, PatientId, SlotId, TokenId } from './ids.ts';
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
export interface TokenEntered extends Envelope, TokenFacts {
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
export interface TokenReclassified extends Envelope {
  readonly kind: 'reclassified';
  readonly tokenId: TokenId;
  readonly slotId: SlotId;
  readonly from: LiveStatus;
  readonly patientType: string;
  readonly priority: number;
}

/**
 * The status that each kind of transition leads to; null for a promotion, which leads to `seatStatusOf` the token.
 */
export const TRANSITIONS = {
  bumped: 'WAITING',
  promoted: null,
  checked_in: 'CHECKED_IN',
  started: 'IN_CONSULTATION',
  completed: 'COMPLETED',
  cancelled: 'CANCELLED',
  no_show: 'NO_SHOW',
  expired: 'EXPIRED',
} as const satisfies Record<string, Status | null>;
export type Transition = keyof typeof TRANSITIONS;

/** A token changed its status. */
export interface TokenTransition extends Envelope {
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

/** One change record. Applying all change records in order gives the engine's state (R16, R17). */
export type Change =
  DoctorSet | SlotSet | TokenEntered | TokenMovedOut | TokenReclassified | TokenTransition;

/** A change of a token: every kind but `doctor_set` and `slot_set`. */
export type TokenChange = Exclude<Change, DoctorSet | SlotSet>;

/** Whether a change concerns a token. */
export const isTokenChange = (change: Change): change is TokenChange =>
  change.kind !== 'doctor_set' && change.kind !== 'slot_set';

/** Whether a change lets a token enter a slot: `booked` or `moved_in`. */
export const isEntry = (change: Change): change is TokenEntered =>
  change.kind === 'booked' || change.kind === 'moved_in';
