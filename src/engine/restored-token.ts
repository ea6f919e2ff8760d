import type { LastChange, TokenFacts } from './change.ts';
import type { Token } from './slot.ts';
import type { Status } from './status.ts';

/** A token as a store has it. */
export interface RestoredToken extends Omit<TokenFacts, 'to'> {
  readonly status: Status;
  readonly room: string | null;
  readonly last: LastChange;
}

/** A token in memory, as a store has it. */
export const restoredTokenOf = ({ id, slot, patientClass, ...token }: Token): RestoredToken => {
  const { type: patientType, priority } = patientClass;
  return { ...token, tokenId: id, slotId: slot.facts.id, patientType, priority };
};
