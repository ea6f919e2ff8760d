/** A map with a greatest size. When it is full, a new entry removes the one that was set first. */
export class BoundedMap<Key, Value> {
  readonly #entries = new Map<Key, Value>();
  readonly #max: number;

  /** @param max entries, 1 or more */
  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key);
  }

  /** Sets an entry. One that is set again counts as a new one. */
  set(key: Key, value: Value): void {
    // A map is in the order in which its keys were added.
    this.#entries.delete(key);
    const [first] = this.#entries.size < this.#max ? [] : this.#entries.keys();
    if (first !== undefined) this.#entries.delete(first);
    this.#entries.set(key, value);
  }
}
