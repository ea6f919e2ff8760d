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

/** A booking was accepted: everything about the new token. */
export interface TokenBooked extends Envelope {
  readonly kind: 'booked';
  readonly tokenId: TokenId;
  readonly slotId: SlotId;
  readonly patientName: string;
  readonly patientId: PatientId | null;
  readonly patientType: string;
  readonly arrival: number;
  readonly number: number;
  readonly to: LiveStatus;
  readonly present: boolean;
}

/** How a token goes from one status to another. */
export const TRANSITIONS = ['bumped', 'promoted', 'cancelled', 'no_show'] as const;
export type Transition = (typeof TRANSITIONS)[number];

/** A token went from one status to another. */
export interface TokenTransition extends Envelope {
  readonly kind: Transition;
  readonly tokenId: TokenId;
  readonly slotId: SlotId;
  readonly from: LiveStatus;
  readonly to: Status;
  /** The token that caused it (R17): of a bump the newcomer, of a promotion who left; null when its own command did, or when a seat was found free. */
  readonly cause: TokenId | null;
}

/** One change record: the engine's state is the fold of these through `apply`, and of nothing else. */
export type Change = DoctorSet | SlotSet | TokenBooked | TokenTransition;
