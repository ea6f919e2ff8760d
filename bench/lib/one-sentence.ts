/** A live token, as far as the one sentence needs it. */
export interface Ranked {
  readonly priority: number;
  /** Place in the order of bookings. */
  readonly arrival: number;
}

/**
 * "Sort a slot's live tokens by rank: the first `capacity` are seated, the rest wait." The board that a slot must show
 * in the end; `ModelSlot` says the same of every answer on the way, but scans.
 */
export function boardOf<T extends Ranked>(
  live: readonly T[],
  capacity: number,
): { readonly seated: T[]; readonly waiting: T[] } {
  const ranked = live.toSorted((a, b) => b.priority - a.priority || a.arrival - b.arrival);
  return { seated: ranked.slice(0, capacity), waiting: ranked.slice(capacity) };
}
