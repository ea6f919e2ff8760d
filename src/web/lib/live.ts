import { useEffect, useMemo } from 'preact/hooks';
import { accessKey } from './access-key.ts';
import { subscribe, type Topic } from './changes.ts';
import {
  readText,
  RefusedError,
  urlOf,
  type AnswerOf,
  type PathOf,
  type Problem,
  type Sent,
} from './client.ts';
import { Observable, useObservable } from './observable.ts';
import { serviceNow } from './service-time.ts';

/** What is known of something that the service shows. */
export interface LiveState<T> {
  /** The last answer; null before the first. */
  readonly data: T | null;
  /** What the service has said against the last request; null when the request succeeded or got no answer. */
  readonly refusal: Problem | null;
  /** Since when the service is away or not ready, in milliseconds since the epoch; null while it serves. */
  readonly offlineSince: number | null;
}

/** Milliseconds after which a failed read is repeated: at first, and at most. The time doubles in between. */
const RETRY_MS = 1_000;
const RETRY_MAX_MS = 8_000;

/** Reads something again whenever it changes, as long as at least one component shows it. */
class LiveRead<T> {
  readonly state = new Observable<LiveState<T>>({ data: null, refusal: null, offlineSince: null });
  readonly #topic: Topic;
  readonly #read: () => Promise<string>;
  #users = 0;
  #stop: () => void = () => undefined;
  #text = '';
  #isReading = false;
  #isOutdated = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #retryMs = RETRY_MS;

  constructor(topic: Topic, read: () => Promise<string>) {
    this.#topic = topic;
    this.#read = read;
  }

  /** @returns whether nobody uses it any more, to be called at the end of the use */
  use(): () => boolean {
    this.#users += 1;
    if (this.#users === 1) this.#start();
    return () => {
      this.#users -= 1;
      if (this.#users === 0) this.#stop();
      return this.#users === 0;
    };
  }

  /** Reads now, for example after a command of this page. */
  readonly refresh = (): void => {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    void this.#load();
  };

  #start(): void {
    const changed = (): void => {
      // After a failure the time of the next read is set already.
      if (this.#retry === undefined) void this.#load();
    };
    const ends = [subscribe(this.#topic, changed), accessKey.subscribe(this.refresh)];
    addEventListener('online', this.refresh);
    this.#stop = () => {
      for (const end of ends) end();
      removeEventListener('online', this.refresh);
      clearTimeout(this.#retry);
      this.#retry = undefined;
    };
    void this.#load();
  }

  async #load(): Promise<void> {
    this.#isOutdated = true;
    if (this.#isReading) return;
    this.#isReading = true;
    while (this.#isOutdated && this.#users > 0) {
      this.#isOutdated = false;
      await this.#readOnce();
    }
    this.#isReading = false;
  }

  async #readOnce(): Promise<void> {
    const { data, offlineSince } = this.state.value;
    try {
      const text = await this.#read();
      this.#retryMs = RETRY_MS;
      // The same answer renders nothing.
      const next = text === this.#text && data !== null ? data : (JSON.parse(text) as T);
      this.#text = text;
      if (next !== data || offlineSince !== null || this.state.value.refusal !== null)
        this.state.set({ data: next, refusal: null, offlineSince: null });
    } catch (error) {
      const refusal = error instanceof RefusedError ? error.problem : null;
      const isServing = refusal !== null && refusal.status < 500;
      this.state.set({
        data,
        refusal,
        offlineSince: isServing ? null : (offlineSince ?? serviceNow()),
      });
      this.#retryLater();
    }
  }

  #retryLater(): void {
    if (this.#users === 0) return;
    // A random part, so that all screens of a hospital do not come back at the same moment.
    const wait = this.#retryMs * (0.5 + Math.random() / 2);
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MAX_MS);
    this.#retry = setTimeout(this.refresh, wait);
  }
}

/** The reads of a page by their URLs, so that two components that show the same share one read. */
const reads = new Map<string, LiveRead<unknown>>();

/**
 * Shows what a GET answers, and keeps it current.
 * @returns the state, and a function that reads again at once
 */
export function useLive<P extends PathOf<'get'>>(
  topic: Topic,
  path: P,
  ...sent: Sent<'get', P>
): LiveState<AnswerOf<'get', P>> & { readonly refresh: () => void } {
  const url = urlOf(path, sent[0]);
  const read = useMemo(() => {
    const known = reads.get(url) ?? new LiveRead(topic, () => readText(path, ...sent));
    reads.set(url, known);
    return known as LiveRead<AnswerOf<'get', P>>;
  }, [url]);
  useEffect(() => {
    const end = read.use();
    return () => {
      if (end()) reads.delete(url);
    };
  }, [read]);
  return { ...useObservable(read.state), refresh: read.refresh };
}
