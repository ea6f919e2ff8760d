/**
 * The engine: the allocation rules and the state that they act on. Other layers import only this file. DESIGN.md
 * explains the words and the rules R1-R25.
 *
 * - doctor: sees patients; has sessions, slots and the counters of arrivals, numbers and changes
 * - session: a recurring sitting of a doctor; it yields one slot on each of its weekdays
 * - slot: one sitting on one date: a ranked list of tokens with a capacity line
 * - token: one patient's claim on one slot; it is live (seated or waiting) or over
 * - seat: a slot has `capacity` of them; a seated token holds one
 * - waitlist: the waiting tokens of a slot, best rank first
 * - class (`patient_type`): decides the priority
 * - arrival: the token's place in its doctor's order of bookings; a check-in does not change it
 * - rank: priority descending, then arrival ascending
 * - bump: take the seat of a seated token, which then waits in the same slot
 * - promote: seat a waiting token
 * - change: one record of what a command did; the state is what the changes in order give
 * - refusal: the answer of a command that has changed nothing
 */
export { alternativesTo } from './alternatives.ts';
export {
  callingOrderOf,
  callingOrderOn,
  patientsAheadOf,
  type CallingOrder,
} from './calling-order.ts';
export * from './change.ts';
export * from './command.ts';
export type { Doctor } from './doctor.ts';
export * from './doctor-facts.ts';
export { AllocationEngine } from './engine.ts';
export { estimatedRangeOf, estimatedTimeOf, type EstimatedRange } from './estimated-time.ts';
export * from './ids.ts';
export type { Moment } from './moment.ts';
export type { DoctorPlan, TakenSessions } from './namespace.ts';
export { invariant, InvariantError, unreachable } from './invariant.ts';
export { DEFAULT_CLASSES, EMERGENCY, type PatientClass } from './patient-class.ts';
export {
  COMMAND_REFUSALS,
  ENGINE_REFUSALS,
  type EngineCommand,
  type EngineRefusal,
  type EngineRefusalCode,
} from './refusal.ts';
export type { RestoredToken } from './restored-token.ts';
export { outranks } from './line.ts';
export { Slot, type Day, type Token } from './slot.ts';
export * from './slot-facts.ts';
export { SLOT_STATUSES, slotStatusOf, type SlotStatus } from './slot-status.ts';
export * from './status.ts';
