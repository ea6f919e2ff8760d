/**
 * Counts pairs of labels between two scrapes. It exists because a counter of prom-client hashes its labels at every
 * call, which costs more than all else that is counted of a request.
 */
export class Tally<First, Second> {
  readonly #counts = new Map<First, Map<Second, number>>();

  add(first: First, second: Second): void {
    let counts = this.#counts.get(first);
    if (counts === undefined) {
      counts = new Map();
      this.#counts.set(first, counts);
    }
    counts.set(second, (counts.get(second) ?? 0) + 1);
  }

  /** Hands every count to `add` and begins again at zero. */
  flush(add: (first: First, second: Second, count: number) => void): void {
    for (const [first, counts] of this.#counts)
      for (const [second, count] of counts) add(first, second, count);
    this.#counts.clear();
  }
}
