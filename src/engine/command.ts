import type { Change, TokenBooked } from './change.ts';
import type { DoctorFacts } from './doctor.ts';
import type { DoctorId, EpochMs, LocalDate, PatientId, SlotId, TokenId } from './ids.ts';
import type { PatientClass } from './patient-class.ts';
import type { EngineRefusal } from './refusal.ts';
import type { Token } from './token.ts';

export interface EngineRules {
  readonly classes: readonly PatientClass[];
  /** Minutes after its end (and delay) during which a slot still takes bookings and promotes (R11). */
  readonly graceMinutes: number;
  /** Waiters a slot may have before a booking that would wait is refused. A bumped token always finds room. */
  readonly waitlistMax: number;
}

export interface Book {
  readonly doctorId: DoctorId;
  /** A slot, or a session: its next slot that still takes bookings. */
  readonly slotId: SlotId;
  readonly tokenId: TokenId;
  readonly patientName: string;
  readonly patientId: PatientId | null;
  readonly patientType: string;
  readonly at: EpochMs;
}

export interface TokenCommand {
  readonly tokenId: TokenId;
  readonly at: EpochMs;
}

export type Outcome<T> =
  | {
      readonly ok: true;
      readonly changes: readonly Change[];
      readonly value: T;
    }
  | { readonly ok: false; readonly refusal: EngineRefusal };

export interface Booked {
  readonly token: Token;
  readonly bumped: Token | null;
}

export interface Left {
  readonly token: Token;
  readonly promoted: Token | null;
}

/** A doctor as a store kept it. */
export interface DoctorSnapshot {
  readonly facts: DoctorFacts;
  readonly version: number;
  readonly lastArrival: number;
  readonly lastNumbers: readonly (readonly [LocalDate, number])[];
}

/** A live token as a store kept it. */
export type TokenSnapshot = Omit<TokenBooked, 'kind' | 'doctorId' | 'version'>;
