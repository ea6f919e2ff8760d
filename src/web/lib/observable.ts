import { useEffect, useState } from 'preact/hooks';

/** One value that several parts of a page show. Each of them is told when another value is set. */
export class Observable<T> {
  #value: T;
  readonly #listeners = new Set<(value: T) => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    if (value === this.#value) return;
    this.#value = value;
    for (const listener of this.#listeners) listener(value);
  }

  /** @returns ends the subscription */
  subscribe(listener: (value: T) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/** The value of an observable. The component is rendered again when another value is set. */
export function useObservable<T>(observable: Observable<T>): T {
  const [, render] = useState({});
  useEffect(() => {
    // The value may have changed after the component was rendered and before it subscribed.
    render({});
    return observable.subscribe(() => render({}));
  }, [observable]);
  return observable.value;
}
