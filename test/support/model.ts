/** A live token, as far as the one sentence needs it. */
export interface Claim {
  readonly id: string;
  readonly priority: number;
  readonly arrival: number;
}

/** Sort a slot's live tokens by rank: the first `capacity` are seated, the rest wait. */
export class ModelSlot {
  readonly capacity: number;
  live: readonly Claim[] = [];

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get ranked(): Claim[] {
    return this.live.toSorted((a, b) => b.priority - a.priority || a.arrival - b.arrival);
  }

  get seated(): string[] {
    return this.ranked.slice(0, this.capacity).map(({ id }) => id);
  }

  get waiting(): string[] {
    return this.ranked.slice(this.capacity).map(({ id }) => id);
  }

  /** Adds a claim; returns who held a seat before and holds none now. */
  add(claim: Claim): string | null {
    const before = this.seated;
    this.live = [...this.live, claim];
    return before.find((id) => !this.seated.includes(id)) ?? null;
  }

  /** Takes a claim out; returns who holds a seat now and held none before. */
  remove(id: string): string | null {
    const before = this.seated;
    this.live = this.live.filter((claim) => claim.id !== id);
    return this.seated.find((other) => !before.includes(other)) ?? null;
  }
}
