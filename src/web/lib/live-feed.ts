import { accessKey } from './access-key.ts';
import { authorization } from './client.ts';

/** Milliseconds without a byte after which the stream is lost: the service sends a heartbeat every 15 seconds. */
const SILENCE_MS = 40_000;
/** Milliseconds until a lost stream is opened again: at first, and at most. The time doubles in between. */
const RETRY_MS = 1_000;
const RETRY_MAX_MS = 30_000;

/** Called when something has happened, with whether it concerns the hospital and not one doctor. */
type OnNews = (news: { readonly isOfHospital: boolean }) => void;

/**
 * The service's live feed, as long as the page is seen: a browser opens six connections at most to a service for all its
 * windows, so a hidden window holds none. The stream is read with `fetch` and not with `EventSource`, which can send no
 * access key, shows no heartbeat, and does not notice a network that is silently gone.
 *
 * No old events are asked for, because a page reads its state anew whenever the stream opens.
 */
export class LiveFeed {
  readonly #onNews: OnNews;
  #connection: AbortController | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #retryMs = RETRY_MS;
  #isOpen = false;
  #end: () => void = () => undefined;

  constructor(onNews: OnNews) {
    this.#onNews = onNews;
  }

  /** Whether events come as they happen. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  start(): void {
    document.addEventListener('visibilitychange', this.#restart);
    const endKey = accessKey.subscribe(this.#restart);
    this.#end = () => {
      document.removeEventListener('visibilitychange', this.#restart);
      endKey();
    };
    this.#restart();
  }

  stop(): void {
    this.#end();
    this.#close();
  }

  readonly #restart = (): void => {
    this.#close();
    this.#retryMs = RETRY_MS;
    if (!document.hidden) void this.#hold();
  };

  #close(): void {
    clearTimeout(this.#retry);
    this.#connection?.abort();
    this.#connection = null;
    this.#isOpen = false;
  }

  /** Opens the stream, reads it to its end, and opens it again after a pause. */
  async #hold(): Promise<void> {
    const connection = new AbortController();
    this.#connection = connection;
    try {
      await this.#read(connection);
    } catch {
      // It was refused or is lost. Until it is open again the page reads its state every second.
    }
    if (this.#connection !== connection) return;
    const wasOpen = this.#isOpen;
    this.#close();
    if (wasOpen) this.#onNews({ isOfHospital: true });
    // A random part, so that all screens of a hospital do not come back at the same moment.
    const waitMs = this.#retryMs * (0.5 + Math.random() / 2);
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MAX_MS);
    this.#retry = setTimeout(() => void this.#hold(), waitMs);
  }

  async #read(connection: AbortController): Promise<void> {
    let silence = setTimeout(() => connection.abort(), SILENCE_MS);
    try {
      // The page shows no event, so it asks for no names.
      const answer = await fetch('/events?detail=numbers', {
        headers: authorization(),
        signal: connection.signal,
      });
      if (!answer.ok || answer.body === null) return;
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      this.#opened();
      let rest = '';
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(silence);
        silence = setTimeout(() => connection.abort(), SILENCE_MS);
        const blocks = (rest + value).split('\n\n');
        rest = blocks.pop() ?? '';
        this.#tell(blocks.filter((block) => block.includes('event: ')));
      }
    } finally {
      clearTimeout(silence);
    }
  }

  #opened(): void {
    this.#isOpen = true;
    this.#retryMs = RETRY_MS;
    this.#onNews({ isOfHospital: true });
  }

  /** Tells of events. After `reset` anything may have changed. */
  #tell(events: readonly string[]): void {
    if (events.length === 0) return;
    const isOfHospital = events.some(
      (event) => event.includes('"doctor_id":null') || event.includes('event: reset'),
    );
    this.#onNews({ isOfHospital });
  }
}
