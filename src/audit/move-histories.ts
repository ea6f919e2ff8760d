import {
  invariant,
  isEntry,
  type Change,
  type TokenChange,
  type TokenEntered,
  type TokenId,
  type TokenMovedOut,
} from '../engine/index.ts';
import { foldToken, type AuditSource, type DatedChange, type StoredToken } from '../store/index.ts';

// A move between two doctors is on record with both: `moved_out` with the one, `moved_in` with the other. The records
// of the token itself, in the order in which they were written, show that the two belong together.

/** All change records of the tokens that move, of whichever doctor, in the order in which they were written. */
export type MoveHistories = ReadonlyMap<TokenId, readonly DatedChange[]>;

/** A token when it left its slot, with the local calendar day of that slot; null when the slot is unknown. */
export type DepartedToken = StoredToken & Pick<DatedChange, 'date'>;

/** Reads the histories of all tokens that one of these changes moves. */
export async function readMoveHistories(
  changes: readonly Change[],
  source: AuditSource,
): Promise<MoveHistories> {
  const ids = new Set(changes.filter(isMove).map(({ tokenId }) => tokenId));
  const records = ids.size === 0 ? [] : await source.steps([...ids]);
  return Map.groupBy(records, ({ change }) => change.tokenId);
}

const isMove = (change: Change): change is TokenMovedOut | TokenEntered =>
  change.kind === 'moved_out' || change.kind === 'moved_in';

/** The token as it left its old slot for the slot that it enters by this change; undefined when it left no slot. */
export function originOf(change: TokenEntered, moves: MoveHistories): DepartedToken | undefined {
  const records = moves.get(change.tokenId) ?? [];
  const index = indexOf(change, records);
  const departure = records[index - 1]?.change;
  if (departure?.kind !== 'moved_out' || departure.at !== change.at) return undefined;
  const before = records.slice(0, index - 1);
  const token = before.reduce<StoredToken | undefined>(
    (folded, record) => foldToken(folded, record.change),
    undefined,
  );
  const entry = before.findLast((record) => isEntry(record.change));
  return token && { ...token, date: entry?.date ?? null };
}

/** True if the token that leaves its slot by this change enters another slot at the same instant. */
export function hasDestination(change: TokenMovedOut, moves: MoveHistories): boolean {
  const records = moves.get(change.tokenId) ?? [];
  const entry = records[indexOf(change, records) + 1]?.change;
  return entry?.kind === 'moved_in' && entry.at === change.at;
}

function indexOf({ doctorId, version }: TokenChange, records: readonly DatedChange[]): number {
  const index = records.findIndex(
    ({ change }) => change.doctorId === doctorId && change.version === version,
  );
  invariant(index !== -1, 'a change of a token is one of its change records');
  return index;
}
