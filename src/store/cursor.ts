import type { Change, DoctorId, EpochMs } from '../engine/index.ts';
import { UnknownCursorError, type ChangePage, type LoggedChange } from './change-log.ts';

/** A change record of the log by its place in it. Positions grow from 1 on; some may be missing. */
export interface PlacedChange extends Omit<LoggedChange, 'cursor'> {
  readonly position: number;
}

/**
 * What a cursor says: the position of the last change read, and two facts of that change. A database that was restored to
 * an earlier state, or another database, has another change at the position: the facts tell the cursor apart.
 */
interface Place {
  readonly position: number;
  readonly version: number;
  readonly at: number;
}

const encode = (position: number, { version, at }: Pick<Place, 'version' | 'at'>): string =>
  Buffer.from(`${position}:${version}:${at}`, 'latin1').toString('base64url');

/** The cursor before the first change. */
export const BEGINNING = encode(0, { version: 0, at: 0 });

/** The cursor behind a change; the beginning when there is none. */
export const cursorOf = (placed: { position: number; change: Change } | undefined): string =>
  placed === undefined ? BEGINNING : encode(placed.position, placed.change);

function decode(cursor: string): Place {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  const [position = 0, version = 0, at = 0] = text.split(':').map(Number);
  const place = { position, version, at };
  // A text that merely resembles a cursor does not come back as it was, or has a position that no change can have.
  if (encode(position, place) !== cursor || !Number.isSafeInteger(position) || position < 0)
    throw unknown(cursor);
  return place;
}

const unknown = (cursor: string): UnknownCursorError =>
  new UnknownCursorError(`The cursor ${cursor.slice(0, 100)} is not one of this database.`);

/** The position from which `pageBehind` needs the changes: that of the cursor's own change, because it is checked. */
export const positionOf = (cursor: string): number => decode(cursor).position;

/** How many changes `pageBehind` needs for a page: one more than the page has, which is the cursor's own. */
export const countFor = (limit: number): number => limit + 1;

/**
 * The page behind a cursor.
 * @param placed the first `countFor(limit)` changes from `positionOf(cursor)` on, in the order of their positions
 * @throws UnknownCursorError when the first of them is not the cursor's own
 */
export function pageBehind(
  cursor: string,
  placed: readonly PlacedChange[],
  limit: number,
  doctorIds?: ReadonlySet<DoctorId>,
): ChangePage {
  const isBeginning = cursor === BEGINNING;
  if (!isBeginning && cursorOf(placed[0]) !== cursor) throw unknown(cursor);
  const read = placed.slice(isBeginning ? 0 : 1).slice(0, limit);
  const last = read.at(-1);
  return {
    entries: read
      .filter(({ change }) => doctorIds?.has(change.doctorId) ?? true)
      .map((placed) => {
        const { change, actor, reason } = placed;
        return { change, actor, reason, cursor: cursorOf(placed) };
      }),
    cursor: last === undefined ? cursor : cursorOf(last),
    isEnd: read.length < limit,
  };
}

/** Reads the last change up to a position, the position included; undefined when there is none. */
export type ReadUpTo = (
  position: number,
) => PlacedChange | undefined | Promise<PlacedChange | undefined>;

/** See `ChangeLog.before`. */
export async function cursorBefore(cursor: string, readUpTo: ReadUpTo): Promise<string> {
  const position = positionOf(cursor);
  if (cursor === BEGINNING || cursorOf(await readUpTo(position)) !== cursor) throw unknown(cursor);
  return cursorOf(await readUpTo(position - 1));
}

/**
 * See `ChangeLog.at`. It halves the record again and again, because no index by time exists.
 * @param end the position of the last change
 */
export async function cursorAt(instant: EpochMs, end: number, readUpTo: ReadUpTo): Promise<string> {
  let before: PlacedChange | undefined;
  // Every change up to `low` was before the instant, and no change behind `high` was.
  let [low, high] = [0, end];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const placed = await readUpTo(middle);
    if (placed === undefined || placed.change.at < instant) {
      low = middle;
      before = placed;
    } else {
      high = placed.position - 1;
    }
  }
  return cursorOf(before);
}
