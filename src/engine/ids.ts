declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

export type DoctorId = Brand<string, 'DoctorId'>;
export type SessionId = Brand<string, 'SessionId'>;
export type SlotId = Brand<string, 'SlotId'>;
export type LeaveId = Brand<string, 'LeaveId'>;
export type TokenId = Brand<string, 'TokenId'>;
export type PatientId = Brand<string, 'PatientId'>;
/** Milliseconds since 1970-01-01T00:00:00Z. The engine reads no clock: each command carries its time (R16). */
export type EpochMs = Brand<number, 'EpochMs'>;
/** A calendar day in the doctor's time zone, `YYYY-MM-DD`. */
export type LocalDate = Brand<string, 'LocalDate'>;

// These functions turn a raw string or number into a typed one, once, where it enters the program.
export const doctorId = (raw: string): DoctorId => raw as DoctorId;
export const sessionId = (raw: string): SessionId => raw as SessionId;
export const slotId = (raw: string): SlotId => raw as SlotId;
export const leaveId = (raw: string): LeaveId => raw as LeaveId;
export const tokenId = (raw: string): TokenId => raw as TokenId;
export const patientId = (raw: string): PatientId => raw as PatientId;
export const epochMs = (raw: number): EpochMs => raw as EpochMs;
export const localDate = (raw: string): LocalDate => raw as LocalDate;

/** An instant, with the calendar day that it has in the time zone of a doctor. */
export interface LocalInstant {
  readonly at: EpochMs;
  readonly today: LocalDate;
}
