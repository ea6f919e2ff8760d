import type { LastKind } from './change.ts';
import type { EpochMs, TokenId } from './ids.ts';
import { nextStatuses, type Status } from './status.ts';

/**
 * Every refusal code of the engine. When two apply, the engine answers the first one listed: the order is part of the
 * API.
 */
export const ENGINE_REFUSALS = [
  'doctor_not_found',
  'slot_not_found',
  'token_not_found',
  'leave_not_found',
  'duplicate_booking',
  'slot_ended',
  'slot_closed',
  'waitlist_full',
  'intake_closed',
  'invalid_transition',
  'nothing_to_undo',
  'too_early',
  'consultation_in_progress',
  'nobody_waiting',
  'capacity_below_seated',
  'doctor_in_use',
  'id_taken',
] as const;
export type EngineRefusalCode = (typeof ENGINE_REFUSALS)[number];

/**
 * The codes with which each command refuses, in the order in which the command checks them. The description of the
 * HTTP routes is made from these lists.
 */
export const COMMAND_REFUSALS = {
  book: [
    'doctor_not_found',
    'slot_not_found',
    'duplicate_booking',
    'slot_ended',
    'slot_closed',
    'waitlist_full',
    'intake_closed',
  ],
  cancel: ['token_not_found', 'invalid_transition'],
  noShow: ['token_not_found', 'invalid_transition', 'too_early'],
  checkIn: ['token_not_found', 'slot_ended', 'invalid_transition', 'too_early'],
  callNext: ['doctor_not_found', 'slot_not_found', 'consultation_in_progress', 'nobody_waiting'],
  start: ['token_not_found', 'invalid_transition', 'consultation_in_progress'],
  complete: ['token_not_found', 'invalid_transition'],
  skip: ['token_not_found', 'invalid_transition'],
  correct: ['token_not_found', 'duplicate_booking'],
  undo: ['token_not_found', 'duplicate_booking', 'slot_ended', 'slot_closed', 'nothing_to_undo'],
  move: [
    'slot_not_found',
    'token_not_found',
    'duplicate_booking',
    'slot_ended',
    'slot_closed',
    'waitlist_full',
    'intake_closed',
    'invalid_transition',
  ],
  reclassify: ['token_not_found', 'invalid_transition'],
  putDoctor: ['id_taken'],
  openSlots: ['doctor_not_found'],
  addSlot: ['doctor_not_found', 'slot_ended', 'id_taken'],
  reviseSlot: ['slot_not_found', 'slot_ended', 'slot_closed', 'capacity_below_seated'],
  closeSlot: ['slot_not_found', 'slot_ended', 'slot_closed', 'intake_closed'],
  reopenSlot: ['slot_not_found', 'slot_ended', 'slot_closed'],
  retireDoctor: ['doctor_not_found', 'doctor_in_use'],
  takeLeave: ['doctor_not_found', 'slot_not_found', 'slot_ended', 'slot_closed', 'intake_closed'],
  endLeave: ['doctor_not_found', 'leave_not_found'],
  putHolidays: [],
  announce: [],
  delayDay: ['doctor_not_found'],
  setBreak: ['doctor_not_found'],
  advanceTime: ['doctor_not_found'],
} as const satisfies Readonly<Record<string, readonly EngineRefusalCode[]>>;

/** The name of a command of the engine: the method of `AllocationEngine` that decides it. */
export type EngineCommand = keyof typeof COMMAND_REFUSALS;

/** The facts that some refusals carry beside the code, because the caller needs them to go on. */
interface RefusalFacts {
  /** The token that the patient has in the slot already (R15). */
  duplicate_booking: { readonly tokenId: TokenId };
  invalid_transition: { readonly from: Status; readonly allowed: readonly Status[] };
  /** The last change of the token's place or status, which `undo` does not take back (R22). */
  nothing_to_undo: { readonly lastChange: LastKind };
  /** The instant from which the command is allowed. */
  too_early: { readonly allowedFrom: EpochMs };
  /** The token in consultation: the one in the room that is asked for, or the earliest arrival (R19). */
  consultation_in_progress: { readonly tokenId: TokenId };
  /** How many seated tokens cannot be bumped (R12). */
  capacity_below_seated: { readonly count: number };
  /** How many patients have still to be seen, and the token of the first of them. */
  doctor_in_use: { readonly tokenId: TokenId; readonly count: number };
}

/** The codes without facts beside them. */
export type PlainRefusalCode = Exclude<EngineRefusalCode, keyof RefusalFacts>;

/** Why a command was refused: a code and, for some codes, facts. A refused command has changed nothing (R9). */
export type EngineRefusal =
  | { readonly code: PlainRefusalCode }
  | {
      [Code in keyof RefusalFacts]: { readonly code: Code } & RefusalFacts[Code];
    }[keyof RefusalFacts];

export interface Refused {
  readonly ok: false;
  readonly refusal: EngineRefusal;
}

/** The outcome of a command that is refused with a code alone. */
export const refuse = (code: PlainRefusalCode): Refused => ({ ok: false, refusal: { code } });

/** The outcome of a command that is refused because of the token's status. */
export const refuseFrom = (status: Status): Refused =>
  refuseWith({ code: 'invalid_transition', from: status, allowed: nextStatuses(status) });

/** The outcome of a command that is refused with a code and facts. */
export const refuseWith = (refusal: EngineRefusal): Refused => ({ ok: false, refusal });
