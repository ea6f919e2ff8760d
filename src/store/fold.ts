import { impliesCheckIn, invariant, isEntry, type TokenChange } from '../engine/index.ts';
import type { ChangeRecord, Origin, StoredToken } from './store.ts';

/**
 * The kept token after one of its changes; undefined between the two halves of a move.
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

/** The change as the token's history tells it. A reason is the command's own: it is not told to those it touched. */
export function recordOf(change: TokenChange, { actor, reason }: Origin): ChangeRecord {
  const { doctorId, version, at, kind, tokenId, slotId } = change;
  const isTouched = kind === 'bumped' || kind === 'promoted';
  return {
    ...{ doctorId, version, at, kind, tokenId, slotId, actor },
    ...stepOf(change),
    reason: isTouched ? null : reason,
  };
}

/** What differs from kind to kind. */
function stepOf(change: TokenChange): Pick<ChangeRecord, 'from' | 'to' | 'cause' | 'patientType'> {
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
