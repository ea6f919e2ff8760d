import {
  invariant,
  isEntry,
  lastChange,
  lastChangeAfter,
  presenceAt,
  type TokenChange,
} from '../engine/index.ts';
import type { StoredToken } from './archive.ts';

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
    const { kind, version, at, tokenId, to, waitlistPosition: _, ...facts } = change;
    return { ...facts, id: tokenId, status: to, room: null, last: lastChange(kind, null) };
  }
  invariant(token?.status === change.from, 'a change starts from the status the token has');
  switch (change.kind) {
    case 'moved_out':
      return undefined;
    case 'reclassified': {
      const { patientType, priority } = change;
      return { ...token, patientType, priority, last: lastChangeAfter(change) ?? token.last };
    }
    case 'corrected': {
      const { patientName, patientId } = change;
      return { ...token, patientName, patientId };
    }
    default:
      return {
        ...token,
        status: change.to,
        hasCheckedIn: presenceAt(change.to) ?? token.hasCheckedIn,
        room: change.kind === 'started' ? change.room : token.room,
        last: lastChangeAfter(change) ?? token.last,
      };
  }
}
