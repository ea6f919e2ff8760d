import { ENGINE_REFUSALS, type EngineRefusal, type EngineRefusalCode } from '../engine/index.ts';
import { NotDurableError, OverloadedError } from '../store/index.ts';
import type { Fault } from './fault-words.ts';

/** The codes of a command that comes with an idempotency key. */
export const KEY_REFUSALS = ['idempotency_in_progress', 'idempotency_key_reused'] as const;

/** The codes of a command whose changes cannot be made durable now. */
export const AVAILABILITY_REFUSALS = ['overloaded', 'not_durable', 'stopping'] as const;

/** Every code with which a command or a read is refused; a code never changes. */
export const REFUSALS = [
  'invalid_request',
  ...ENGINE_REFUSALS,
  'token_already_cancelled',
  'not_all_bookable',
  'unknown_cursor',
  ...KEY_REFUSALS,
  ...AVAILABILITY_REFUSALS,
] as const;
export type RefusalCode = (typeof REFUSALS)[number];

export type Refusal =
  | EngineRefusal
  | { readonly code: 'invalid_request'; readonly errors: readonly Fault[] }
  | { readonly code: 'not_all_bookable'; readonly refusals: readonly RefusedBooking[] }
  | { readonly code: Exclude<RefusalCode, EngineRefusalCode | FactedCode> };

/** The codes with facts beside those of the engine. */
type FactedCode = 'invalid_request' | 'not_all_bookable';

/** A booking of a list that cannot be made. */
export interface RefusedBooking {
  /** Its place in the list, from 0. */
  readonly index: number;
  readonly refusal: Refusal;
}

/** The result of a command or a read. A refusal is a value; an exception is a fault of the program or of the store. */
export type Result<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

/** The result of a command or a read that is refused. */
export const refused = (refusal: Refusal): { ok: false; refusal: Refusal } => ({
  ok: false,
  refusal,
});

/**
 * The refusal that an error of the store means.
 * @throws the error itself when it is neither a `NotDurableError` nor an `OverloadedError`
 */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof NotDurableError) return { code: 'not_durable' };
  if (error instanceof OverloadedError) return { code: 'overloaded' };
  throw error;
}
