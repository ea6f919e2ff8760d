import type { DoctorFacts } from './doctor.ts';
import type { DoctorId, EpochMs, PatientId, SlotId, TokenId } from './ids.ts';
import type { SlotFacts } from './slot.ts';
import type { LiveStatus, Status } from './status.ts';

/** What every change record has: whose it is, its place in that doctor's order, and when. */
interface Envelope {
  readonly doctorId: DoctorId;
  /** 1, 2, 3 ... per doctor, without gaps: the doctor's version once the change is applied. */
  readonly version: number;
  readonly at: EpochMs;
}

/** A doctor was added, or the doctor's facts are now these. */
export interface DoctorSet extends Envelope {
  readonly kind: 'doctor_set';
  readonly doctor: DoctorFacts;
}

/** A slot was opened, or its facts are now these. */
export interface SlotSet extends Envelope {
  readonly kind: 'slot_set';
  readonly slot: SlotFacts;
}

/** Everything about a token as it enters a slot. */
export interface TokenFacts {
  readonly tokenId: TokenId;
  readonly slotId: SlotId;
  readonly patientName: string;
  readonly patientId: PatientId | null;
  readonly patientType: string;
  /** The class's priority when the token got its class: a later table changes nothing for it. */
  readonly priority: number;
  readonly arrival: number;
  readonly number: number;
  readonly bookedAt: EpochMs;
  readonly to: LiveStatus;
  readonly hasCheckedIn: boolean;
}

/** A token entered a slot: its booking was accepted, or a move brought it there (R13). */
export interface TokenEntered extends Envelope, TokenFacts {
  readonly kind: 'booked' | 'moved_in';
}

/** A token left a slot by a move (R13); `moved_in` is the other half, maybe of another doctor. */
export interface TokenMovedOut extends Envelope {
  readonly kind: 'moved_out';
  readonly tokenId: TokenId;
  readonly slotId: SlotId;
  readonly from: LiveStatus;
}

/** A token was given another class (R14). Its status stays what it was. */
export interface TokenReclassified extends Envelope {
  readonly kind: 'reclassified';
  readonly tokenId: TokenId;
  readonly slotId: SlotId;
  readonly from: LiveStatus;
  readonly patientType: string;
  readonly priority: number;
}

/** The status that each kind of transition leads to; a promotion leads to the patient's seat status. */
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

/** A token went from one status to another. */
export interface TokenTransition extends Envelope {
  readonly kind: Transition;
  readonly tokenId: TokenId;
  readonly slotId: SlotId;
  readonly from: LiveStatus;
  readonly to: Status;
  /**
   * The token that caused it (R17): of a bump the newcomer, of a promotion who left. Null when the token's own
   * command did, or no token at all: fewer or more seats, a seat found free.
   */
  readonly cause: TokenId | null;
}

/** One change record: the engine's state is the fold of these through `apply`, and of nothing else. */
export type Change =
  DoctorSet | SlotSet | TokenEntered | TokenMovedOut | TokenReclassified | TokenTransition;

/** A change of a token: every kind but those that set a doctor or a slot. */
export type TokenChange = Exclude<Change, DoctorSet | SlotSet>;

/** Whether a change concerns a token. */
export const isTokenChange = (change: Change): change is TokenChange =>
  change.kind !== 'doctor_set' && change.kind !== 'slot_set';

/** Whether a change brings a token into its slot: `booked` or `moved_in`. */
export const isEntry = (change: Change): change is TokenEntered =>
  change.kind === 'booked' || change.kind === 'moved_in';
