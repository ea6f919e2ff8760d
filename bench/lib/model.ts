/** The part of a live token that decides its rank. */
export interface RankedToken {
  readonly id: string;
  readonly priority: number;
  /** The token's place in the booking order of its doctor. */
  readonly arrival: number;
}

/** The place of a new token in a slot. */
export interface Placement {
  readonly status: 'BOOKED' | 'WAITING';
  /** 1 for the first token of the waitlist; null for a seated token. */
  readonly position: number | null;
  /** The token that lost its seat to the new one and is now first on the waitlist. */
  readonly bumped: string | null;
}

/**
 * A slot as the rules R1-R8 describe it while no patient has checked in: its live tokens are sorted by rank, the first
 * `capacity` are seated, the rest wait. It shares no code with the engine, because it checks the engine's answers. It
 * scans the slot for every change, so a slot of 100,000 tokens is built at once and not token by token.
 */
export class ModelSlot<T extends RankedToken = RankedToken> {
  readonly #capacity: number;
  readonly #ranked: T[];

  /** @param tokens live tokens of the slot, in any order */
  constructor(capacity: number, tokens: readonly T[] = []) {
    this.#capacity = capacity;
    this.#ranked = tokens.toSorted(byRank);
  }

  /** The seated tokens, best rank first. */
  get seated(): T[] {
    return this.#ranked.slice(0, this.#capacity);
  }

  /** The waitlist; its first token is promoted next. */
  get waiting(): T[] {
    return this.#ranked.slice(this.#capacity);
  }

  add(token: T): Placement {
    const behind = this.#ranked.findIndex((other) => byRank(token, other) < 0);
    const place = behind === -1 ? this.#ranked.length : behind;
    this.#ranked.splice(place, 0, token);
    return place < this.#capacity
      ? { status: 'BOOKED', position: null, bumped: this.#ranked[this.#capacity]?.id ?? null }
      : { status: 'WAITING', position: place - this.#capacity + 1, bumped: null };
  }

  /** Removes a token; returns the id of the token that is promoted to its seat, or null when none is. */
  remove(id: string): string | null {
    const place = this.#ranked.findIndex((token) => token.id === id);
    if (place === -1) return null;
    const next = this.#ranked[this.#capacity];
    this.#ranked.splice(place, 1);
    return place < this.#capacity ? (next?.id ?? null) : null;
  }
}

/** Higher priority first; with equal priorities, the earlier arrival first. */
const byRank = (a: RankedToken, b: RankedToken): number =>
  b.priority - a.priority || a.arrival - b.arrival;
