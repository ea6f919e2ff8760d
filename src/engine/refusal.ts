import type { TokenId } from './ids.ts';
import type { Status } from './status.ts';

/** Every way the engine refuses. When two apply, the first listed is answered: the order is part of the API. */
export const ENGINE_REFUSALS = [
  'doctor_not_found',
  'slot_not_found',
  'token_not_found',
  'duplicate_booking',
  'slot_ended',
  'slot_closed',
  'waitlist_full',
  'invalid_transition',
  'id_taken',
] as const;
export type EngineRefusalCode = (typeof ENGINE_REFUSALS)[number];

/** The codes that say it all. */
export type PlainRefusalCode = Exclude<
  EngineRefusalCode,
  'duplicate_booking' | 'invalid_transition'
>;

/** A command that was refused has touched nothing (R9); what the caller can act on stands beside the code. */
export type EngineRefusal =
  | { readonly code: PlainRefusalCode }
  | { readonly code: 'duplicate_booking'; readonly tokenId: TokenId }
  | {
      readonly code: 'invalid_transition';
      readonly from: Status;
      readonly allowed: readonly Status[];
    };
