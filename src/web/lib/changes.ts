import { LiveFeed } from './live-feed.ts';

/**
 * Milliseconds from one read of a subscriber to the next: at least, and at most while the live feed tells of changes. The
 * clock alone changes some of what a page shows, such as estimated times.
 */
const READ_MIN_MS = 1_000;
const READ_MAX_MS = 10_000;

/**
 * What a page shows: `queue` and `schedule` change with every command of the day, `announcement` with those of the
 * hospital. The live feed does not tell whether the `service` is ready.
 */
export type Topic = 'queue' | 'schedule' | 'announcement' | 'service';

/** Calls its subscriber at once after a change, and then not again for a second, however many changes follow. */
class Subscription {
  readonly topic: Topic;
  readonly #onChange: () => void;
  #readMs = performance.now();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(topic: Topic, onChange: () => void) {
    this.topic = topic;
    this.#onChange = onChange;
    this.changed();
  }

  changed(): void {
    this.#readIn(Math.max(this.#readMs + READ_MIN_MS - performance.now(), 0));
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #readIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#read, ms);
  }

  readonly #read = (): void => {
    this.#readMs = performance.now();
    this.#readIn(feed.isOpen && this.topic !== 'service' ? READ_MAX_MS : READ_MIN_MS);
    this.#onChange();
  };
}

const subscriptions = new Set<Subscription>();

const feed = new LiveFeed(({ isOfHospital }) => {
  for (const subscription of subscriptions)
    if (isOfHospital || subscription.topic !== 'announcement') subscription.changed();
});

const needFeed = (): boolean => subscriptions.values().some(({ topic }) => topic !== 'service');

/**
 * Calls back whenever something of the topic may have changed, so that the subscriber reads it again. This file alone
 * knows how a page learns of a change: by the live feed, and once a second while there is none.
 * @returns ends the subscription
 */
export function subscribe(topic: Topic, onChange: () => void): () => void {
  const hadFeed = needFeed();
  const subscription = new Subscription(topic, onChange);
  subscriptions.add(subscription);
  if (!hadFeed && needFeed()) feed.start();
  return () => {
    subscription.end();
    subscriptions.delete(subscription);
    if (topic !== 'service' && !needFeed()) feed.stop();
  };
}
