import type { LastChange, TokenFacts } from './change.ts';
import type { Status } from './status.ts';

/** A token as a store has it. */
export interface RestoredToken extends Omit<TokenFacts, 'to'> {
  readonly status: Status;
  readonly room: string | null;
  readonly last: LastChange;
}
