/**
 * The allocation rules and the state they act on; what the other layers may see of them.
 *
 * doctor: sees patients · session: a recurring sitting · slot: one sitting on one date, a ranked list of tokens with a
 * capacity line · token: one patient's claim on one slot, seated or waiting, or over · class: decides priority ·
 * arrival: the token's place in its doctor's order of bookings · rank: priority descending, arrival ascending ·
 * bump: take a seated token's seat, it waits · promote: seat a waiting token.
 */
export { alternativesTo } from './alternatives.ts';
export * from './change.ts';
export { WEEKDAYS, type Doctor, type DoctorFacts, type Session, type Weekday } from './doctor.ts';
export * from './command.ts';
export { AllocationEngine } from './engine.ts';
export { estimatedTimeOf } from './estimated-time.ts';
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
export { SLOT_STATUSES, slotStatusOf, type SlotStatus } from './slot-status.ts';
export { delayedStartOf, endsAt, SESSION_ENDED, Slot, type SlotFacts } from './slot.ts';
export * from './status.ts';
export { outranks, type Token } from './token.ts';
