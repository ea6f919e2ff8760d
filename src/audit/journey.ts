import {
  invariant,
  type Change,
  type TokenEntered,
  type TokenId,
  type TokenMovedOut,
  isEntry,
  type TokenChange,
} from '../engine/index.ts';
import { type AuditSource, type DatedChange, foldToken, type StoredToken } from '../store/index.ts';

// A move between doctors is on record with both. The token's own records, in the order in which they were written,
// hold the two halves together.

/** What is on record of tokens that move, of whichever doctors. */
export type MoveHistories = ReadonlyMap<TokenId, readonly DatedChange[]>;

/** A token as it was when it left its slot, and that slot's local calendar day; null when there is no such slot. */
export type Mover = StoredToken & Pick<DatedChange, 'date'>;

/** The journeys of all tokens that move by one of these changes. */
export async function journeysOf(
  changes: readonly Change[],
  source: AuditSource,
): Promise<MoveHistories> {
  const ids = new Set(changes.filter(isMove).map(({ tokenId }) => tokenId));
  const steps = ids.size === 0 ? [] : await source.steps([...ids]);
  return Map.groupBy(steps, ({ change }) => change.tokenId);
}

const isMove = (change: Change): change is TokenMovedOut | TokenEntered =>
  change.kind === 'moved_out' || change.kind === 'moved_in';

/** The token as it left for where this change brings it; undefined when it came from nowhere. */
export function originOf(change: TokenEntered, journeys: MoveHistories): Mover | undefined {
  const steps = journeys.get(change.tokenId) ?? [];
  const place = placeOf(change, steps);
  const leaving = steps[place - 1]?.change;
  if (leaving?.kind !== 'moved_out' || leaving.at !== change.at) return undefined;
  const before = steps.slice(0, place - 1);
  const token = before.reduce<StoredToken | undefined>(
    (folded, step) => foldToken(folded, step.change),
    undefined,
  );
  const entry = before.findLast((step) => isEntry(step.change));
  return token && { ...token, date: entry?.date ?? null };
}

/** Whether the token that leaves arrives somewhere, in the same command. */
export function hasDestination(change: TokenMovedOut, journeys: MoveHistories): boolean {
  const steps = journeys.get(change.tokenId) ?? [];
  const arriving = steps[placeOf(change, steps) + 1]?.change;
  return arriving?.kind === 'moved_in' && arriving.at === change.at;
}

function placeOf({ doctorId, version }: TokenChange, steps: readonly DatedChange[]): number {
  const place = steps.findIndex(
    ({ change }) => change.doctorId === doctorId && change.version === version,
  );
  invariant(place !== -1, 'a change of a token is one of its change records');
  return place;
}
