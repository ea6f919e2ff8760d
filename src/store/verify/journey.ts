import { invariant, type TokenEntered, type TokenMovedOut } from '../../engine/index.ts';
import { foldToken, type TokenChange } from '../fold.ts';
import type { StoredToken } from '../store.ts';
import type { VerifySource } from './source.ts';

// A move between doctors is on record with both. The token's own records, in the order in which they were written,
// hold the two halves together.

/** The token as it was when it left for where this change brings it; undefined when it came from nowhere. */
export function originOf(change: TokenEntered, source: VerifySource): StoredToken | undefined {
  const changes = source.changesOf(change.tokenId);
  const place = placeOf(change, changes);
  const leaving = changes[place - 1];
  if (leaving?.kind !== 'moved_out' || leaving.at !== change.at) return undefined;
  return changes.slice(0, place - 1).reduce<StoredToken | undefined>(foldToken, undefined);
}

/** Whether the token that leaves arrives somewhere, in the same command. */
export function hasDestination(change: TokenMovedOut, source: VerifySource): boolean {
  const changes = source.changesOf(change.tokenId);
  const arriving = changes[placeOf(change, changes) + 1];
  return arriving?.kind === 'moved_in' && arriving.at === change.at;
}

function placeOf({ doctorId, version }: TokenChange, changes: readonly TokenChange[]): number {
  const place = changes.findIndex(
    (change) => change.doctorId === doctorId && change.version === version,
  );
  invariant(place !== -1, 'a change of a token is one of its change records');
  return place;
}
