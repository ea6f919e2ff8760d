import { ENGINE_REFUSALS, type EngineRefusal } from '../engine/index.ts';
import { NotDurableError, OverloadedError } from '../store/index.ts';
import type { Fault } from './fault-words.ts';

/** Every way a command or a read is refused; codes never change. */
export const REFUSALS = [
  'invalid_request',
  ...ENGINE_REFUSALS,
  'token_already_cancelled',
  'idempotency_in_progress',
  'idempotency_key_reused',
  'overloaded',
  'not_durable',
  'stopping',
] as const;
export type RefusalCode = (typeof REFUSALS)[number];

export type Refusal =
  | EngineRefusal
  | { readonly code: 'invalid_request'; readonly errors: readonly Fault[] }
  | {
      readonly code:
        | 'token_already_cancelled'
        | 'idempotency_in_progress'
        | 'idempotency_key_reused'
        | 'overloaded'
        | 'not_durable'
        | 'stopping';
    };

/** A refusal is a value: exceptions are for what nobody foresaw. */
export type Result<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

export const refused = (refusal: Refusal): { ok: false; refusal: Refusal } => ({
  ok: false,
  refusal,
});

/**
 * The refusal that an error of the store comes to.
 * @throws the error itself when it is none of those that the store announces
 */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof NotDurableError) return { code: 'not_durable' };
  if (error instanceof OverloadedError) return { code: 'overloaded' };
  throw error;
}
