import { impliesCheckIn, invariant, isEntry, type TokenChange } from '../engine/index.ts';
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
