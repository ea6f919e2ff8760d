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
  'duplicate_booking',
  'slot_ended',
  'slot_closed',
  'waitlist_full',
  'invalid_transition',
  'too_early',
  'consultation_in_progress',
  'nobody_waiting',
  'capacity_below_seated',
  'id_taken',
] as const;
export type EngineRefusalCode = (typeof ENGINE_REFUSALS)[number];

/** The facts that some refusals carry beside the code, because the caller needs them to go on. */
interface RefusalFacts {
  /** The token that the patient has in the slot already (R15). */
  duplicate_booking: { readonly tokenId: TokenId };
  invalid_transition: { readonly from: Status; readonly allowed: readonly Status[] };
  /** The instant from which the command is allowed. */
  too_early: { readonly allowedFrom: EpochMs };
  /** The token in consultation. */
  consultation_in_progress: { readonly tokenId: TokenId };
  /** How many seated tokens cannot be bumped (R12). */
  capacity_below_seated: { readonly count: number };
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
