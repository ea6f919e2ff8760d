/** A live token as far as its rank needs it. */
export interface Claim {
  readonly id: string;
  readonly priority: number;
  /** Place in the order of bookings. */
  readonly arrival: number;
}

export interface Seating {
  readonly status: 'BOOKED' | 'WAITING';
  /** 1 for the waiter promoted next; null on a seat. */
  readonly position: number | null;
  /** Who lost the seat, and is the next to get one. */
  readonly bumped: string | null;
}

/**
 * The rules in one sentence, written without a look at the engine: sort a slot's live tokens by rank, the first
 * `capacity` are seated, the rest wait.
 */
export class ModelSlot {
  readonly capacity: number;
  readonly #ranked: Claim[] = [];

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get seated(): string[] {
    return this.#ranked.slice(0, this.capacity).map(({ id }) => id);
  }

  get waiting(): string[] {
    return this.#ranked.slice(this.capacity).map(({ id }) => id);
  }

  holdsSeat(id: string): boolean {
    const place = this.#ranked.findIndex((claim) => claim.id === id);
    return place !== -1 && place < this.capacity;
  }

  add(claim: Claim): Seating {
    const behind = this.#ranked.findIndex((other) => isAhead(claim, other));
    const place = behind === -1 ? this.#ranked.length : behind;
    this.#ranked.splice(place, 0, claim);
    return place < this.capacity
      ? { status: 'BOOKED', position: null, bumped: this.#ranked[this.capacity]?.id ?? null }
      : { status: 'WAITING', position: place - this.capacity + 1, bumped: null };
  }

  /** Takes a claim out; returns who gets the seat, null when nobody does. */
  remove(id: string): string | null {
    const place = this.#ranked.findIndex((claim) => claim.id === id);
    if (place === -1) return null;
    const next = this.#ranked[this.capacity];
    this.#ranked.splice(place, 1);
    return place < this.capacity ? (next?.id ?? null) : null;
  }
}

const isAhead = (a: Claim, b: Claim): boolean =>
  a.priority === b.priority ? a.arrival < b.arrival : a.priority > b.priority;
