import {
  impliesCheckIn,
  invariant,
  isEntry,
  type Change,
  type TokenChange,
} from '../engine/index.ts';
import type { ChangeRecord, StoredToken } from './archive.ts';
import type { Origin } from './store.ts';

/**
 * The stored token after one of its changes; undefined between the two halves of a move.
 * @throws InvariantError when the change does not start from where the token is
 */
export function foldToken(
  token: StoredToken | undefined,
  change: TokenChange,
): StoredToken | undefined {
  if (isEntry(change)) {
    invariant(token === undefined, 'a token is in one place at a time');
    const { kind, version, at, tokenId, to, ...facts } = change;
    return { ...facts, id: tokenId, status: to };
  }
  invariant(token?.status === change.from, 'a change starts from the status the token has');
  if (change.kind === 'moved_out') return undefined;
  if (change.kind === 'reclassified') {
    const { patientType, priority } = change;
    return { ...token, patientType, priority };
  }
  return {
    ...token,
    status: change.to,
    hasCheckedIn: token.hasCheckedIn || impliesCheckIn(change.to),
  };
}

/**
 * The reason that is recorded with a change. A reason belongs to the command's own token. Tokens that the command only
 * bumped or promoted do not get it, because other patients may read it there (R17).
 */
export const reasonOf = ({ kind }: Change, { reason }: Origin): string | null =>
  kind === 'bumped' || kind === 'promoted' ? null : reason;

/** The change as the token's history tells it (R17). */
export function recordOf(change: TokenChange, origin: Origin): ChangeRecord {
  const { doctorId, version, at, kind, tokenId, slotId } = change;
  return {
    ...{ doctorId, version, at, kind, tokenId, slotId, actor: origin.actor },
    ...stepOf(change),
    reason: reasonOf(change, origin),
  };
}

/** The part of a record that differs from kind to kind. */
export function stepOf(
  change: TokenChange,
): Pick<ChangeRecord, 'from' | 'to' | 'cause' | 'patientType'> {
  const { kind } = change;
  switch (kind) {
    case 'booked':
    case 'moved_in':
      return { from: null, to: change.to, cause: null, patientType: change.patientType };
    case 'moved_out':
      return { from: change.from, to: null, cause: null, patientType: null };
    case 'reclassified': {
      const { from, patientType } = change;
      return { from, to: from, cause: null, patientType };
    }
    default:
      return { from: change.from, to: change.to, cause: change.cause, patientType: null };
  }
}
